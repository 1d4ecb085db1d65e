import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import type { RpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import { startRpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import { expectInvariants } from './invariants.ts';
import { mineUntil, reaches, scannedToHead } from './outsider.ts';
import type { World } from './world.ts';
import { eventually, startWorld } from './world.ts';

/** The alarm of the second reading, which stays in the output of the process. */
const MISSED = 'found what the first reading missed';

describe('a node that has a bad day', () => {
  let world: World;
  let proxy: RpcProxy;
  beforeAll(async () => {
    world = await startWorld({
      settings: async (partners) => {
        const upstream = partners.networks.get('base')?.chain.url ?? '';
        proxy = await startRpcProxy({ upstream });
        // While nothing is open, final blocks are read again once in many polls.
        return { CHAIN_BASE_RPC_URL: proxy.url, CHAIN_BASE_POLL_MS: '50' };
      },
    });
  });
  afterAll(async () => {
    await world.stop();
    await proxy.stop();
  });
  afterEach(() => {
    proxy.reset();
  });

  const order = async (qty: string): Promise<string> => (await world.orderMint(qty)).issuerRequestId ?? '';
  const redemptionOf = (hash: string) => world.operation(`kind=redemption&tx_hash=${hash}`);
  const chainVerdict = async (): Promise<string> =>
    ((await world.api.call('GET', '/ready')) as { networks: { base: { chain: string } } }).networks.base
      .chain;
  const isDown = () =>
    eventually(async () => (await chainVerdict()) !== 'ok', 'the node to be known as down');
  const isUp = () => eventually(async () => (await chainVerdict()) === 'ok', 'the node to be known as up');
  /** Lines above info since then: an outage is told, not chanted. */
  const loud = (since: number) =>
    world
      .issuer()
      .output.slice(since)
      .filter((line) => !line.includes('"level":"info"'));

  test('gone and back: what was ordered meanwhile is minted, what was sent is redeemed', async () => {
    await world.mint('10');
    const since = world.issuer().output.length;
    proxy.takeDown();
    const mints = await Promise.all([order('1'), order('2')]);
    const hash = await world.sendBack('4');
    await isDown();
    for (const id of mints) await reaches(world, id, 'journaled');
    expect(loud(since).length).toBeLessThan(10);

    proxy.bringUp();
    for (const id of mints) await reaches(world, id, 'completed');
    await reaches(world, (await redemptionOf(hash)).id, 'completed');
    await isUp();
    await expectInvariants(world);
  });

  test('answers 429 to everything', async () => {
    const since = world.issuer().output.length;
    const end = proxy.rateLimit();
    const id = await order('1');
    await isDown();
    const asked = proxy.count();
    await eventually(async () => proxy.count() > asked + 3, 'more probes');
    end();
    await reaches(world, id, 'completed');
    expect(loud(since).length).toBeLessThan(10);
    await expectInvariants(world);
  });

  test('keeps a broadcast to itself, and loses the answer to another', async () => {
    const release = proxy.hold('eth_sendRawTransaction');
    const held = await order('1');
    await reaches(world, held, 'submitted');
    release();
    await reaches(world, held, 'completed');
    proxy.on('eth_sendRawTransaction', { kind: 'lose_answer' }, 1);
    await reaches(world, await order('2'), 'completed');
    proxy.on('eth_sendRawTransaction', { kind: 'change', change: () => `0x${'ab'.repeat(32)}` }, 1);
    await reaches(world, await order('3'), 'completed');
    expect(loud(0).filter((line) => line.includes('"level":"error"'))).toEqual([]);
    await expectInvariants(world);
  });

  test('shows no receipt of a mined transaction: nothing is freed, and nothing is minted twice', async () => {
    const before = await world.totalSupply();
    const end = proxy.nullReceipts();
    const id = await order('5');
    await eventually(async () => (await world.totalSupply()) > before, 'the mint on chain');
    await world.network().chain.mine(5);
    const asked = proxy.count('eth_getTransactionReceipt');
    await eventually(async () => proxy.count('eth_getTransactionReceipt') > asked + 3, 'more looks');
    expect((await reaches(world, id, () => true)).state).toBe('submitted');
    end();
    await reaches(world, id, 'completed');
    expect(await world.totalSupply()).toBe(before + parseQuantity('5'));
    await expectInvariants(world);
  });

  test('answers log queries with nothing: reading final blocks again finds the transfer', async () => {
    const { chain } = world.network();
    const end = proxy.emptyLogs();
    const hash = await world.sendBack('1');
    await scannedToHead(world);
    end();
    expect(await world.operations(`kind=redemption&tx_hash=${hash}`)).toEqual([]);
    const found = async () => (await world.operations(`state=completed&tx_hash=${hash}`))[0];
    await mineUntil({ chain }, found, 'the redemption to complete');
    expect(loud(0).some((line) => line.includes(MISSED))).toBe(true);
    await expectInvariants(world, { errors: [MISSED] });
  });

  test('lags behind: it is late, and right', async () => {
    const { chain } = world.network();
    await world.mint('10');
    proxy.lagHead(2);
    const id = await order('2');
    const hash = await world.sendBack('1');
    await mineUntil(
      { chain },
      async () => (await world.operations(`state=completed&tx_hash=${hash}`))[0],
      'the burn',
    );
    const done = await reaches(world, id, 'completed');
    expect(done.shares).toBe('2');
    proxy.reset();
    await expectInvariants(world, { errors: [MISSED] });
  });
});
