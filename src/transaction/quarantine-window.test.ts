import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hex } from 'viem';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { World } from './test-world.ts';
import { createWorld, toyId } from './test-world.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'window-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function rawOf(world: World, nonce: number): Promise<Hex> {
  const state = await world.transaction(nonce);
  if (state.phase === 'none') throw new Error(`nonce ${String(nonce)} was not signed`);
  return state.variants[0].raw;
}

const laneState = async (world: World) => (await world.lanes.status())[0]?.state;

/**
 * A service is backed up, then signs for five operations: one is mined, and the others wait in mempools that none of
 * our nodes sees. The backup is restored while our node is behind the block of the one that was mined.
 */
async function behindWorld() {
  const network = { batchCount: 1 };
  const before = await createWorld({ path: join(folder, 'a.db'), network });
  const { chain } = before;
  await before.store.backup(join(folder, 'b.db'));
  await before.add(1);
  await before.step('lane');
  chain.mine();
  chain.deaf = true;
  await before.add(2, 3, 4, 5);
  await before.step('lane');
  await before.step('lane');
  const hidden = await Promise.all([1, 2, 3, 4].map((nonce) => rawOf(before, nonce)));
  await before.store.close();
  chain.deaf = false;
  chain.lag[0] = 1;
  const world = await createWorld({ chain, path: join(folder, 'b.db'), network, restored: true });
  await world.add(1, 2, 3, 4, 5);
  world.nowMs += 60_000;
  return { world, hidden };
}

describe('the window of a quarantine', () => {
  test('reaches beyond all that can be in flight, though a node was behind when it was opened', async () => {
    const { world, hidden } = await behindWorld();
    for (const n of [2, 3, 4, 5]) world.blocked.add(toyId(n));
    await world.rounds(3);
    world.chain.lag[0] = 0;
    world.scanned = 100_000n;
    await world.rounds(40);
    expect(await laneState(world)).toBe('open');
    // What the fillers did not displace arrives from elsewhere just before what is signed now.
    world.chain.deaf = true;
    world.blocked.clear();
    world.nowMs += 900_000;
    await world.step('lane');
    world.chain.deaf = false;
    for (const raw of hidden) await world.chain.submit(raw);
    await world.rounds(60);
    expect(await laneState(world)).toBe('open');
    const effects = [1, 2, 3, 4, 5].map((n) => world.chain.effects(toyId(n)));
    expect(effects).toEqual([1, 1, 1, 1, 1]);
  });
});

describe('a reorg while a quarantine lasts', () => {
  test('that takes away a forgotten transaction leaves no gap that nobody fills', async () => {
    const network = { batchCount: 1 };
    const before = await createWorld({ path: join(folder, 'a.db'), network });
    const { chain } = before;
    await before.store.backup(join(folder, 'b.db'));
    await before.add(1);
    await before.step('lane');
    chain.mine();
    await before.store.close();
    const world = await createWorld({ chain, path: join(folder, 'b.db'), network, restored: true });
    await world.add(1);
    await world.step('lane');
    expect((await world.lanes.status())[0]).toMatchObject({ state: 'quarantine', chainNonce: 1 });
    chain.reorg(1, { drop: true });
    world.scanned = 100_000n;
    await world.rounds(60);
    expect(await laneState(world)).toBe('open');
    expect(chain.effects(toyId(1))).toBe(1);
  });
});

describe('a vault that a restored database had forgotten', () => {
  test('is not signed for before it is scanned to where the quarantine ended', async () => {
    const world = await createWorld({ restored: true });
    world.scanned = 100_000n;
    await world.rounds(20);
    expect(await laneState(world)).toBe('open');
    world.vaultScanned = 1n;
    await world.add(1);
    await world.rounds(3);
    expect(await world.toy(1)).toBe('ready');
    expect(await world.work(toyId(1))).toMatchObject({ lastError: { code: 'vault_not_scanned' } });
    world.vaultScanned = world.chain.head();
    world.nowMs += 900_000;
    await world.rounds(5);
    expect(await world.toy(1)).toBe('done');
  });
});
