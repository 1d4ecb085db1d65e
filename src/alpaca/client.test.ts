import { describe, expect, test } from 'vitest';
import { DependencyDown } from '../engine/dependency-down.ts';
import type { HttpRequest, HttpResponse } from '../ports/ports.ts';
import { HttpFailure } from '../primitives/failures.ts';
import { createAlpacaClient } from './client.ts';
import { createKeyCredentials } from './credentials.ts';
import type { AlpacaCall } from './types.ts';

const NOW_MS = Date.UTC(2026, 10, 20);
const call = {
  issuerRequestId: '0b6f0b2e-0000-5000-8000-000000000001',
  underlying: 'AAPL',
  token: 'tAAPL',
  quantity: 1_500_000_001n * 10n ** 9n,
  network: 'base',
  wallet: '0x00000000000000000000000000000000000000aa',
  transactionHash: '0xabcd',
  clientId: 'client-1',
} as const;

function clientAnswering(
  answer: Partial<HttpResponse> | Error,
  clientIdField = 'client_external_account_id' as const,
) {
  const requests: HttpRequest[] = [];
  const calls: AlpacaCall[] = [];
  const client = createAlpacaClient({
    baseUrl: 'https://alpaca.test/',
    accountId: 'our-account',
    credentials: createKeyCredentials('the-key', 'the-secret'),
    clientIdField,
    clock: { nowMs: () => NOW_MS },
    onCall: (it) => calls.push(it),
    http: async (request) => {
      requests.push(request);
      if (answer instanceof Error) throw answer;
      return { status: 200, headers: {}, body: '', ...answer };
    },
  });
  return { client, requests, calls };
}

const request = (fields: object) =>
  JSON.stringify({ tokenization_request_id: 'tkr-1', status: 'pending', ...fields });

describe('requests to Alpaca', () => {
  test('a mint callback carries both schemes of credentials and our name of the client', async () => {
    const { client, requests } = clientAnswering({ status: 204 });
    const answer = await client.mintCallback({
      tokenizationRequestId: 'tkr-1',
      transactionHash: '0xab',
      clientId: 'client-1',
      wallet: call.wallet,
      network: 'base',
    });
    expect(answer).toMatchObject({ kind: 'ok' });
    expect(requests[0]).toMatchObject({
      method: 'POST',
      url: 'https://alpaca.test/v1/accounts/our-account/tokenization/callback/mint',
      headers: {
        authorization: `Basic ${Buffer.from('the-key:the-secret').toString('base64')}`,
        'apca-api-key-id': 'the-key',
        'apca-api-secret-key': 'the-secret',
        'content-type': 'application/json',
      },
    });
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
      tokenization_request_id: 'tkr-1',
      tx_hash: '0xab',
      client_external_account_id: 'client-1',
      wallet_address: call.wallet,
      network: 'base',
    });
  });

  test('a redeem sends the kept body under its key', async () => {
    const { client, requests } = clientAnswering({ body: request({ qty: '1.500000001' }) });
    const body = client.redeemBody(call);
    await client.redeem(body, 'key-1');
    expect(requests[0]?.body).toBe(body);
    expect(JSON.parse(body)).toMatchObject({ qty: '1.500000001', tx_hash: '0xabcd' });
    expect(requests[0]?.headers).toMatchObject({ 'idempotency-key': 'key-1' });
  });

  test('a quantity that Alpaca cannot express is never sent', () => {
    const { client } = clientAnswering({});
    expect(() => client.redeemBody({ ...call, quantity: 1n })).toThrow(/nine decimals/);
    expect(() => client.redeemBody({ ...call, quantity: 0n })).toThrow(/nine decimals/);
  });

  test('ids are escaped in paths and queries', async () => {
    const { client, requests } = clientAnswering({ body: request({}) });
    await client.getRequest('a/../b?c');
    await client.findByIssuerRequestId('a&b');
    expect(requests.map((it) => it.url)).toEqual([
      'https://alpaca.test/v1/accounts/our-account/tokenization/requests/a%2F..%2Fb%3Fc',
      'https://alpaca.test/v1/accounts/our-account/tokenization/requests:by_issuer_request_id?issuer_request_id=a%26b',
    ]);
  });
});

