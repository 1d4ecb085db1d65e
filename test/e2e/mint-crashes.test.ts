import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TokenizationRequest } from '../../src/sandbox/alpaca/model.ts';
import type { RpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import type { Relay } from './crash.ts';
import { behindProxy, kill, nonces, relayed, untilWaiting } from './crash.ts';
import { expectInvariants } from './invariants.ts';
import type { OperationOnWire, World } from './world.ts';
import { startWorld, within } from './world.ts';

describe('a mint whose service is killed', () => {
  let world: World;
  let proxy: RpcProxy;
  let relay: Relay | null = null;
  beforeAll(async () => {
    // Alpaca gives up a mint request after some attempts; a restart on a busy machine takes longer than three.
    world = await startWorld({ alpaca: { mintAttempts: 100 } });
    proxy = await behindProxy(world);
  });
  afterAll(async () => {
    await relay?.stop();
    await world.stop();
    await proxy.stop();
  });

  const script = () => world.partners.alpaca.script;
  const inState = (request: TokenizationRequest, state: string): Promise<OperationOnWire> =>
    world.operation(`tokenization_request_id=${request.id}`, (it) => it.state === state);
  /** Resolves with what the operation shows when Alpaca has the callback and the service knows it. */
  const completed = async (request: TokenizationRequest): Promise<OperationOnWire> => {
    await within(world.partners.alpaca.mintCompleted(request.id), `mint ${request.id} to complete`);
    return inState(request, 'completed');
  };
  const callbacks = (request: TokenizationRequest): readonly (number | string | null)[] =>
    world.partners.alpaca
      .calls('callback_mint')
      .filter((it) => it.rawBody.includes(request.id))
      .map((it) => it.outcome);

  test('when the answer to the request was lost: the repeat is answered as the first was', async () => {
    relay = await relayed(world);
    const lost = relay.loseNextAnswer();
    const ordered = world.orderMint('1');
    expect(await lost).toBe(200);
    await kill(world);
    const [known] = await Promise.all([ordered, world.restart()]);
    expect(await completed(known)).toMatchObject({ id: known.issuerRequestId });
  });

  test('while requested: the journal’s end finds it', async () => {
    script().add({ endpoint: 'mint_journal', do: { outcome: 'hold' } });
    const request = await world.orderMint('1.1');
    await world.restart('SIGKILL');
    await inState(request, 'requested');
    world.partners.alpaca.ap.release(request.id);
    expect(await completed(request)).toMatchObject({ tx_hash: request.txHash });
  });

  test('as the confirm is sent: it is sent again', async () => {
    script().add({
      endpoint: 'confirm',
      do: {
        send: (body) => {
          process.kill(world.issuer().pid, 'SIGKILL');
          return [body];
        },
      },
    });
    const request = await world.orderMint('1.2');
    await world.issuer().ended;
    await world.restart();
    expect(await completed(request)).toMatchObject({ tx_hash: request.txHash });
    expect(request.confirm).toBe('delivered');
  });

  test('when the confirm is stored and its answer lost: the repeat does no harm', async () => {
    await relay?.stop();
    relay = await relayed(world);
    const release = proxy.hold('eth_getTransactionCount');
    script().add({ endpoint: 'mint_journal', do: { outcome: 'hold' } });
    const request = await world.orderMint('1.3');
    const lost = relay.loseNextAnswer();
    world.partners.alpaca.ap.release(request.id);
    expect(await lost).toBe(200);
    await kill(world);
    release();
    await world.restart();
    expect(await completed(request)).toMatchObject({ tx_hash: request.txHash });
    await world.partners.alpaca.waitFor(() => request.confirm === 'delivered');
  });

  test('while journaled, before anything is signed', async () => {
    // A process that has signed such a mint knows its gas limit, and would not ask for it.
    await world.restart();
    const release = proxy.hold('eth_estimateGas');
    const simulated = proxy.waitForRequest('eth_estimateGas');
    const request = await world.orderMint('1.4');
    await within(simulated, 'the lane to simulate it');
    await inState(request, 'journaled');
    await kill(world);
    release();
    await world.restart();
    expect(await completed(request)).toMatchObject({ tx_hash: request.txHash });
  });

  test('when it is signed and committed, and no node has it', async () => {
    const before = await nonces(world);
    const heal = proxy.on('eth_sendRawTransaction', { kind: 'drop' });
    const sent = proxy.waitForRequest('eth_sendRawTransaction');
    const request = await world.orderMint('1.5');
    const first = await within(sent, 'the transaction to be sent');
    await inState(request, 'submitted');
    await kill(world);
    expect(await nonces(world)).toEqual(before);
    heal();
    const again = proxy.waitForRequest('eth_sendRawTransaction');
    await world.restart();
    expect((await within(again, 'it to be sent again')).params).toEqual(first.params);
    expect(await completed(request)).toMatchObject({ tx_hash: request.txHash });
  });

  test('when it is sent and waits for a block', async () => {
    await world.network().chain.setAutomine(false);
    const request = await world.orderMint('1.6');
    await untilWaiting(world, 1);
    await world.restart('SIGKILL');
    await inState(request, 'submitted');
    await untilWaiting(world, 1);
    await world.network().chain.mine();
    await world.network().chain.setAutomine(true);
    expect(await completed(request)).toMatchObject({ tx_hash: request.txHash });
  });

  test('when the answer to sending is lost, and it is in a block that nobody read', async () => {
    const deaf = proxy.on('eth_sendRawTransaction', { kind: 'lose_answer' });
    const blind = proxy.nullReceipts();
    const { mined } = await nonces(world);
    const sent = proxy.waitForRequest('eth_sendRawTransaction');
    const request = await world.orderMint('1.7');
    await within(sent, 'the transaction to be sent');
    await inState(request, 'submitted');
    await kill(world);
    deaf();
    blind();
    expect(await nonces(world)).toEqual({ mined: mined + 1, waiting: 0 });
    await world.restart();
    expect(await completed(request)).toMatchObject({ tx_hash: request.txHash });
    expect(await nonces(world)).toEqual({ mined: mined + 1, waiting: 0 });
  });

  test('when it is mined while nobody runs', async () => {
    await world.network().chain.setAutomine(false);
    const request = await world.orderMint('1.8');
    await untilWaiting(world, 1);
    await kill(world);
    await world.network().chain.mine();
    await world.network().chain.setAutomine(true);
    await world.restart();
    expect(await completed(request)).toMatchObject({ tx_hash: request.txHash });
  });

  test('when Alpaca was called back and did not take it', async () => {
    script().add({ endpoint: 'callback_mint', do: { act: false, reply: 'hang' } });
    const request = await world.orderMint('1.9');
    await world.partners.alpaca.waitFor(() => callbacks(request).includes('hung'));
    await inState(request, 'minted');
    await world.restart('SIGKILL');
    expect(await completed(request)).toMatchObject({ tx_hash: request.txHash });
    expect(callbacks(request)).toEqual(['hung', 200]);
  });

  test('when Alpaca took the callback and its answer was lost: it is looked up, not called again', async () => {
    script().add({ endpoint: 'callback_mint', do: { reply: 'hang' } });
    const request = await world.orderMint('2');
    await within(world.partners.alpaca.mintCompleted(request.id), 'Alpaca to take the callback');
    await inState(request, 'minted');
    await world.restart('SIGKILL');
    expect(await completed(request)).toMatchObject({ tx_hash: request.txHash });
    expect(callbacks(request)).toEqual(['hung']);
  });

  test('each of them was minted once, and nothing is left over', async () => {
    expect(world.partners.alpaca.state.requests).toHaveLength(11);
    await expectInvariants(world);
  });
});
