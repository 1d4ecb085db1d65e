import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createWorld, SIGNER, signOutside, toyId } from './test-world.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trial-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const network = { batchCount: 1 };
const onTrial = true;

describe('the first transaction of a process', () => {
  test('is a trial: the others follow when a block holds it, whatever CONFIRMATIONS are', async () => {
    const world = await createWorld({ onTrial, network: { ...network, confirmations: 5 } });
    await world.add(1, 2, 3);
    await world.step('lane');
    await world.step('lane');
    expect(world.chain.pendingHashes()).toHaveLength(1);
    world.chain.mine();
    await world.step('lane');
    expect(world.chain.pendingHashes()).toHaveLength(2);
  });

  test('makes room for another one when somebody used its nonce for nothing of ours', async () => {
    const world = await createWorld({ onTrial, network });
    world.chain.deaf = true;
    await world.add(1, 2);
    await world.step('lane');
    await world.chain.submit((await signOutside(0, SIGNER, '0x')).raw);
    world.chain.mine();
    world.chain.deaf = false;
    world.nowMs += 60_000;
    await world.rounds(20);
    expect([1, 2].map((n) => world.chain.effects(toyId(n)))).toEqual([1, 1]);
  });

  test('keeps an old copy, which nothing marks as one, from minting twice while the node is behind', async () => {
    const before = await createWorld({ path: join(folder, 'a.db'), network });
    const { chain } = before;
    await before.add(1, 2);
    before.blocked.add(toyId(1)).add(toyId(2));
    await before.rounds(2);
    await before.store.backup(join(folder, 'b.db'));
    before.blocked.delete(toyId(2));
    before.nowMs += 900_000;
    await before.step('lane');
    chain.mine();
    expect(chain.effects(toyId(2))).toBe(1);
    await before.store.close();
    chain.lag[0] = 1;
    const world = await createWorld({ chain, path: join(folder, 'b.db'), onTrial, network });
    world.nowMs += 900_000;
    world.scanned = 100_000n;
    await world.step('lane');
    chain.lag[0] = 0;
    await world.rounds(40);
    expect([1, 2].map((n) => chain.effects(toyId(n)))).toEqual([1, 1]);
  });

  test('is still one after a crash: nothing is signed before a block holds what was', async () => {
    const before = await createWorld({ path: join(folder, 'a.db'), network });
    const { chain } = before;
    await before.add(1, 2);
    before.blocked.add(toyId(1)).add(toyId(2));
    await before.rounds(2);
    await before.store.backup(join(folder, 'b.db'));
    before.blocked.delete(toyId(1));
    before.nowMs += 900_000;
    await before.step('lane');
    chain.mine();
    expect(chain.effects(toyId(1))).toBe(1);
    await before.store.close();
    // A copy, which nothing marks as one, signs for the other at the same nonce; its node is behind, and it crashes.
    chain.lag[0] = 1;
    const crashing = await createWorld({ chain, path: join(folder, 'b.db'), onTrial, network });
    crashing.blocked.add(toyId(1));
    crashing.nowMs += 900_000;
    await crashing.step('lane');
    expect((await crashing.transaction(0)).phase).toBe('pending');
    await crashing.store.close();
    const world = await createWorld({ chain, path: join(folder, 'b.db'), onTrial, network });
    world.nowMs += 1_800_000;
    world.scanned = 100_000n;
    await world.step('lane');
    expect((await world.transaction(1)).phase).toBe('none');
    chain.lag[0] = 0;
    await world.rounds(40);
    expect([1, 2].map((n) => chain.effects(toyId(n)))).toEqual([1, 1]);
  });

  test('follows what was signed before, in a block, after a start in order', async () => {
    const path = join(folder, 'a.db');
    const before = await createWorld({ path, onTrial, network });
    const { chain } = before;
    await before.add(1, 2, 3);
    await before.step('lane');
    await before.store.close();
    const world = await createWorld({ chain, path, onTrial, network: { ...network, confirmations: 5 } });
    await world.step('lane');
    expect(chain.pendingHashes()).toHaveLength(1);
    chain.mine();
    await world.step('lane');
    await world.step('lane');
    expect(chain.pendingHashes()).toHaveLength(1);
    chain.mine();
    await world.step('lane');
    await world.rounds(10);
    expect([1, 2, 3].map((n) => chain.effects(toyId(n)))).toEqual([1, 1, 1]);
  });
});
