import { expect, test } from 'vitest';
import type { Job } from './jobs.ts';
import { faultKinds } from './plan.ts';
import { runJobs } from './pool.ts';

const SEEDS = 2_000;
/** Seeds beyond these that once found something. */
const FOUND = [
  2_812, 2_823, 2_966, 3_620, 5_739, 8_087, 8_367, 11_200, 20_887, 22_626, 30_306, 44_260, 45_061,
];
/** The weather for which a bug is planted. */
const STORMS = 60;

test('every rule holds at the end of every schedule', async () => {
  const numbers = [...Array.from({ length: SEEDS }, (_, at) => at + 1), ...FOUND];
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