describe('answers of Alpaca', () => {
  test.each([
    ['completed', 'completed'],
    ['rejected', 'rejected'],
    ['queued_for_review', 'pending'],
    [null, 'pending'],
  ])('status %j is read as %s', async (status, expected) => {
    const { client } = clientAnswering({ body: request({ status }) });
    expect(await client.getRequest('tkr-1')).toMatchObject({ kind: 'ok', value: { status: expected } });
  });

  test('what is empty, null or absent is none yet', async () => {
    const { client } = clientAnswering({
      body: request({ tx_hash: '', token_symbol: '', fees: null, type: 7 }),
    });
    const answer = await client.getRequest('tkr-1');
    expect(answer).toMatchObject({
      kind: 'ok',
      value: { transactionHash: null, token: null, fees: null, network: null, wallet: null, type: '7' },
    });
  });

  test('a quantity sent as a JSON number keeps its digits', async () => {
    const { client } = clientAnswering({
      body: '{"tokenization_request_id":"t","qty":12345678901.123456789}',
    });
    expect(await client.getRequest('t')).toMatchObject({
      value: { quantity: 12_345_678_901_123_456_789n * 10n ** 9n },
    });
  });

  test.each([400, 403, 409, 422])('%i with a text is a refusal that keeps the text', async (status) => {
    const body = JSON.stringify({ code: 42210000, message: 'issuer_request_id already used' });
    const { client } = clientAnswering({ status, body, headers: { 'x-request-id': 'r-1' } });
    expect(await client.redeem('{}', 'k')).toEqual({
      kind: 'refused',
      refusal: { status, code: 42210000, message: 'issuer_request_id already used', requestId: 'r-1' },
    });
  });

  test('404 says that it is not there', async () => {
    const { client } = clientAnswering({ status: 404, body: '{"code":40410000,"message":"not found"}' });
    expect(await client.getRequest('x')).toMatchObject({ kind: 'not_found', refusal: { code: 40410000 } });
  });

  test.each(['ok', '', '[]', '{}', '{"tokenization_request_id":""}'])(
    'a redeem answered 200 with %j may have been applied',
    async (body) => {
      const { client } = clientAnswering({ body });
      expect(await client.redeem('{}', 'k')).toMatchObject({ kind: 'unclear' });
    },
  );

  test.each([
    [401, 'request is not authorized'],
    [403, 'forbidden.'],
    [429, 'too many requests'],
    [500, 'internal server error'],
    [503, ''],
    [302, ''],
  ])('%i %j means that Alpaca as a whole is down for us', async (status, message) => {
    const { client, calls } = clientAnswering({ status, body: JSON.stringify({ message }) });
    const attempt = client.getRequest('x');
    await expect(attempt).rejects.toBeInstanceOf(DependencyDown);
    await expect(attempt).rejects.toMatchObject({ dependency: 'alpaca' });
    expect(calls).toMatchObject([{ call: 'get_request', outcome: 'down', status }]);
  });

  test.each([
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': new Date(NOW_MS + 9_000).toUTCString() }, 9_000],
    [{ 'x-ratelimit-reset': String(NOW_MS / 1000 + 30) }, 30_000],
    [{ 'retry-after': '99999999' }, 3_600_000],
    [{ 'x-ratelimit-reset': 'soon' }, null],
  ])('a 429 with %j asks for a pause of %s ms', async (headers: Record<string, string>, retryAfterMs) => {
    const { client } = clientAnswering({ status: 429, headers });
    await expect(client.getRequest('x')).rejects.toMatchObject({ retryAfterMs });
  });

  test('no answer is an outage, and no secret stands in its text', async () => {
    const { client } = clientAnswering(new HttpFailure('POST: gone', { timedOut: true }));
    const failure: unknown = await client.redeem('{}', 'k').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DependencyDown);
    expect(String(failure)).not.toContain('the-secret');
  });

  test('a malformed row of a list is skipped, bare or wrapped', async () => {
    const rows = [{ tokenization_request_id: 'a' }, { nothing: 1 }, null, { tokenization_request_id: 'b' }];
    for (const body of [JSON.stringify(rows), JSON.stringify({ requests: rows })]) {
      const answer = await clientAnswering({ body }).client.listRequests({ type: 'redeem' });
      expect(answer).toMatchObject({ kind: 'ok', value: { skipped: 2 } });
      expect(answer.kind === 'ok' && answer.value.items.map((it) => it.tokenizationRequestId)).toEqual([
        'a',
        'b',
      ]);
    }
  });

  test('positions and share journals are read in exact quantities', async () => {
    const positions = clientAnswering({
      body: '[{"symbol":"AAPL","qty":"1.5","qty_available":"1"},{"qty":"1"}]',
    });
    expect(await positions.client.positions()).toMatchObject({
      value: {
        items: [{ symbol: 'AAPL', quantity: 15n * 10n ** 17n, available: 10n ** 18n }],
        skipped: 1,
      },
    });
    const journals = clientAnswering({ body: '[{"id":"j","symbol":"AAPL","qty":"2","status":"executed"}]' });
    expect(await journals.client.journals({ toAccount: 'ours', limit: 5 })).toMatchObject({
      value: { items: [{ id: 'j', quantity: 2n * 10n ** 18n, status: 'executed', fromAccount: null }] },
    });
    expect(journals.requests[0]?.url).toContain('entry_type=JNLS&to_account=ours&limit=5');
  });
});
