import { type KeyObject, hash, verify } from 'node:crypto';
import { z } from 'zod';
import type { Answer } from './answer.ts';
import { refusal } from './answer.ts';

/** What a request says of who sent it. */
export interface SignedRequest {
  /** As it came: path and query. */
  readonly uri: string;
  readonly apiKey: string | undefined;
  readonly authorization: string | undefined;
  readonly body: Buffer;
}

/** A token lives less than this long, in seconds. */
const LONGEST_LIFE_SECONDS = 30;

const headerSchema = z.object({ alg: z.literal('RS256'), typ: z.string().optional() });
const claimsSchema = z.object({
  uri: z.string(),
  nonce: z.union([z.string().min(1), z.number()]),
  iat: z.number().int(),
  exp: z.number().int(),
  sub: z.string(),
  bodyHash: z.string().regex(/^[0-9a-f]{64}$/),
});

/**
 * Checks requests as the vendor's page "Authenticate" has it, with the codes of its page of error codes: the token is
 * signed by the API user (RS256), for this very path, query and body, once, and for less than 30 seconds.
 */
export function createTokenCheck(options: {
  readonly apiKey: string;
  readonly publicKey: KeyObject;
  readonly nowMs: () => number;
}): (request: SignedRequest) => Answer | null {
  const { apiKey, publicKey, nowMs } = options;
  const nonces = new Set<string>();
  return ({ uri, apiKey: named, authorization, body }) => {
    if (named === undefined) return refusal(401, 'Unauthorized: Missing API Key', -2);
    const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
    if (token === undefined) return refusal(401, 'Unauthorized: JWT is missing', -3);
    const [head, payload, signature, ...rest] = token.split('.');
    const claims = claimsSchema.safeParse(json(payload));
    if (!headerSchema.safeParse(json(head)).success || !claims.success || rest.length > 0) {
      return refusal(401, 'Unauthorized: Invalid token format', -5);
    }
    const signed = Buffer.from(`${head ?? ''}.${payload ?? ''}`);
    if (!verify('sha256', signed, publicKey, Buffer.from(signature ?? '', 'base64url'))) {
      return refusal(401, 'Unauthorized: Invalid signature', -1);
    }
    const { sub, nonce, iat, exp, bodyHash } = claims.data;
    if (sub !== apiKey || named !== apiKey) return refusal(401, 'Unauthorized: Wrong user in the JWT', -6);
    if (claims.data.uri !== uri) return refusal(401, 'Unauthorized: Wrong URL in the JWT', -4);
    const nowSeconds = nowMs() / 1_000;
    if (iat > nowSeconds + 1) return refusal(401, 'Unauthorized: iat is in the future', -12);
    if (exp <= nowSeconds) return refusal(401, 'Unauthorized: The request has expired', -10);
    const isUnaccepted =
      exp - iat >= LONGEST_LIFE_SECONDS || bodyHash !== hash('sha256', body) || nonces.has(String(nonce));
    if (isUnaccepted) return refusal(401, 'Unauthorized: Token was not accepted', -7);
    nonces.add(String(nonce));
    return null;
  };
}

function json(part: string | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));
  } catch {
    // Not JSON: the schema refuses it.
    return undefined;
  }
}
