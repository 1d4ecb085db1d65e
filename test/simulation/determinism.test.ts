import { expect, test } from 'vitest';
import { drawSpec } from './draw.ts';
import { runSchedule } from './run.ts';

test.each([3, 14, 41])('seed %i takes the same steps twice', async (seed) => {
  const first = await runSchedule(drawSpec(seed));
  const second = await runSchedule(drawSpec(seed));
  expect([second.traceHash, second.events, second.injected]).toEqual([
    first.traceHash,
    first.events,
    first.injected,
  ]);
  expect(first.events).toBeGreaterThan(400);
});

test('another seed takes other steps', async () => {
  const hashes = [];
  for (const seed of [1, 2, 3]) hashes.push((await runSchedule(drawSpec(seed))).traceHash);
  expect(new Set(hashes).size).toBe(3);
});
