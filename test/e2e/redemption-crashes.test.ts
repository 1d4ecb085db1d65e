import type { Hex } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import { behindProxy, kill, nonces, untilWaiting } from './crash.ts';
import { expectInvariants } from './invariants.ts';
import type { OperationOnWire, World } from './world.ts';
import { startWorld, within } from './world.ts';

/** More receipts than one burn takes. */
const SMALL_RECEIPTS = 145;

describe('a redemption whose service is killed', () => {
  let world: World;
  let proxy: RpcProxy;
  beforeAll(async () => {
    world = await startWorld();
    proxy = await behindProxy(world);
    await world.mint('100');
  });
  afterAll(async () => {
    await world.stop();
    await proxy.stop();
  });

  const script = () => world.partners.alpaca.script;
  const inState = (transfer: Hex, state: string): Promise<OperationOnWire> =>
    world.operation(`kind=redemption&tx_hash=${transfer}`, (it) => it.state === state);
  /** Resolves with what was burned, when the redemption is completed. */
  const burned = async (transfer: Hex): Promise<string | null> => {
    const { id } = await world.operation(`kind=redemption&tx_hash=${transfer}`);
    await within(world.partners.alpaca.redeemCompleted(id), `Alpaca to journal redemption ${id}`);
    return (await inState(transfer, 'completed')).burned;
  };
  const redeemCalls = (transfer: Hex) =>
    world.partners.alpaca.calls('callback_redeem').filter((it) => it.rawBody.includes(transfer));
  /** Sends tokens, and holds the journal at Alpaca until `release` is called. */
  const sendAndHoldJournal = async (amount: string) => {
    script().add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
    const transfer = await world.sendBack(amount);
    const { tokenization_request_id: id } = await inState(transfer, 'requested');
    return { transfer, release: () => world.partners.alpaca.ap.release(id ?? '') };
  };

  test('before it sees the transfer', async () => {
    const release = proxy.hold('eth_getLogs');
    const looked = proxy.waitForRequest('eth_getLogs');
    const transfer = await world.sendBack('1');
    await within(looked, 'the watcher to look');
    await kill(world);
    release();
    await world.restart();
    expect(await burned(transfer)).toBe('1');
  });

  test('when it is promised and Alpaca did not take the call: the identical call is made again', async () => {
    script().add({ endpoint: 'callback_redeem', do: { act: false, reply: 'hang' } });
    const transfer = await world.sendBack('1.1');
    await world.partners.alpaca.waitFor(() => redeemCalls(transfer).some((it) => it.outcome === 'hung'));
    await inState(transfer, 'detected');
    await world.restart('SIGKILL');
    expect(await burned(transfer)).toBe('1.1');
    const [first, second, ...more] = redeemCalls(transfer);
    expect(second?.rawBody).toBe(first?.rawBody);
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
    expect(more).toEqual([]);
  });

  test('when Alpaca took the call and its answer was lost: it is found, not asked for again', async () => {
    script().add({ endpoint: 'callback_redeem', do: { reply: 'hang' } });
    const transfer = await world.sendBack('1.2');
    await world.partners.alpaca.waitFor(() => redeemCalls(transfer).some((it) => it.outcome === 'hung'));
    await world.restart('SIGKILL');
    expect(await burned(transfer)).toBe('1.2');
    expect(redeemCalls(transfer)).toHaveLength(1);
  });

  test('while it polls for the journal', async () => {
    const { transfer, release } = await sendAndHoldJournal('1.3');
    const { alpaca } = world.partners;
    script().add({ endpoint: 'get_request', do: { reply: 'hang' } });
    await alpaca.waitFor(() => alpaca.calls('get_request').some((it) => it.outcome === 'hung'));
    await world.restart('SIGKILL');
    release();
    expect(await burned(transfer)).toBe('1.3');
  });

  test('while journaled, before anything is signed', async () => {
    // A process that has signed such a burn knows its gas limit, and would not ask for it.
    await world.restart();
    const { transfer, release } = await sendAndHoldJournal('1.4');
    const letGo = proxy.hold('eth_estimateGas');
    const simulated = proxy.waitForRequest('eth_estimateGas');
    release();
    await within(simulated, 'the lane to simulate it');
    await inState(transfer, 'journaled');
    await kill(world);
    letGo();
    await world.restart();
    expect(await burned(transfer)).toBe('1.4');
  });

  test('when its burn is signed and committed, and no node has it', async () => {
    const { transfer, release } = await sendAndHoldJournal('1.5');
    const before = await nonces(world);
    const heal = proxy.on('eth_sendRawTransaction', { kind: 'drop' });
    const sent = proxy.waitForRequest('eth_sendRawTransaction');
    release();
    const first = await within(sent, 'the burn to be sent');
    await inState(transfer, 'burning');
    await kill(world);
    expect(await nonces(world)).toEqual(before);
    heal();
    const again = proxy.waitForRequest('eth_sendRawTransaction');
    await world.restart();
    expect((await within(again, 'it to be sent again')).params).toEqual(first.params);
    expect(await burned(transfer)).toBe('1.5');
  });

  test('when its burn waits for a block', async () => {
    const { transfer, release } = await sendAndHoldJournal('1.6');
    await world.network().chain.setAutomine(false);
    release();
    await untilWaiting(world, 1);
    await world.restart('SIGKILL');
    await inState(transfer, 'burning');
    await untilWaiting(world, 1);
    await world.network().chain.mine();
    await world.network().chain.setAutomine(true);
    expect(await burned(transfer)).toBe('1.6');
  });

  test('when its burn is mined while nobody runs, with dust that goes back', async () => {
    const { transfer, release } = await sendAndHoldJournal('1.7000000005');
    await world.network().chain.setAutomine(false);
    release();
    await untilWaiting(world, 1);
    await kill(world);
    await world.network().chain.mine();
    await world.network().chain.setAutomine(true);
    await world.restart();
    expect(await burned(transfer)).toBe('1.7');
    expect(await inState(transfer, 'completed')).toMatchObject({ dust: '0.0000000005' });
  });

  test('between the parts of a burn over many receipts', async () => {
    // What is left of the first receipt goes first, so that only the small ones remain.
    const left = await world.balance(world.network().wallet(0).address);
    expect(left).toBeGreaterThan(0n);
    const { transfer: rest, release: releaseRest } = await sendAndHoldJournal('89.2');
    releaseRest();
    expect(await burned(rest)).toBe('89.2');
    await Promise.all(Array.from({ length: SMALL_RECEIPTS }, () => world.mint('0.1')));

    const { transfer, release } = await sendAndHoldJournal('14.5');
    const { mined } = await nonces(world);
    const first = proxy.waitForRequest('eth_sendRawTransaction');
    release();
    await within(first, 'the first part to be sent');
    const letGo = proxy.hold('eth_estimateGas');
    await within(proxy.waitForRequest('eth_estimateGas'), 'the second part to be simulated');
    const between = await inState(transfer, 'burning');
    expect(between.burned).toBe('14');
    await kill(world);
    letGo();
    expect(await nonces(world)).toEqual({ mined: mined + 1, waiting: 0 });
    await world.restart();
    expect(await burned(transfer)).toBe('14.5');
    expect(await nonces(world)).toEqual({ mined: mined + 2, waiting: 0 });
  });

  test('each of them was burned once, and nothing is left over', async () => {
    expect(await world.operations('kind=redemption')).toHaveLength(10);
    await expectInvariants(world);
  });
});
