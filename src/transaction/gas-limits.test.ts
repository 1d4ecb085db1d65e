import { describe, expect, test } from 'vitest';
import { createGasLimits } from './gas-limits.ts';
import type { World } from './test-world.ts';
import { createWorld, toyId } from './test-world.ts';

/** Gas limits that were signed, by nonce. */
async function limits(world: World, ...nonces: readonly number[]): Promise<readonly bigint[]> {
  const states = await Promise.all(nonces.map((nonce) => world.transaction(nonce)));
  return states.map((state) => (state.phase === 'none' ? 0n : state.variants[0].gas));
}

describe('gas limits', () => {
  test('a known limit has the margin of an estimate over what passes its proof', () => {
    const known = createGasLimits({ monotonicMs: () => 0 });
    known.learn('mints', 3_600_000n);
    const found = known.find('mints');
    if (found === null) throw new Error('it was forgotten');
    expect(found.limit * 10n).toBeGreaterThanOrEqual(found.proof * 13n);
    expect(found.proof).toBeGreaterThan(3_600_000n);
    expect(known.find('burns')).toBeNull();
  });

  test('are forgotten after a minute', () => {
    let nowMs = 0;
    const known = createGasLimits({ monotonicMs: () => nowMs });
    known.learn('mints', 100_000n);
    nowMs = 59_999;
    expect(known.find('mints')).not.toBeNull();
    nowMs = 60_000;
    expect(known.find('mints')).toBeNull();
  });
});

describe('batches of one shape', () => {
  test('are estimated once, and run once each with what is known', async () => {
    const world = await createWorld({ network: { batchCount: 1 } });
    await world.add(1);
    await world.rounds(3);
    expect(world.chain.estimates).toBe(1);
    await world.add(2, 3);
    await world.rounds(3);
    expect(world.chain.estimates).toBe(1);
    const [first, ...others] = await limits(world, 0, 1, 2);
    expect(first).toBe((121_000n * 13n) / 10n + 20_000n);
    for (const limit of others) expect(limit).toBeGreaterThanOrEqual((121_000n * 13n) / 10n);
    expect(await Promise.all([1, 2, 3].map(world.toy))).toEqual(['done', 'done', 'done']);
  });

  test('that need more than the known limit leaves room for are estimated again', async () => {
    const world = await createWorld({ network: { batchCount: 1 } });
    await world.add(1);
    await world.rounds(3);
    world.chain.gasPerOperation = 140_000n;
    await world.add(2);
    await world.rounds(3);
    expect(world.chain.estimates).toBe(2);
    expect(await limits(world, 1)).toEqual([(161_000n * 13n) / 10n + 20_000n]);
  });

  test('that would revert are not signed, although a limit is known', async () => {
    const world = await createWorld({ network: { batchCount: 1 } });
    await world.add(1);
    await world.rounds(3);
    world.chain.failing.add(toyId(2));
    await world.add(2);
    await world.rounds(3);
    expect(await world.transaction(1)).toEqual({ phase: 'none' });
    expect((await world.work(toyId(2)))?.lastError).toMatchObject({ code: 'simulation_failed' });
  });
});
