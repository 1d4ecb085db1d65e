import { afterEach, describe, expect, it } from 'vitest';
import { parseQuantity } from '../../primitives/quantity.ts';
import type { SimulatedAlpacaOptions } from './options.ts';
import {
  ACCOUNT,
  AP_ACCOUNT,
  credentials,
  EMAIL,
  redeem,
  startPair,
  TOKENIZATION,
  TX_HASH,
} from './testing.ts';

let pair: Awaited<ReturnType<typeof startPair>>;
const start = async (options: Partial<SimulatedAlpacaOptions> = {}) => {
  pair = await startPair(options);
  const { alpaca, call } = pair;
  const send = (body: unknown, key?: string) =>
    call('POST', `${TOKENIZATION}/callback/redeem`, {
      body,
      headers: { ...credentials, ...(key === undefined ? {} : { 'idempotency-key': key }) },
    });
  const byIssuerId = (id: string) =>
    call('GET', `${TOKENIZATION}/requests:by_issuer_request_id?issuer_request_id=${id}`);
  return { alpaca, call, send, byIssuerId };
};
afterEach(() => pair.stop());

const KEY = '44444444-4444-4444-8444-444444444444';

describe('a redemption, in order (facts, section 4)', () => {
  it('echoes the call, journals the shares to the AP, and is completed', async () => {
    const { alpaca, send, byIssuerId } = await start();
    const completed = alpaca.redeemCompleted('redemption-1');
    const answer = await send(redeem(), KEY);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      ...redeem(),
      type: 'redeem',
      status: 'pending',
      issuer: 'issuance',
      tx_hash: TX_HASH,
      fees: '0',
      client_account_id: AP_ACCOUNT,
    });
    expect(answer.json).toHaveProperty('tokenization_request_id');
    expect(answer.json).toHaveProperty('created_at');
    await completed;
    expect(await byIssuerId('redemption-1')).toMatchObject({ status: 200, json: { status: 'completed' } });
    expect(alpaca.ap.positions(EMAIL)[0]?.quantity).toBe(parseQuantity('102.25'));
    expect(alpaca.state.custody[0]?.quantity).toBe(parseQuantity('47.75'));
    expect(alpaca.state.journals[0]).toMatchObject({ fromAccount: ACCOUNT, toAccount: AP_ACCOUNT });
  });

  it('stays pending while its journal is held, for as long as it takes', async () => {
    const { alpaca, send, byIssuerId } = await start();
    alpaca.script.add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
    await send(redeem(), KEY);
    expect((await byIssuerId('redemption-1')).json).toMatchObject({ status: 'pending' });
    expect(alpaca.state.custody[0]).toMatchObject({ available: parseQuantity('47.75') });
    const [request] = alpaca.state.requests;
    alpaca.ap.release(request?.id ?? '');
    await alpaca.redeemCompleted('redemption-1');
  });

  it('is rejected when its journal is, and no share moves', async () => {
    const { alpaca, send, byIssuerId } = await start();
    alpaca.script.add({ endpoint: 'redeem_journal', do: { outcome: { reject: 'restricted' } } });
    const ended = alpaca.redeemCompleted('redemption-1');
    ended.catch(() => undefined);
    await send(redeem(), KEY);
    await expect(ended).rejects.toMatchObject({ code: 'alpaca_request_rejected' });
    expect((await byIssuerId('redemption-1')).json).toMatchObject({ status: 'rejected' });
    expect(alpaca.state.custody[0]).toMatchObject({ available: parseQuantity('50') });
  });

  it('is rejected when custody is short', async () => {
    const { alpaca, send } = await start();
    const ended = alpaca.redeemCompleted('redemption-1');
    ended.catch(() => undefined);
    await send(redeem({ qty: '50.000000001' }), KEY);
    await expect(ended).rejects.toThrow('insufficient AAPL');
  });
});

describe('Idempotency-Key (facts, section 2)', () => {
  it('replays the first answer for the same key and body, with Idempotent-Replayed', async () => {
    const { alpaca, send } = await start();
    const first = await send(redeem(), KEY);
    await alpaca.redeemCompleted('redemption-1');
    const second = await send(redeem(), KEY);
    expect(first.headers).not.toHaveProperty('idempotent-replayed');
    expect(second).toMatchObject({
      status: 200,
      body: first.body,
      headers: { 'idempotent-replayed': 'true' },
    });
    expect(alpaca.state.requests).toHaveLength(1);
  });

  it('answers 422 for another body under the same key', async () => {
    const { alpaca, send } = await start();
    await send(redeem(), KEY);
    expect((await send(redeem({ issuer_request_id: 'redemption-2' }), KEY)).status).toBe(422);
    expect(alpaca.state.requests).toHaveLength(1);
  });

  it('answers 400 for the replay of a rejected request', async () => {
    const { alpaca, send } = await start();
    alpaca.script.add({ endpoint: 'redeem_journal', do: { outcome: { reject: 'no' } } });
    await send(redeem(), KEY);
    await alpaca.waitFor(() => alpaca.state.requests[0]?.status === 'rejected');
    expect((await send(redeem(), KEY)).status).toBe(400);
  });

  it('without a key, or under another, a used issuer_request_id is 422 although applied', async () => {
    const { alpaca, send } = await start();
    await send(redeem());
    const message = 'issuer_request_id already used';
    expect(await send(redeem())).toMatchObject({ status: 422, json: { code: 42210000, message } });
    expect(await send(redeem(), KEY)).toMatchObject({ status: 422, json: { message } });
    expect(alpaca.state.requests).toHaveLength(1);
  });

  it.each([
    ['a space', 'a b', undefined],
    ['37 characters', 'k'.repeat(37), undefined],
    ['129 characters under the old limit', 'k'.repeat(129), 128],
  ])('refuses a key with %s', async (_what, key, idempotencyKeyLength) => {
    const { alpaca, send } = await start(idempotencyKeyLength === undefined ? {} : { idempotencyKeyLength });
    expect((await send(redeem(), key)).status).toBe(422);
    expect(alpaca.state.requests).toEqual([]);
  });

  it('takes 128 characters under the old limit', async () => {
    const { send } = await start({ idempotencyKeyLength: 128 });
    expect((await send(redeem(), 'k'.repeat(128))).status).toBe(200);
  });

  it('does not remember a refused call', async () => {
    const { send } = await start();
    expect((await send(redeem({ qty: '0' }), KEY)).status).toBe(422);
    expect((await send(redeem(), KEY)).status).toBe(200);
  });
});

describe('what a redeem call must hold (facts, section 2)', () => {
  it.each([
    ['more than 9 decimals', { qty: '1.1234567891' }],
    ['a tenth decimal that is zero', { qty: '1.1000000000' }],
    ['a JSON number as qty', { qty: 1.5 }],
    ['zero', { qty: '0.000000000' }],
    ['an exponent', { qty: '1e2' }],
    ['no AP id', { client_external_account_id: undefined }],
    ['two AP ids', { client_account_id: AP_ACCOUNT }],
    ['an unknown AP', { client_external_account_id: 'nobody' }],
    ['a hash that is none', { tx_hash: '0xzz' }],
    ['a wallet that is none', { wallet_address: 'bob' }],
    ['an unknown network', { network: 'BASE' }],
    ['no token_symbol', { token_symbol: undefined }],
    ['no issuer_request_id', { issuer_request_id: '' }],
  ])('refuses %s with 422', async (_what, changes) => {
    const { alpaca, send } = await start();
    expect(await send(redeem(changes), KEY)).toMatchObject({ status: 422, json: { code: 42210000 } });
    expect(alpaca.state.requests).toEqual([]);
  });
});
