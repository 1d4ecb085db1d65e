import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
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

test('the line that replays a failure shows its actions, faults and end', () => {
  // With a split, whose fraction no JSON holds.
  const seed = 14;
  const program = join(import.meta.dirname, 'sim.ts');
  const shown = execFileSync(process.execPath, [program, '--seed', String(seed)], { encoding: 'utf8' });
  expect(drawSpec(seed).actions.map((it) => it.kind)).toContain('split');
  expect(shown).toMatch(/^set up: .*^action 0: \{"kind":.*"split".*^fault .*every rule holds$/ms);
});
