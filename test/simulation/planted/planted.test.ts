import { expect, test } from 'vitest';
import type { Job } from '../jobs.ts';
import { runJobs } from '../pool.ts';
import type { Bug } from './bugs.ts';
import { bugs } from './bugs.ts';

/** Schedules within which every bug must be found. */
const MOST = 2_000;
/** Crash points of a round trip; one that it does not reach does nothing. */
const POINTS = 700;

test.each(Object.entries(bugs))('%s is found', async (plant, bug) => {
  const jobs = jobsFor(bug);
  const { failed } = await runJobs({ jobs, plant, isEnough: (verdict) => verdict.faults.length > 0 });
  expect(failed).not.toEqual([]);
  // A bug that keeps the service from starting at all would be no proof of anything.
  expect(failed.flatMap((it) => it.faults).filter((it) => it.startsWith('the simulation broke'))).toEqual([]);
});

function jobsFor({ by, found }: Bug): readonly Job[] {
  const last = by === 'crashes' ? POINTS : MOST;
  const numbers = [...new Set([...found, ...Array.from({ length: last }, (_, at) => at + 1)])].slice(0, last);
  return numbers.map((number): Job => {
    if (by === 'crashes') return { kind: 'crashes', at: [number] };
    return { kind: by ?? 'seed', seed: number };
  });
}
