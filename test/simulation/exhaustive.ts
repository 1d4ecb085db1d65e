import type { Job } from './jobs.ts';
import { crashing } from './jobs.ts';
import { runSchedule } from './run.ts';
import type { CrashPoint } from './world.ts';

/**
 * A crash at every crash point of one mint and one redemption, before and after each exchange and commit; or, with a
 * number, every so many-th pair of those that leave something behind.
 */
export async function exhaustiveJobs(everyNthPair: number | null): Promise<readonly Job[]> {
  const { passed } = await runSchedule(crashing([]), { keepPassed: true });
  if (everyNthPair === null) return passed.map((_, at) => ({ kind: 'crashes', at: [at + 1] }));
  const jobs: Job[] = [];
  let count = 0;
  for (const first of marks(passed, 0)) {
    // What follows a crash passes points again, others than without it.
    const after = await runSchedule(crashing([first]), { keepPassed: true });
    for (const second of marks(after.passed, first)) {
      count += 1;
      if (count % everyNthPair === 0) jobs.push({ kind: 'crashes', at: [first, second] });
    }
  }
  return jobs;
}

/**
 * Numbers of the crash points after `from` at which the disk or somebody else knows more than at the point before. A
 * process that dies leaves nothing else, so a crash around a mere question is the same as at the point before it.
 */
function marks(passed: readonly CrashPoint[], from: number): readonly number[] {
  return passed.flatMap(({ what }, at) => (at >= from && !isQuestion(what) ? [at + 1] : []));
}

function isQuestion(what: string): boolean {
  return what.startsWith('alpaca GET') || (what.startsWith('rpc') && what !== 'rpc eth_sendRawTransaction');
}
