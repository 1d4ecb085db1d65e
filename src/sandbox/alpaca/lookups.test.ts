import { afterEach, describe, expect, it } from 'vitest';
import type { SimulatedAlpacaOptions } from './options.ts';
import {
  ACCOUNT,
  AP_ACCOUNT,
  createManualClock,
  credentials,
  order,
  redeem,
  startPair,
  TOKENIZATION,
} from './testing.ts';

let pair: Awaited<ReturnType<typeof startPair>>;
const start = async (options: Partial<SimulatedAlpacaOptions> = {}) => {
  pair = await startPair(options);
  return pair;
};
afterEach(() => pair.stop());

const unknownId = '33333333-3333-4333-8333-333333333333';
const DAY_MS = 86_400_000;

describe('GET requests (facts, section 2)', () => {
  it('finds one by its id and by the issuer’s id; 404 40410000 and 422 otherwise', async () => {
    const { alpaca, call } = await start();
    const { id } = await alpaca.ap.requestMint(order());
    const byIssuer = (query: string) => call('GET', `${TOKENIZATION}/requests:by_issuer_request_id${query}`);
    expect((await call('GET', `${TOKENIZATION}/requests/${id}`)).json).toMatchObject({ type: 'mint' });
    expect((await byIssuer(`?issuer_request_id=issuer-${id}`)).json).toMatchObject({
      tokenization_request_id: id,
    });
    const notFound = { status: 404, json: { code: 40410000 } };
    expect(await call('GET', `${TOKENIZATION}/requests/${unknownId}`)).toMatchObject(notFound);
    expect(await byIssuer('?issuer_request_id=none')).toMatchObject(notFound);
    expect((await byIssuer('')).status).toBe(422);
  });

  it('lists mints and redemptions mixed, as a bare array, with filters', async () => {
    const { alpaca, call } = await start();
    await alpaca.ap.requestMint(order());
    await call('POST', `${TOKENIZATION}/callback/redeem`, { body: redeem() });
    await alpaca.redeemCompleted('redemption-1');
    const list = async (query = '') =>
      ((await call('GET', `${TOKENIZATION}/requests${query}`)).json as { type: string }[]).map(
        ({ type }) => type,
      );
    expect(await list()).toEqual(['mint', 'redeem']);
    expect(await list('?type=redeem')).toEqual(['redeem']);
    expect(await list('?status=completed&network=base&underlying_symbol=AAPL')).toEqual(['redeem']);
    expect(await list('?underlying_symbol=TSLA')).toEqual([]);
    expect(await list('?issuer=issuance&after=2020-01-01')).toHaveLength(2);
    expect(await list('?before=2020-01-01T00:00:00Z')).toEqual([]);
    expect((await call('GET', `${TOKENIZATION}/requests?status=maybe`)).status).toBe(422);
  });

  it('omits a completed request a day old from the list, while the keyed lookup answers', async () => {
    const clock = createManualClock();
    const { alpaca, call } = await start({ ports: { clock } });
    await call('POST', `${TOKENIZATION}/callback/redeem`, { body: redeem() });
    await alpaca.redeemCompleted('redemption-1');
    clock.advance(DAY_MS);
    expect((await call('GET', `${TOKENIZATION}/requests`)).json).toEqual([]);
    const keyed = await call(
      'GET',
      `${TOKENIZATION}/requests:by_issuer_request_id?issuer_request_id=redemption-1`,
    );
    expect(keyed.json).toMatchObject({ status: 'completed' });
  });

  it('may answer 404 just after creation', async () => {
    const clock = createManualClock();
    const { alpaca, call } = await start({ visibleAfterMs: 500, ports: { clock } });
    const { id } = await alpaca.ap.requestMint(order());
    expect((await call('GET', `${TOKENIZATION}/requests/${id}`)).status).toBe(404);
    clock.advance(500);
    expect((await call('GET', `${TOKENIZATION}/requests/${id}`)).status).toBe(200);
  });
});

describe('the account in the path', () => {
  it('must be the issuer’s: 403 for the AP’s, 404 for any other', async () => {
    const { call } = await start();
    const at = async (account: string) =>
      (await call('GET', `/v1/accounts/${account}/tokenization/requests`)).status;
    expect(await at(ACCOUNT)).toBe(200);
    expect(await at(AP_ACCOUNT)).toBe(403);
    expect(await at(unknownId)).toBe(404);
    expect((await call('GET', `/v1/trading/accounts/${AP_ACCOUNT}/positions`)).status).toBe(403);
  });
});

