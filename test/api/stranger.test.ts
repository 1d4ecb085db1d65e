import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../e2e/world.ts';
import type { BareWorld } from './bare-world.ts';
import { startBareWorld } from './bare-world.ts';
import type { Stranger } from './stranger.ts';
import { createStranger } from './stranger.ts';

/** A test in which nobody knows more than /openapi.json, their own key, and what exists on the chain. */
describe('a stranger who has the document and a key', () => {
  let world: BareWorld;
  let operator: Stranger;
  let alpaca: Stranger;
  let clientId: string;
  beforeAll(async () => {
    world = await startBareWorld();
    operator = await createStranger(world.url, { operatorKey: world.known['ADMIN_KEY'] ?? '' });
    alpaca = await createStranger(world.url, { alpacaKey: world.known['ALPACA_KEY'] ?? '' });
  });
  afterAll(async () => {
    await world.stop();
  });

  const ok = async (answer: Promise<{ readonly status: number; readonly body: Record<string, unknown> }>) => {
    const { status, body } = await answer;
    expect([status, body]).toEqual([expect.toSatisfy((it: number) => it < 300), body]);
    return body;
  };

  test('sets the participant and the asset up as an operator', async () => {
    const registered = await ok(
      operator.call('registerAccount', { body: operator.exampleBody('registerAccount', {}) }),
    );
    clientId = String(registered['client_id']);
    const wallet = operator.exampleBody('addWallet', { wallet: world.known['WALLET'] });
    await ok(operator.call('addWallet', { params: { client_id: clientId }, body: wallet }));
    const asset = operator.exampleBody('pointAsset', { vault: world.known['VAULT'] });
    expect(await ok(operator.call('pointAsset', { body: asset }))).toMatchObject({ state: 'enabled' });
    expect(await operator.call('pointAsset', { body: asset })).toMatchObject({ status: 200 });
  });

  test.for([
    ['today’s operations', '', 'client_external_account_id', '7.25'],
    ['those of the first generation', 'FirstGeneration', 'client_id', 2.000000001],
  ] as const)('mints as Alpaca by %s', async ([, generation, name, qty]) => {
    const { email } = await ok(operator.call('getAccount', { params: { client_id: clientId } }));
    await ok(
      alpaca.call(`connectAccount${generation}`, {
        body: {
          email,
          ...(generation === '' ? { client_account_number: '9200001' } : { account: '9200001' }),
        },
      }),
    );
    const { tokens } = await ok(alpaca.call(`listTokens${generation}`));
    expect(tokens).toEqual([{ underlying: 'AAPL', token: 'tAAPL', networks: ['base'] }]);
    const custody = await ok(alpaca.call('getCustodyAccount', { params: { underlying_symbol: 'AAPL' } }));
    expect(custody).toMatchObject({ underlying_symbol: 'AAPL' });

    const tokenizationRequestId = `request of ${name}`;
    const request = alpaca.exampleBody(`requestMint${generation}`, {
      tokenization_request_id: tokenizationRequestId,
      qty,
      wallet_address: world.known['WALLET'],
      [name]: clientId,
    });
    const asked = await ok(alpaca.call(`requestMint${generation}`, { body: request }));
    expect(await ok(alpaca.call(`requestMint${generation}`, { body: request }))).toEqual(asked);
    const confirm = {
      tokenization_request_id: tokenizationRequestId,
      issuer_request_id: asked['issuer_request_id'],
      status: 'completed',
    };
    expect(await ok(alpaca.call(`confirmMint${generation}`, { body: confirm }))).toEqual({});

    const id = String(asked['issuer_request_id']);
    const done = await eventually(async () => {
      const operation = await ok(operator.call('getOperation', { params: { id } }));
      return operation['state'] === 'completed' ? operation : null;
    }, 'the mint to complete');
    expect(done).toMatchObject({
      kind: 'mint',
      qty: String(qty),
      tokenization_request_id: tokenizationRequestId,
    });
    const listed = await ok(operator.call('listOperations', { params: { limit: 1, state: 'completed' } }));
    expect(listed['items']).toMatchObject([{ id }]);
  });

  test('learns from a problem what is wrong', async () => {
    const request = alpaca.exampleBody('requestMint', {
      tokenization_request_id: 'another',
      token_symbol: 'tTSLA',
      client_id: clientId,
    });
    expect(await alpaca.call('requestMint', { body: request })).toMatchObject({
      status: 400,
      code: 'invalid_token',
      body: { error: 'Invalid Token: Token not available on the network' },
    });
    const params = { id: '00000000-0000-4000-8000-000000000000' };
    expect(await operator.call('getOperation', { params })).toMatchObject({
      status: 404,
      code: 'operation_unknown',
    });
    const stranger = await createStranger(world.url, { operatorKey: 'guessed' });
    expect(await stranger.call('listLanes')).toMatchObject({ status: 401, code: 'unauthenticated' });
  });
});
