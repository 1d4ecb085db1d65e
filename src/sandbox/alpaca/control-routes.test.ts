import { afterEach, describe, expect, it } from 'vitest';
import { EMAIL, order, redeem, startPair, TOKENIZATION, TX_HASH } from './testing.ts';

let pair: Awaited<ReturnType<typeof startPair>>;
const start = async () => {
  pair = await startPair();
  const { call } = pair;
  return {
    ...pair,
    get: async (path: string) => (await call('GET', path, { headers: {} })).json,
    post: (path: string, body?: unknown) =>
      call('POST', path, body === undefined ? { headers: {} } : { body, headers: {} }),
  };
};
afterEach(() => pair.stop());

describe('playing the AP with curl', () => {
  it('opens an account, connects it by email, lists tokens, mints, and shows everything', async () => {
    const { alpaca, issuer, call, get, post } = await start();
    const email = 'second@ap.example';
    await post('/ap/accounts', { email, shares: { AAPL: '3' } });
    issuer.control.answer = ({ path }) =>
      path.endsWith('/connect') ? { status: 200, body: { client_id: 'ap-2' } } : undefined;
    expect((await post('/ap/connect', { email })).json).toMatchObject({ externalId: 'ap-2' });
    expect(issuer.calls[0]).toMatchObject({
      path: '/tokenization/accounts/connect',
      body: { email, client_account_number: '700000002' },
    });
    expect(await get('/ap/tokens')).toEqual([{ underlying: 'AAPL', token: 'tAAPL', networks: ['base'] }]);

    const minted = await post('/ap/mints', { ...order('2'), email });
    const { tokenization_request_id: id } = minted.json as { tokenization_request_id: string };
    await alpaca.waitFor(() => alpaca.state.requests[0]?.confirm === 'delivered');
    await call('POST', `${TOKENIZATION}/callback/mint`, {
      body: { tokenization_request_id: id, tx_hash: TX_HASH, client_external_account_id: 'ap-2' },
    });
    expect(await get(`/ap/requests/${id}`)).toMatchObject({
      status: 'completed',
      confirm: 'delivered',
      journal: { status: 'executed' },
    });
    expect(await get('/ap/custody')).toEqual([{ symbol: 'AAPL', qty: '52', qty_available: '52' }]);
    expect(await get('/ap/accounts')).toMatchObject([{ email: EMAIL }, { positions: [{ qty: '1' }] }]);
    expect(await get('/ap/journals')).toHaveLength(1);
    expect(await get('/ap/requests')).toHaveLength(1);
    expect(await get('/ap/sent')).toHaveLength(4);
    expect(await get('/ap/complaints')).toEqual([]);
    expect(JSON.stringify(await get('/ap/calls'))).not.toContain('secret');
    expect(await get('/ap')).toHaveProperty('routes');
  });

  it('connects with the old name of the field on the first generation of paths', async () => {
    const first = await startPair({ pathGeneration: 'first' });
    pair = first;
    await first.alpaca.ap.connect(EMAIL);
    await first.alpaca.ap.tokens();
    expect(first.issuer.calls.map(({ path }) => path)).toEqual(['/accounts/connect', '/tokenized-assets']);
    expect(first.issuer.calls[0]?.body).toEqual({ email: EMAIL, account: '700000001' });
  });

  it('says what is wrong: unknown email, short shares, a refusing issuer, a body that is not JSON', async () => {
    const { issuer, post } = await start();
    expect((await post('/ap/connect', { email: 'no@one' })).status).toBe(404);
    expect((await post('/ap/mints', order('101'))).status).toBe(422);
    expect((await post('/ap/mints', '{')).status).toBe(400);
    expect((await post('/ap/accounts', { email: EMAIL })).status).toBe(422);
    issuer.control.answer = () => ({ status: 409, body: { error: 'linked to another account' } });
    expect((await post('/ap/connect', { email: EMAIL })).body).toContain('linked to another account');
  });

  it('holds a journal by a rule and rejects it by hand; confirms and shares by hand too', async () => {
    const { alpaca, issuer, get, post } = await start();
    await post('/ap/rules', { endpoint: 'mint_journal', do: { outcome: 'hold' } });
    const { id } = await alpaca.ap.requestMint(order());
    await post(`/ap/requests/${id}/release`, { reject: 'by hand' });
    await alpaca.waitFor(() => alpaca.state.requests[0]?.confirm === 'delivered');
    expect(issuer.confirms()[0]?.body).toMatchObject({ status: 'rejected', reason: 'by hand' });
    expect((await post(`/ap/requests/${id}/release`)).status).toBe(422);
    await post(`/ap/requests/${id}/confirm`, { status: 'completed' });
    expect(issuer.confirms()[1]?.body).toMatchObject({ status: 'completed' });
    await post('/ap/shares', { email: EMAIL, symbol: 'TSLA', qty: '7' });
    expect(await get('/ap/accounts')).toMatchObject([
      { positions: [{ qty: '100' }, { symbol: 'TSLA', qty: '7' }] },
    ]);
  });

  it('takes named quirks and deliveries as rules, clears them, and refuses what is no rule', async () => {
    const { alpaca, call, post } = await start();
    await post('/ap/rules', { endpoint: 'callback_redeem', times: 'always', do: { quirk: 'feesAbsent' } });
    await post('/ap/rules', { endpoint: 'confirm', do: { delivery: 'duplicate' } });
    const first = await call('POST', `${TOKENIZATION}/callback/redeem`, { body: redeem() });
    expect(first.json).not.toHaveProperty('fees');
    await alpaca.ap.requestMint(order());
    await alpaca.waitFor(() => alpaca.sent('confirm').length === 2);
    await call('DELETE', '/ap/rules');
    const body = redeem({ issuer_request_id: 'redemption-2' });
    expect((await call('POST', `${TOKENIZATION}/callback/redeem`, { body })).json).toHaveProperty('fees');
    expect((await post('/ap/rules', { endpoint: 'callback_redeem', do: { quirk: 'nonsense' } })).status).toBe(
      422,
    );
    expect((await post('/ap/rules', { endpoint: 'nowhere', do: {} })).status).toBe(422);
  });

  it('can end an outage, since the control routes stay open', async () => {
    const { call, post } = await start();
    await post('/ap/outage', { on: true });
    expect((await call('GET', `${TOKENIZATION}/requests`)).status).toBe(503);
    await post('/ap/outage', { on: false });
    expect((await call('GET', `${TOKENIZATION}/requests`)).status).toBe(200);
  });
});
