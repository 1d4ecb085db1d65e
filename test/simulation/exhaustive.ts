import type { Job } from './jobs.ts';
import { crashing } from './jobs.ts';
import { runSchedule } from './run.ts';

/**
 * A crash at every crash point of one mint and one redemption, before and after each exchange and commit; or, with a
 * number, every so many-th pair of them.
 */
export async function exhaustiveJobs(everyNthPair: number | null): Promise<readonly Job[]> {
  const { passed } = await runSchedule(crashing([]), { keepPassed: true });
  const points = passed.map((_, at) => at + 1);
  if (everyNthPair === null) return points.map((at) => ({ kind: 'crashes', at: [at] }));
  const jobs: Job[] = [];
  let count = 0;
  for (const first of points) {
    for (const second of points) {
      // The second one counts from where the first one left off: what follows a crash passes points again.
      count += 1;
      if (count % everyNthPair === 0) jobs.push({ kind: 'crashes', at: [first, first + second] });
    }
  }
  return jobs;
}
