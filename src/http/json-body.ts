import type { FastifyRequest } from 'fastify';
import { IssuanceError } from '../primitives/failures.ts';

/**
 * Parses a JSON body. A quantity that came as a JSON number is kept as the text that was sent, since `Number` would
 * lose its digits.
 */
export function parseJsonBody(
  _request: FastifyRequest,
  body: string | Buffer,
  done: (error: Error | null, value?: unknown) => void,
): void {
  let value: unknown;
  try {
    value = JSON.parse(body.toString(), keepDigits as (key: string, value: unknown) => unknown);
  } catch (error) {
    done(new IssuanceError('malformed', 'the body is not JSON', { cause: error }));
    return;
  }
  done(null, value);
}

/** `context.source` is the text of the number in the body (ES2026, in Node since 22). */
function keepDigits(key: string, value: unknown, context: { readonly source?: string }): unknown {
  return key === 'qty' && typeof value === 'number' && context.source !== undefined ? context.source : value;
}
