import { createHash, createPublicKey } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { createFireblocksApiUser, type FireblocksApiUser } from './api-user.ts';
import { createTokenCheck, type SignedRequest } from './check-token.ts';
import { type Claims, signToken } from './testing.ts';

const NOW_MS = 1_800_000_000_000;
const NOW = NOW_MS / 1_000;
const URI = '/v1/transactions?limit=1';
const BODY = '{"operation":"CONTRACT_CALL"}';

let user: FireblocksApiUser;
let stranger: FireblocksApiUser;
let check: ReturnType<typeof createTokenCheck>;
beforeAll(async () => {
  [user, stranger] = await Promise.all([createFireblocksApiUser(), createFireblocksApiUser()]);
  check = createTokenCheck({
    apiKey: user.apiKey,
    publicKey: createPublicKey(user.publicKey),
    nowMs: () => NOW_MS,
  });
});

const timely = { iat: NOW, exp: NOW + 29 };

function request(
  changes: Partial<Claims> = {},
  more: Partial<SignedRequest> & { signedBy?: FireblocksApiUser } = {},
): SignedRequest {
  const { signedBy = user, ...parts } = more;
  const token = signToken(signedBy, { uri: URI, body: BODY }, { ...timely, sub: user.apiKey, ...changes });
  return {
    uri: URI,
    apiKey: user.apiKey,
    authorization: `Bearer ${token}`,
    body: Buffer.from(BODY),
    ...parts,
  };
}

describe('the token of a request', () => {
  test('is accepted when it is signed for this request, now, for the first time', () => {
    expect(check(request())).toBeNull();
  });

  test('covers no bytes where there is no body', () => {
    const bodyHash = createHash('sha256').update('').digest('hex');
    expect(check(request({ bodyHash }, { body: Buffer.alloc(0) }))).toBeNull();
  });

  test('is accepted once', () => {
    const once = request();
    expect(check(once)).toBeNull();
    expect(check(once)).toMatchObject({ status: 401, body: { code: -7 } });
  });

  test.each<[string, number, () => SignedRequest]>([
    ['no API key in the header', -2, () => request({}, { apiKey: undefined })],
    ['no token', -3, () => request({}, { authorization: undefined })],
    ['another scheme', -3, () => request({}, { authorization: 'Basic abc' })],
    ['no token after the scheme', -3, () => request({}, { authorization: 'Bearer ' })],
    ['something else than a token', -5, () => request({}, { authorization: 'Bearer a.b.c' })],
    ['a token without a signature', -1, () => unsigned()],
    ['a fourth part', -5, () => request({}, { authorization: `${String(request().authorization)}.x` })],
    ['another algorithm', -5, () => withHead({ alg: 'none' })],
    ['a missing claim', -5, () => request({ nonce: undefined as unknown as string })],
    ['an empty nonce', -5, () => request({ nonce: '' })],
    ['a body hash that is none', -5, () => request({ bodyHash: 'abc' })],
    ['another key’s signature', -1, () => request({}, { signedBy: stranger })],
    ['another user in the token', -6, () => request({ sub: stranger.apiKey })],
    ['another user in the header', -6, () => request({}, { apiKey: stranger.apiKey })],
    ['another path', -4, () => request({ uri: '/v1/contracts' })],
    ['a path without its query', -4, () => request({ uri: '/v1/transactions' })],
    ['a path without the version', -4, () => request({ uri: '/transactions?limit=1' })],
    ['the whole URL', -4, () => request({ uri: `https://api.fireblocks.io${URI}` })],
    ['a time to come', -12, () => request({ iat: NOW + 5, exp: NOW + 20 })],
    ['a time gone by', -10, () => request({ iat: NOW - 29, exp: NOW })],
    ['a life of 30 seconds', -7, () => request({ exp: NOW + 30 })],
    ['another body', -7, () => request({}, { body: Buffer.from(`${BODY} `) })],
  ])('is refused with %s', (_what, code, bad) => {
    expect(check(bad())).toMatchObject({ status: 401, body: { code } });
  });
});

function unsigned(): SignedRequest {
  const { authorization = '', ...rest } = request();
  return { ...rest, authorization: authorization.replace(/\.[^.]*$/, '.') };
}

function withHead(head: unknown): SignedRequest {
  const { authorization = '', ...rest } = request();
  const part = Buffer.from(JSON.stringify(head)).toString('base64url');
  return { ...rest, authorization: authorization.replace(/^Bearer [^.]*/, `Bearer ${part}`) };
}
