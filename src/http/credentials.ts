import { hash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';

/** Who calls, by the name of the key that was used; or why nobody is known to. */
export type Verdict =
  | { readonly kind: 'accepted'; readonly name: string }
  | { readonly kind: 'refused'; readonly why: string };

/** One way to say who calls. */
export interface Credentials {
  /** Judges the head of a request, before its body is read. */
  check(request: FastifyRequest): Verdict;
  /**
   * Judges the body of an accepted request by its exact bytes, which are none where none came. Says why it is refused;
   * null accepts. Absent where no scheme says anything about bodies.
   */
  readonly checkBody?: (request: FastifyRequest, bytes: Uint8Array) => string | null;
}

/** One key and the name under which its use is logged. */
export interface NamedKey {
  readonly name: string;
  readonly key: string;
}

/** Keys in the header `X-API-KEY`. */
export function createKeyCredentials(keys: readonly NamedKey[]): Credentials {
  const known = keys.map(({ name, key }) => ({
    digest: digestOf(key),
    verdict: { kind: 'accepted', name } as const,
  }));
  const refused: Verdict = { kind: 'refused', why: 'the header X-API-KEY is missing or wrong' };
  return {
    check(request) {
      // Two such headers arrive joined by a comma, which stands in no key.
      const given = request.headers['x-api-key'];
      const digest = digestOf(typeof given === 'string' ? given : '');
      // Digests are of one length, and every key is compared, each in constant time: neither length nor position nor a
      // common beginning can be measured.
      let found: Verdict = refused;
      for (const key of known) {
        if (timingSafeEqual(key.digest, digest)) found = key.verdict;
      }
      return found;
    },
  };
}

function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