describe('custody (facts, reconciling the custodial shares)', () => {
  it('gives positions with what pending journals leave available, 404 for none', async () => {
    const { alpaca, call } = await start();
    alpaca.script.add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
    await call('POST', `${TOKENIZATION}/callback/redeem`, { body: redeem() });
    const position = { symbol: 'AAPL', qty: '50', qty_available: '47.75' };
    expect((await call('GET', `/v1/trading/accounts/${ACCOUNT}/positions`)).json).toEqual([position]);
    expect((await call('GET', `/v1/trading/accounts/${ACCOUNT}/positions/AAPL`)).json).toEqual(position);
    expect((await call('GET', `/v1/trading/accounts/${ACCOUNT}/positions/TSLA`)).status).toBe(404);
  });

  it('lists share journals with filters; an executed one can be reversed', async () => {
    const { alpaca, call } = await start();
    const request = await alpaca.ap.requestMint(order('1.5'));
    await alpaca.waitFor(() => request.journal?.status === 'executed');
    const list = async (query: string) => (await call('GET', `/v1/journals?${query}`)).json;
    const executed = `to_account=${ACCOUNT}&from_account=${AP_ACCOUNT}&status=executed&limit=1`;
    expect(await list(executed)).toMatchObject([{ symbol: 'AAPL', qty: '1.5', status: 'executed' }]);
    expect(await list(`to_account=${AP_ACCOUNT}`)).toEqual([]);
    alpaca.ap.reverseJournal(request.journal?.id ?? '');
    expect(await list(executed)).toEqual([]);
    expect(await list('entry_type=JNLS')).toMatchObject([{ status: 'reversed' }]);
    expect((await call('GET', `/v1/trading/accounts/${ACCOUNT}/positions/AAPL`)).json).toMatchObject({
      qty: '50',
    });
  });
});

describe('authentication of the issuer (facts, section 2)', () => {
  const { authorization, ...apca } = credentials;
  it.each([
    ['Basic', { authorization }, 200],
    ['the two APCA headers', apca, 200],
    ['Basic and both APCA headers together', credentials, 200],
    ['nothing', {}, 401],
    ['half of APCA', { 'apca-api-key-id': 'key' }, 401],
    ['a wrong secret', { ...apca, 'apca-api-secret-key': 'no' }, 401],
    ['right Basic beside wrong APCA', { ...credentials, 'apca-api-secret-key': 'no' }, 401],
    ['an unknown bearer', { authorization: 'Bearer x' }, 401],
  ])('answers %s', async (_what, headers, status) => {
    const { call } = await start();
    const answer = await call('GET', `${TOKENIZATION}/requests`, { headers });
    expect(answer.status).toBe(status);
    expect(answer.body.includes('40110000')).toBe(status === 401);
  });

  it('gives a bearer for client credentials in a form, which lasts 15 minutes', async () => {
    const clock = createManualClock();
    const { call } = await start({ ports: { clock } });
    const token = (body: string) =>
      call('POST', '/v1/oauth2/token', {
        body,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
    const form = 'grant_type=client_credentials&client_id=oauth-id&client_secret=';
    expect(await token(`${form}wrong`)).toMatchObject({ status: 401, json: { error: 'invalid_client' } });
    const { json } = await token(`${form}oauth-secret`);
    expect(json).toMatchObject({ token_type: 'Bearer', expires_in: 900 });
    const bearer = `Bearer ${(json as { access_token: string }).access_token}`;
    const status = async () =>
      (await call('GET', `${TOKENIZATION}/requests`, { headers: { authorization: bearer } })).status;
    expect(await status()).toBe(200);
    clock.advance(900_000);
    expect(await status()).toBe(401);
  });
});

describe('every answer', () => {
  it('carries X-RateLimit headers and an X-Request-Id, errors and unknown paths too', async () => {
    const { call } = await start();
    for (const path of [`${TOKENIZATION}/requests`, '/nowhere']) {
      const { headers } = await call('GET', path, { headers: {} });
      expect(headers).toHaveProperty('x-ratelimit-limit', '1000');
      expect(headers).toHaveProperty('x-ratelimit-remaining');
      expect(headers).toHaveProperty('x-ratelimit-reset');
      expect(headers).toHaveProperty('x-request-id');
    }
  });

  it('is 429 above the limit, until Reset', async () => {
    const clock = createManualClock();
    const { call } = await start({ rateLimitPerMinute: 1, ports: { clock } });
    const list = () => call('GET', `${TOKENIZATION}/requests`);
    expect((await list()).status).toBe(200);
    const limited = await list();
    expect(limited).toMatchObject({ status: 429, headers: { 'x-ratelimit-remaining': '0' } });
    clock.advance(Number(limited.headers['x-ratelimit-reset']) * 1_000 - clock.nowMs());
    expect((await list()).status).toBe(200);
  });
});
