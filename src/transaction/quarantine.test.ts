import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogBatch } from '../chain/watcher/types.ts';
import { appendTag } from '../vault/tag.ts';
import { createFoundConsumer } from './found-consumer.ts';
import type { World } from './test-world.ts';
import { CHAIN_ID, createWorld, LANE, OTHER_VAULT, SIGNER, signOutside, toyId, VAULT } from './test-world.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lanes-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs the consumer as the watcher would: over all logs of the vault, in the cursor's commit. */
async function scan(world: World, hashes: readonly `0x${string}`[]): Promise<void> {
  const consumer = createFoundConsumer(world);
  const logs = hashes.map((transactionHash) => ({
    kind: 'deposit',
    sender: SIGNER,
    log: { transactionHash },
  }));
  const rpc = world.chain.rpc.pinned();
  const { changes, writes } = await consumer.consume({ chainId: CHAIN_ID, logs, rpc } as unknown as LogBatch);
  await world.ledger.commit({ changes, writes: writes ?? [], metadata: { actor: 'test' } });
}

async function signedHash(world: World, nonce: number): Promise<`0x${string}`> {
  const state = await world.transaction(nonce);
  if (state.phase === 'none') throw new Error(`nonce ${String(nonce)} was not signed`);
  return state.variants[0].hash;
}

const laneState = async (world: World) => (await world.lanes.status())[0]?.state;

/**
 * A service signs for operation 1 and is backed up before it signs for operations 2 and 3, whose transactions wait in
 * the mempool when the backup is restored.
 */
async function restoredWorld(options: { readonly restored?: boolean } = {}) {
  const before = await createWorld({ path: join(folder, 'a.db'), network: { batchCount: 1 } });
  await before.add(1, 2, 3);
  before.blocked.add(toyId(2)).add(toyId(3));
  await before.rounds(2);
  await before.store.backup(join(folder, 'b.db'));
  before.blocked.clear();
  before.nowMs += 60_000;
  await before.step('lane');
  const forgotten = [await signedHash(before, 1), await signedHash(before, 2)];
  expect(before.chain.pendingHashes()).toHaveLength(2);
  await before.store.close();
  const world = await createWorld({
    chain: before.chain,
    path: join(folder, 'b.db'),
    network: { batchCount: 1 },
    ...options,
  });
  world.nowMs += 120_000;
  return { world, forgotten };
}

