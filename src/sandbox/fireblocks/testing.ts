import { createHash, createSign } from 'node:crypto';
import { systemClock, systemRandom } from '../../ports/system.ts';
import type { HttpRequest, HttpResponse } from '../../ports/ports.ts';
import { createHttpClient } from '../../ports/http-client.ts';
import { uuidV4 } from '../../primitives/uuid.ts';
import type { FireblocksApiUser } from './api-user.ts';

/** Claims of a token, any of which a test can get wrong. */
export interface Claims {
  readonly uri: string;
  readonly nonce: string;
  readonly iat: number;
  readonly exp: number;
  readonly sub: string;
  readonly bodyHash: string;
}

/** Signs a token by hand, as somebody else's program would. */
export function signToken(
  user: FireblocksApiUser,
  request: { readonly uri: string; readonly body?: string },
  changes: Partial<Claims> = {},
): string {
  const iat = Math.floor(systemClock.nowMs() / 1_000);
  const claims: Claims = {
    uri: request.uri,
    nonce: uuidV4(systemRandom.bytes(16)),
    iat,
    exp: iat + 20,
    sub: user.apiKey,
    bodyHash: createHash('sha256')
      .update(request.body ?? '')
      .digest('hex'),
    ...changes,
  };
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createSign('sha256').update(signed).sign(user.privateKey, 'base64url')}`;
}

export type Caller = (method: HttpRequest['method'], path: string, body?: unknown) => Promise<Called>;

export interface Called extends Omit<HttpResponse, 'body'> {
  readonly body: unknown;
}

/** Calls the API as its user does; `path` begins after the version, or is a whole URL. A text goes out as it is. */
export function createCaller(user: FireblocksApiUser, baseUrl: () => string): Caller {
  const http = createHttpClient();
  return async (method, path, body) => {
    const url = path.startsWith('http') ? path : `${baseUrl()}${path}`;
    const { pathname, search } = new URL(url);
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const token = signToken(user, {
      uri: `${pathname}${search}`,
      ...(text === undefined ? {} : { body: text }),
    });
    const answer = await http({
      method,
      url,
      headers: {
        'x-api-key': user.apiKey,
        authorization: `Bearer ${token}`,
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(text === undefined ? {} : { body: text }),
      timeoutMs: 20_000,
    });
    return { ...answer, body: JSON.parse(answer.body) as unknown };
  };
}
