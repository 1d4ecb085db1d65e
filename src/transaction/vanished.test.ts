import { describe, expect, test } from 'vitest';
import { createWorld, toyId } from './test-world.ts';

describe('a final transaction that a deeper reorg took away', () => {
  test('is sent again, the same bytes, and what was signed after it goes on', async () => {
    const world = await createWorld();
    await world.add(1);
    await world.rounds(8);
    const state = await world.transaction(0);
    expect(state).toMatchObject({ phase: 'final', outcome: 'effect' });
    world.chain.reorg(8, { drop: true });
    world.chain.mine(12);
    world.nowMs += 120_000;
    await world.add(2);
    await world.rounds(8);
    expect([1, 2].map((n) => world.chain.effects(toyId(n)))).toEqual([1, 1]);
    expect(await world.toy(2)).toBe('done');
    expect(await world.transaction(0)).toEqual(state);
    expect(world.alarms()).toEqual([
      'a final transaction is no longer on the chain; its bytes are sent again',
    ]);
  });

  test('is not sent again where its operation was signed anew since', async () => {
    const world = await createWorld();
    await world.add(1);
    await world.step('lane');
    world.chain.failing.add(toyId(1));
    await world.rounds(6);
    expect(await world.transaction(0)).toMatchObject({ phase: 'final', outcome: 'reverted' });
    world.chain.failing.clear();
    world.nowMs += 120_000;
    await world.rounds(8);
    expect(await world.transaction(1)).toMatchObject({ phase: 'final', outcome: 'effect' });
    world.chain.reorg(Number(world.chain.head()), { drop: true });
    world.chain.mine(20);
    world.nowMs += 120_000;
    await world.rounds(8);
    expect(world.chain.effects(toyId(1))).toBeLessThanOrEqual(1);
    expect(world.alarms()).toContain('a final transaction is no longer on the chain');
  });
});