describe('quarantine', () => {
  test('a forgotten transaction in the mempool is seen there, replaced, and its operation signed anew', async () => {
    const { world, forgotten } = await restoredWorld();
    await world.step('lane');
    expect(await laneState(world)).toBe('quarantine');
    // The forgotten ones offer 3 gwei, which no block takes now. The fillers offer the same tip at first, so nodes
    // refuse them, until they are raised.
    world.chain.baseFee = 4_000_000_000n;
    await world.rounds(20);
    expect(await world.transaction(2)).toMatchObject({ phase: 'pending' });
    await world.rounds(30);
    expect(await world.transaction(2)).toMatchObject({ phase: 'final', outcome: 'filled' });
    expect([2, 3].map((n) => world.chain.effects(toyId(n)))).toEqual([0, 0]);
    world.scanned = 100_000n;
    await world.rounds(10);
    expect(await laneState(world)).toBe('open');
    expect(await Promise.all([1, 2, 3].map(world.toy))).toEqual(['done', 'done', 'done']);
    expect([1, 2, 3].map((n) => world.chain.effects(toyId(n)))).toEqual([1, 1, 1]);
    expect(world.chain.pendingHashes()).toEqual([]);
    expect(await world.store.count({ table: 'found_transaction', where: {} })).toBe(0);
    expect(forgotten).toHaveLength(2);
  });

  test('a forgotten transaction that is mined instead of the filler is found by its tag and settled', async () => {
    const { world, forgotten } = await restoredWorld({ restored: true });
    expect(await laneState(world)).toBe('quarantine');
    world.chain.deaf = true;
    await world.rounds(20);
    // Its nonces' streams ended as strangers whose tag is ours; nothing was signed for the operations meanwhile.
    expect(await laneState(world)).toBe('quarantine');
    expect(world.chain.effects(toyId(2))).toBe(1);
    world.chain.deaf = false;
    world.nowMs += 60_000;
    await world.rounds(20);
    await scan(world, forgotten);
    world.scanned = 100_000n;
    await world.rounds(10);
    expect(await laneState(world)).toBe('open');
    expect(await Promise.all([1, 2, 3].map(world.toy))).toEqual(['done', 'done', 'done']);
    expect([1, 2, 3].map((n) => world.chain.effects(toyId(n)))).toEqual([1, 1, 1]);
    expect(world.alarms().filter((it) => it.includes('stopped'))).toEqual([]);
  });

  test('a forgotten transaction that was mined before the restore is found by the scan, not signed again', async () => {
    const { world, forgotten } = await restoredWorld();
    world.chain.mine(10);
    await world.rounds(20);
    expect(await laneState(world)).toBe('quarantine');
    expect(await world.toy(2)).toBe('ready');
    await scan(world, forgotten);
    world.scanned = 100_000n;
    await world.rounds(10);
    expect(await laneState(world)).toBe('open');
    expect([1, 2, 3].map((n) => world.chain.effects(toyId(n)))).toEqual([1, 1, 1]);
    expect(await Promise.all([1, 2, 3].map(world.toy))).toEqual(['done', 'done', 'done']);
  });

  test('it ends only when every vault is scanned to the last filler', async () => {
    const world = await createWorld({ restored: true });
    await world.add(1);
    await world.rounds(20);
    expect(await laneState(world)).toBe('quarantine');
    world.scanned = 0n;
    await world.rounds(5);
    expect(await laneState(world)).toBe('quarantine');
    expect(await world.transaction(3)).toMatchObject({ phase: 'final', outcome: 'filled' });
    expect(await world.transaction(4)).toEqual({ phase: 'none' });
    world.scanned = 5n;
    await world.rounds(5);
    expect(await laneState(world)).toBe('open');
    expect(await world.toy(1)).toBe('done');
  });

  test('it does not end before its fillers are final, however far the vaults are scanned', async () => {
    const world = await createWorld({ restored: true, network: { finality: 6 } });
    world.scanned = 100_000n;
    await world.rounds(5);
    expect(await world.transaction(3)).toMatchObject({ phase: 'mined' });
    expect(await laneState(world)).toBe('quarantine');
    await world.rounds(5);
    expect(await laneState(world)).toBe('open');
  });

  test('a node whose pending count is behind its latest one hides nothing', async () => {
    const world = await createWorld();
    const { raw } = await signOutside(0, SIGNER, '0x');
    await world.chain.submit(raw);
    world.chain.mine();
    const { rpc } = world.chain;
    const request = rpc.request.bind(rpc);
    Object.assign(rpc, {
      request: async (method: string, params: readonly unknown[], options: { readonly endpoint: number }) =>
        params[1] === 'pending' ? '0x0' : request(method, params, options),
    });
    await world.step('lane');
    expect(await laneState(world)).toBe('quarantine');
  });

  test('a used nonce that the database does not know starts it, before anything is signed', async () => {
    const world = await createWorld();
    const { raw } = await signOutside(0, SIGNER, '0x');
    await world.chain.submit(raw);
    world.chain.mine();
    await world.add(1);
    await world.step('lane');
    expect(await laneState(world)).toBe('quarantine');
    expect(world.chain.sent).toEqual([]);
    expect(await world.toy(1)).toBe('ready');
  });

  test('a waiting one does so too', async () => {
    const world = await createWorld();
    const { raw } = await signOutside(0, SIGNER, '0x');
    await world.chain.submit(raw);
    await world.add(1);
    await world.step('lane');
    expect(await laneState(world)).toBe('quarantine');
  });

  test('a forgotten transaction behind a gap, which no count shows, is replaced or mined before it ends', async () => {
    const world = await createWorld({ restored: true });
    const { raw, hash } = await signOutside(2, VAULT, appendTag('0x12', [toyId(1)]), 90_000_000_000n);
    await world.chain.submit(raw);
    await world.add(1);
    await world.rounds(12);
    expect(world.chain.effects(toyId(1))).toBe(1);
    expect(await world.transaction(2)).toMatchObject({
      phase: 'final',
      outcome: 'stranger',
      mined: { hash },
    });
    world.scanned = 100_000n;
    await world.rounds(10);
    expect(await laneState(world)).toBe('open');
    expect(await world.toy(1)).toBe('done');
    expect(world.chain.effects(toyId(1))).toBe(1);
  });

  test('one beyond the window shows itself when the fillers close the gap, and the window grows', async () => {
    const world = await createWorld({ restored: true });
    const { raw, hash } = await signOutside(4, VAULT, appendTag('0x12', [toyId(1)]), 90_000_000_000n);
    await world.chain.submit(raw);
    await world.add(1);
    await world.rounds(30);
    expect(await world.transaction(8)).toMatchObject({ phase: 'final', outcome: 'filled' });
    await scan(world, [hash]);
    world.scanned = 100_000n;
    await world.rounds(10);
    expect(await world.toy(1)).toBe('done');
    expect(world.chain.effects(toyId(1))).toBe(1);
  });

  test('operations that the database knows nothing of are alarmed, and never signed when they turn up', async () => {
    const world = await createWorld({ restored: true });
    const { raw } = await signOutside(0, VAULT, appendTag('0x12', [toyId(7)]), 90_000_000_000n);
    await world.chain.submit(raw);
    await world.rounds(15);
    world.scanned = 100_000n;
    await world.rounds(10);
    expect(await laneState(world)).toBe('open');
    expect(world.alarms().some((it) => it.includes('cannot be settled'))).toBe(true);
    await world.add(7);
    await world.rounds(5);
    expect(await world.toy(7)).toBe('done');
    expect(world.chain.effects(toyId(7))).toBe(1);
  });

  test('an untagged transaction of our signer on a vault stops the lane at its end', async () => {
    const world = await createWorld({ restored: true });
    const { raw, hash } = await signOutside(0, OTHER_VAULT, '0x1234', 90_000_000_000n);
    await world.chain.submit(raw);
    world.chain.mine();
    await scan(world, [hash]);
    await world.rounds(15);
    world.scanned = 100_000n;
    await world.rounds(5);
    expect(await laneState(world)).toBe('stopped');
    await world.lanes.resume('base', 'ops', 'seen');
    await world.add(1);
    await world.rounds(3);
    expect(await world.toy(1)).toBe('done');
  });

  test('what the scan finds puts an open lane into quarantine in the same commit', async () => {
    const world = await createWorld();
    await world.add(1);
    await world.step('lane');
    const { raw, hash } = await signOutside(0, VAULT, appendTag('0x12', [toyId(2)]), 90_000_000_000n);
    await world.chain.submit(raw);
    world.chain.mine();
    await scan(world, [hash]);
    expect(await laneState(world)).toBe('quarantine');
    await world.add(2);
    world.scanned = 100_000n;
    await world.rounds(40);
    expect([1, 2].map((n) => world.chain.effects(toyId(n)))).toEqual([1, 1]);
    expect(await Promise.all([1, 2].map(world.toy))).toEqual(['done', 'done']);
  });

  test('a restored database begins anew even if it was in quarantine when it was copied', async () => {
    const before = await createWorld({ path: join(folder, 'a.db'), restored: true });
    await before.rounds(2);
    await before.store.close();
    const world = await createWorld({ path: join(folder, 'a.db'), chain: before.chain, restored: true });
    const events = await world.store.readStream(`lane/${LANE}`);
    expect(events.map(({ type }) => type)).toEqual([
      'LaneOpened',
      'QuarantineStarted',
      'QuarantineFilling',
      'QuarantineStarted',
    ]);
  });

  test('an ordinary restart goes on without one', async () => {
    const before = await createWorld({ path: join(folder, 'a.db') });
    await before.add(1);
    await before.step('lane');
    await before.store.close();
    const world = await createWorld({ path: join(folder, 'a.db'), chain: before.chain });
    await world.add(2);
    await world.rounds(5);
    expect(await laneState(world)).toBe('open');
    expect(await Promise.all([1, 2].map(world.toy))).toEqual(['done', 'done']);
  });
});
