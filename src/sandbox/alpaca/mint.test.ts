import { afterEach, describe, expect, it } from 'vitest';
import { parseQuantity } from '../../primitives/quantity.ts';
import type { SimulatedAlpacaOptions } from './options.ts';
import { deliveries } from './quirks.ts';
import {
  ACCOUNT,
  API_KEY,
  AP_ACCOUNT,
  EMAIL,
  order,
  startPair,
  TOKENIZATION,
  TX_HASH,
  WALLET,
} from './testing.ts';

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

describe('a mint, in order (facts, section 4)', () => {
  it('asks the issuer, journals the shares, confirms, and is completed by the callback', async () => {
    const { alpaca, issuer, call } = await start();
    const request = await alpaca.ap.requestMint(order('1.5'));
    expect(request).toMatchObject({ status: 'pending', issuerRequestId: `issuer-${request.id}` });
    expect(issuer.calls[0]).toMatchObject({ method: 'POST', path: '/tokenization/mint' });
    expect(issuer.calls[0]?.headers['x-api-key']).toBe(API_KEY);
    expect(issuer.calls[0]?.body).toEqual({
      tokenization_request_id: request.id,
      qty: '1.5',
      underlying_symbol: 'AAPL',
      token_symbol: 'tAAPL',
      network: 'base',
      wallet_address: WALLET,
      client_external_account_id: 'ap-1',
    });

    await alpaca.waitFor(() => request.confirm === 'delivered');
    expect(issuer.confirms().map(({ body }) => body)).toEqual([
      {
        tokenization_request_id: request.id,
        issuer_request_id: `issuer-${request.id}`,
        status: 'completed',
        client_external_account_id: 'ap-1',
      },
    ]);
    expect(alpaca.state.custody).toEqual([
      { symbol: 'AAPL', quantity: parseQuantity('51.5'), available: parseQuantity('51.5') },
    ]);
    expect(alpaca.ap.positions(EMAIL)[0]?.quantity).toBe(parseQuantity('98.5'));
    expect(alpaca.state.journals[0]).toMatchObject({
      fromAccount: AP_ACCOUNT,
      toAccount: ACCOUNT,
      status: 'executed',
    });

    const completed = alpaca.mintCompleted(request.id);
    const answer = await call('POST', `${TOKENIZATION}/callback/mint`, { body: callback(request.id) });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ status: 'completed', tx_hash: TX_HASH, type: 'mint', qty: '1.5' });
    expect((await completed).txHash).toBe(TX_HASH);
    expect(alpaca.calls('callback_mint')[0]?.body).toEqual(callback(request.id));
  });

  it.each([
    ['client_id', '/inkind/issuance', 'ap-1'],
    ['client_account_id', '/inkind/issuance', AP_ACCOUNT],
  ] as const)('speaks the first generation of paths with %s (section 1)', async (idField, path, value) => {
    const { alpaca, issuer } = await start({ pathGeneration: 'first', idField });
    const request = await alpaca.ap.requestMint(order());
    await alpaca.waitFor(() => request.confirm === 'delivered');
    expect(issuer.calls.map((one) => one.path)).toEqual([path, '/inkind/issuance/confirm']);
    expect(issuer.calls[0]?.body[idField]).toBe(value);
  });

  it('is rejected with the words of an issuer that answers 400, and no share moves', async () => {
    const { alpaca, issuer } = await start();
    const body = { error: 'Invalid Wallet: Wallet does not belong to client' };
    issuer.control.answer = () => ({ status: 400, body });
    const request = await alpaca.ap.requestMint(order());
    expect(request).toMatchObject({ status: 'rejected', journal: null });
    expect(request.reason).toContain(body.error);
  });

  it.each(['1.0000000001', '0', '-1', '1e3', ''])(
    'refuses an order of %j before the issuer hears of it: at most 9 decimals, positive',
    async (qty) => {
      const { alpaca, issuer } = await start();
      await expect(alpaca.ap.requestMint(order(qty))).rejects.toMatchObject({ status: 422 });
      expect(issuer.calls).toEqual([]);
    },
  );

  it('refuses an order above the shares that the AP has left', async () => {
    const { alpaca } = await start();
    alpaca.script.add({ endpoint: 'mint_journal', do: { outcome: 'hold' } });
    await alpaca.ap.requestMint(order('60'));
    await expect(alpaca.ap.requestMint(order('60'))).rejects.toMatchObject({ status: 422 });
  });
});

describe('the mint request', () => {
  it('is sent again after a lost answer, and rejected when none comes (a guess)', async () => {
    const { alpaca, issuer } = await start();
    issuer.control.answer = () => (issuer.calls.length === 1 ? 'drop' : undefined);
    const request = await alpaca.ap.requestMint(order());
    expect(request.issuerRequestId).toBe(`issuer-${request.id}`);
    issuer.control.answer = () => ({ status: 500, body: {} });
    expect(await alpaca.ap.requestMint(order())).toMatchObject({ status: 'rejected' });
    expect(alpaca.sent('mint')).toHaveLength(5);
  });

  it('can be repeated at the same time; an answer with another id is a complaint', async () => {
    const { alpaca, issuer } = await start();
    alpaca.script.add({ endpoint: 'mint', do: deliveries.duplicateTogether, times: 'always' });
    await alpaca.ap.requestMint(order());
    expect(alpaca.state.complaints).toEqual([]);
    issuer.control.answer = ({ path }) =>
      path.endsWith('/mint')
        ? { status: 200, body: { issuer_request_id: `n${String(issuer.calls.length)}`, status: 'created' } }
        : undefined;
    await alpaca.ap.requestMint(order());
    expect(alpaca.state.complaints).toHaveLength(1);
  });
});
