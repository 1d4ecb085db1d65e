import { expect, test } from 'vitest';
import type { Job } from '../jobs.ts';
import { runJobs } from '../pool.ts';
import { bugs } from './bugs.ts';

/** Schedules within which every bug must be found. */
const MOST = 2_000;

test.each(Object.entries(bugs))('%s is found', async (plant, { found }) => {
  const seeds = new Set([...found, ...Array.from({ length: MOST }, (_, at) => at + 1)]);
  const jobs = [...seeds].slice(0, MOST).map((seed): Job => ({ kind: 'seed', seed }));
  const { failed } = await runJobs({ jobs, plant, isEnough: (verdict) => verdict.faults.length > 0 });
  expect(failed).not.toEqual([]);
  // A bug that keeps the service from starting at all would be no proof of anything.
  expect(failed.flatMap((it) => it.faults).filter((it) => it.startsWith('the simulation broke'))).toEqual([]);
});
