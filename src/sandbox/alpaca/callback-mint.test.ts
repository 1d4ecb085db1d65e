import { afterEach, describe, expect, it } from 'vitest';
import type { SimulatedAlpacaOptions } from './options.ts';
import { AP_ACCOUNT, order, startPair, TOKENIZATION, TX_HASH } from './testing.ts';

let pair: Awaited<ReturnType<typeof startPair>>;
const start = async (options: Partial<SimulatedAlpacaOptions> = {}) => {
  pair = await startPair(options);
  return pair;
};
afterEach(() => pair.stop());

const callback = (id: string, changes: Readonly<Record<string, unknown>> = {}) => ({
  tokenization_request_id: id,
  tx_hash: TX_HASH,
  client_external_account_id: 'ap-1',
  ...changes,
});
const unknownId = '33333333-3333-4333-8333-333333333333';

describe('POST callback/mint (facts, section 2)', () => {
  const held = async (options: Partial<SimulatedAlpacaOptions> = {}) => {
    const { alpaca, call } = await start(options);
    const request = await alpaca.ap.requestMint(order());
    await alpaca.waitFor(() => request.confirm === 'delivered');
    return { request, send: (body: unknown) => call('POST', `${TOKENIZATION}/callback/mint`, { body }) };
  };

  it.each([
    ['no AP id', { client_external_account_id: undefined }],
    ['two AP ids', { client_id: 'ap-1' }],
    ['an unknown AP', { client_external_account_id: 'someone' }],
    ['a short hash', { tx_hash: '0x12' }],
    ['an empty hash', { tx_hash: '' }],
    ['another wallet', { wallet_address: `0x${'11'.repeat(20)}` }],
    ['another network', { network: 'ethereum' }],
    ['an unknown network', { network: 'moon' }],
  ])('refuses %s with 422 and changes nothing', async (_what, changes) => {
    const { request, send } = await held();
    const answer = await send(callback(request.id, changes));
    expect(answer).toMatchObject({ status: 422, json: { code: 42210000 } });
    expect(request.status).toBe('pending');
  });

  it('answers 404 with code 40410000 for an unknown request, 400 for what is not JSON', async () => {
    const { send } = await held();
    expect(await send(callback(unknownId))).toMatchObject({ status: 404, json: { code: 40410000 } });
    expect(await send('{')).toMatchObject({ status: 400 });
  });

  it('refuses a callback before the journal is executed', async () => {
    const { alpaca, call } = await start();
    alpaca.script.add({ endpoint: 'mint_journal', do: { outcome: 'hold' } });
    const request = await alpaca.ap.requestMint(order());
    const early = await call('POST', `${TOKENIZATION}/callback/mint`, { body: callback(request.id) });
    expect(early.status).toBe(422);
    alpaca.ap.release(request.id);
    expect(request.journal?.status).toBe('executed');
  });

  it.each([
    ['refuse', 422],
    ['accept', 200],
  ] as const)('can %s a repeat, whose answer is undocumented', async (repeatedMintCallback, status) => {
    const { request, send } = await held({ repeatedMintCallback });
    await send(callback(request.id));
    expect((await send(callback(request.id))).status).toBe(status);
    expect((await send(callback(request.id, { tx_hash: `0x${'00'.repeat(32)}` }))).status).toBe(422);
    expect(request.txHash).toBe(TX_HASH);
  });

  it('accepts each of the three AP ids, until the sunset of client_id', async () => {
    const { request, send } = await held({ acceptClientId: false });
    const old = { client_external_account_id: undefined, client_id: 'ap-1' };
    expect((await send(callback(request.id, old))).status).toBe(422);
    const uuid = { client_external_account_id: undefined, client_account_id: AP_ACCOUNT };
    expect((await send(callback(request.id, uuid))).status).toBe(200);
  });
});
