import { describe, expect, test } from 'vitest';
import { createTestChain } from './test-chain.ts';
import type { World } from './test-world.ts';
import { CHAIN_ID, createWorld, LANE, toyId } from './test-world.ts';

/** A world with one operation signed and sent, in no block yet. */
async function signed(options: Parameters<typeof createWorld>[0] = {}): Promise<World> {
  const world = await createWorld(options);
  await world.add(1);
  await world.step('lane');
  return world;
}

async function hashesOf(world: World, nonce: number) {
  const state = await world.transaction(nonce);
  return state.phase === 'none' ? [] : state.variants.map(({ hash }) => hash);
}

describe('a waiting transaction', () => {
  test('a missing receipt is never evidence: nothing is signed again, however long it lasts', async () => {
    const world = await signed();
    const [hash] = await hashesOf(world, 0);
    if (hash === undefined) throw new Error('nothing was signed');
    world.chain.hiddenReceipts.add(hash);
    await world.rounds(200);
    expect(await world.toy(1)).toBe('signed');
    expect(await world.transaction(1)).toEqual({ phase: 'none' });
    expect(world.chain.effects(toyId(1))).toBe(1);
    world.chain.hiddenReceipts.clear();
    await world.rounds(5);
    expect(await world.toy(1)).toBe('done');
    expect(world.chain.effects(toyId(1))).toBe(1);
  });

  test('a node that lags behind the one that mined it frees nothing', async () => {
    const chain = createTestChain({ chainId: CHAIN_ID, endpoints: 2 });
    const world = await signed({ chain });
    chain.lag[0] = 1_000;
    for (let round = 0; round < 100; round += 1) {
      chain.mine();
      await world.step();
      world.nowMs += 1_000;
    }
    expect(await world.toy(1)).toBe('signed');
    expect(await world.transaction(1)).toEqual({ phase: 'none' });
    chain.lag[0] = 0;
    await world.rounds(3);
    expect(await world.toy(1)).toBe('done');
    expect(chain.effects(toyId(1))).toBe(1);
  });

  test('its receipt is read once before its block has its confirmations, and once after', async () => {
    const chain = createTestChain({ chainId: CHAIN_ID });
    chain.mine(10);
    const world = await signed({ chain, network: { confirmations: 6 } });
    const pinned = world.chain.rpc.pinned();
    let receipts = 0;
    const counting = {
      ...pinned,
      getTransactionReceipt: (hash: `0x${string}`) => {
        receipts += 1;
        return pinned.getTransactionReceipt(hash);
      },
    };
    Object.assign(world.chain.rpc, { pinned: () => counting });
    world.chain.mine();
    for (let block = 0; block < 6; block += 1) {
      await world.step('transaction');
      expect(await world.toy(1)).toBe('signed');
      world.chain.mine();
    }
    expect(receipts).toBe(1);
    await world.step('transaction');
    expect(await world.toy(1)).toBe('done');
    expect(receipts).toBe(2);
  });

  test('it is sent again when its block is gone before it had its confirmations', async () => {
    const chain = createTestChain({ chainId: CHAIN_ID });
    chain.mine(10);
    const world = await signed({ chain, network: { confirmations: 6 } });
    const [hash] = await hashesOf(world, 0);
    world.chain.mine(2);
    await world.step('transaction');
    world.chain.reorg(2, { drop: true });
    expect(world.chain.pendingHashes()).toEqual([]);
    world.nowMs += 20_000;
    await world.step('transaction');
    expect(world.chain.pendingHashes()).toEqual([hash]);
    world.chain.mine(7);
    await world.step('transaction');
    expect(await world.toy(1)).toBe('done');
    expect(world.chain.effects(toyId(1))).toBe(1);
  });

  test('a receipt from a block that the same endpoint does not hold at its height counts for nothing', async () => {
    const world = await signed();
    world.chain.mine();
    const { rpc } = world.chain;
    const pinned = rpc.pinned();
    const stale = {
      ...pinned,
      getTransactionReceipt: async (hash: `0x${string}`) => {
        const receipt = await pinned.getTransactionReceipt(hash);
        return receipt === null ? null : { ...receipt, blockHash: '0xff' };
      },
    };
    Object.assign(rpc, { pinned: () => stale });
    await world.step('transaction');
    expect(await world.transaction(0)).toMatchObject({ phase: 'pending' });
    Object.assign(rpc, { pinned: () => pinned });
    await world.step('transaction');
    expect(await world.transaction(0)).toMatchObject({ phase: 'mined' });
  });

  test('it is settled when CONFIRMATIONS are on top, and ends when its block is final', async () => {
    const world = await signed({ network: { confirmations: 2, finality: 5 } });
    world.chain.mine(2);
    await world.step('transaction');
    expect(await world.transaction(0)).toMatchObject({ phase: 'pending' });
    world.chain.mine();
    await world.step('transaction');
    expect(await world.transaction(0)).toMatchObject({ phase: 'mined' });
    expect(await world.toy(1)).toBe('done');
    await world.step('transaction');
    expect(await world.work(`${LANE}/0`)).not.toBeNull();
    world.chain.mine(3);
    await world.step('transaction');
    expect(await world.transaction(0)).toMatchObject({ phase: 'final', outcome: 'effect' });
    expect(await world.work(`${LANE}/0`)).toBeNull();
  });

  test('bytes that a node dropped are sent again, the same ones', async () => {
    const world = await signed();
    const [dropped] = world.chain.dropPending();
    world.nowMs += 16_000;
    await world.step('transaction');
    expect(world.chain.pendingHashes()).toEqual([dropped]);
  });

  test('too cheap for too long: signed again at the same nonce with an eighth more, all hashes kept', async () => {
    const world = await signed();
    world.chain.baseFee = 4_000_000_000n;
    await world.rounds(40);
    const state = await world.transaction(0);
    if (state.phase === 'none') throw new Error('nothing was signed');
    expect(state.variants).toHaveLength(2);
    const [first, second] = state.variants;
    expect((second?.maxFeePerGas ?? 0n) * 8n).toBeGreaterThanOrEqual(first.maxFeePerGas * 9n);
    expect(second?.data).toBe(first.data);
    expect(
      await world.store.count({ table: 'transaction_hash', where: { transaction_id: `${LANE}/0` } }),
    ).toBe(2);
    expect(await world.toy(1)).toBe('done');
    expect(await world.transaction(1)).toEqual({ phase: 'none' });
  });

  test('after it was raised the cheaper bytes may be mined all the same', async () => {
    const world = await signed();
    const pool = world.chain.pendingHashes();
    const before = await world.transaction(0);
    world.nowMs += 40_000;
    await world.step('transaction');
    const [first, second] = await hashesOf(world, 0);
    expect(world.chain.pendingHashes()).toEqual([second]);
    // Some other node kept the first bytes, and its block wins.
    world.chain.dropPending();
    if (before.phase === 'none') throw new Error('nothing was signed');
    await world.chain.submit(before.variants[0].raw);
    expect(pool).toEqual([first]);
    world.chain.deaf = true;
    await world.rounds(6);
    expect(await world.transaction(0)).toMatchObject({
      phase: 'final',
      outcome: 'effect',
      mined: { hash: first },
    });
    expect(world.chain.effects(toyId(1))).toBe(1);
  });

  test('fees stop at the ceiling with one alarm, and the bytes go on being sent', async () => {
    const world = await signed({ network: { maxFeeWei: 3_100_000_000n } });
    world.chain.baseFee = 50_000_000_000n;
    await world.rounds(120);
    expect(await hashesOf(world, 0)).toHaveLength(1);
    expect(world.alarms().filter((it) => it.includes('ceiling'))).toHaveLength(1);
    expect(world.chain.sent.length).toBeGreaterThan(3);
    world.chain.baseFee = 1_000_000_000n;
    await world.rounds(5);
    expect(await world.toy(1)).toBe('done');
  });

  test('only the lowest nonce is raised', async () => {
    const world = await createWorld({ network: { batchCount: 1 } });
    await world.add(1, 2, 3);
    await world.step('lane');
    world.chain.baseFee = 20_000_000_000n;
    world.nowMs += 31_000;
    await world.step('transaction');
    expect(await Promise.all([0, 1, 2].map(async (nonce) => (await hashesOf(world, nonce)).length))).toEqual([
      2, 1, 1,
    ]);
  });
});

