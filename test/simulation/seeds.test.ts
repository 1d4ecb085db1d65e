import { expect, test } from 'vitest';
import type { Job } from './jobs.ts';
import { faultKinds } from './plan.ts';
import { runJobs } from './pool.ts';

/** A seed beyond these that finds something is run here from then on. */
const SEEDS = 2_000;
/**
 * Known to break, and not mended: a second process on an unmarked copy has the same key, and a redemption is burned
 * twice. Left out of the rest, and run by a test of its own (docs/reliability.md).
 */
const KNOWN_TO_BREAK = [1908];
/** The weather for which a bug is planted. */
const STORMS = 60;

test('every rule holds at the end of every schedule', async () => {
  const numbers = Array.from({ length: SEEDS }, (_, at) => at + 1).filter(
    (seed) => !KNOWN_TO_BREAK.includes(seed),
  );
  const jobs: readonly Job[] = [
    ...numbers.map((seed): Job => ({ kind: 'seed', seed })),
    ...numbers.slice(0, STORMS).map((seed): Job => ({ kind: 'storm', seed })),
  ];
  const { failed, injected, crashed } = await runJobs({ jobs });
  expect(failed.map((it) => `npm run sim -- --seed ${it.at.join()}: ${it.faults.join('; ')}`)).toEqual([]);
  // A kind of fault that never happens proves nothing.
  expect(faultKinds.filter((kind) => !injected.has(kind))).toEqual([]);
  expect(crashed.size).toBeGreaterThan(150);
});

test('what is known to break still does: once it no longer does, it belongs to the others again', async () => {
  const { failed } = await runJobs({ jobs: KNOWN_TO_BREAK.map((seed): Job => ({ kind: 'seed', seed })) });
  expect(failed.map((it) => it.at.join())).toEqual(KNOWN_TO_BREAK.map(String));
});