describe('a reverted transaction', () => {
  test('its operations are freed at FINALITY and not before, and go alone next time', async () => {
    const world = await createWorld({ network: { finality: 5 } });
    await world.add(1, 2);
    await world.step('lane');
    world.chain.failing.add(toyId(2));
    world.chain.mine();
    await world.step('transaction');
    expect(await world.transaction(0)).toMatchObject({ phase: 'mined', mined: { status: 0 } });
    world.chain.mine(4);
    await world.step();
    expect(await Promise.all([1, 2].map(world.toy))).toEqual(['signed', 'signed']);
    world.chain.failing.clear();
    world.chain.mine();
    await world.step('transaction');
    expect(await world.transaction(0)).toMatchObject({ phase: 'final', outcome: 'reverted' });
    expect((await world.feature.state(toyId(1))).why).toMatch(/reverted on chain/);
    await world.rounds(8);
    expect(await world.transaction(1)).toMatchObject({ operations: [{}] });
    expect(await world.transaction(2)).toMatchObject({ operations: [{}] });
    expect(world.chain.effects(toyId(1))).toBe(1);
    expect(world.chain.effects(toyId(2))).toBe(1);
  });
});

describe('a reorg', () => {
  test('after it was mined, the effect is taken back and the same bytes go out again, never a new nonce', async () => {
    const world = await signed();
    world.chain.mine();
    await world.step('transaction');
    expect(await world.toy(1)).toBe('done');
    const [hash] = await hashesOf(world, 0);
    world.chain.reorg(1, { drop: true });
    world.chain.deaf = true;
    world.chain.mine();
    world.chain.deaf = false;
    await world.step('transaction');
    expect(await world.toy(1)).toBe('signed');
    expect(await world.transaction(0)).toMatchObject({ phase: 'pending' });
    expect(world.chain.pendingHashes()).toEqual([hash]);
    expect(world.alarms().some((it) => it.includes('vanished'))).toBe(true);
    await world.rounds(6);
    expect(await world.transaction(0)).toMatchObject({ phase: 'final', outcome: 'effect' });
    expect(await world.transaction(1)).toEqual({ phase: 'none' });
    expect(world.chain.effects(toyId(1))).toBe(1);
  });

  test('that puts it into another block settles it again from there', async () => {
    const world = await signed();
    world.chain.mine();
    await world.step('transaction');
    world.chain.reorg(1);
    world.chain.mine(2);
    await world.rounds(5);
    expect(await world.toy(1)).toBe('done');
    expect(await world.transaction(0)).toMatchObject({ phase: 'final', outcome: 'effect' });
  });

  test('a chain that was rolled back and has not grown takes nothing back, and gets the bytes again', async () => {
    const world = await signed();
    world.chain.mine();
    await world.step('transaction');
    world.chain.reorg(1, { drop: true });
    world.nowMs += 20_000;
    await world.step('transaction');
    expect(await world.transaction(0)).toMatchObject({ phase: 'mined' });
    expect(world.chain.pendingHashes()).toHaveLength(1);
  });

  test('endpoints that disagree about the block decide nothing', async () => {
    const chain = createTestChain({ chainId: CHAIN_ID, endpoints: 2 });
    const world = await signed({ chain });
    chain.mine();
    await world.step('transaction');
    const { rpc } = chain;
    const pinned = rpc.pinned();
    const forked = {
      ...pinned,
      getBlock: async (...args: readonly [bigint]) => ({ ...(await pinned.getBlock(...args)), hash: '0xff' }),
    };
    Object.assign(rpc, { pinned: () => forked });
    await world.step('transaction');
    expect(await world.transaction(0)).toMatchObject({ phase: 'mined' });
  });

  test('of a reverted transaction before FINALITY: it may still take effect, so it was never freed', async () => {
    const world = await signed({ network: { finality: 5 } });
    world.chain.failing.add(toyId(1));
    world.chain.mine(2);
    await world.step('transaction');
    expect(await world.transaction(0)).toMatchObject({ phase: 'mined', mined: { status: 0 } });
    world.chain.failing.clear();
    world.chain.reorg(2);
    world.chain.mine(2);
    await world.rounds(8);
    expect(await world.transaction(0)).toMatchObject({ phase: 'final', outcome: 'effect' });
    expect(world.chain.effects(toyId(1))).toBe(1);
  });
});
