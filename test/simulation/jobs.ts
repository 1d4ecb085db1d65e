import { drawSpec, drawStorm } from './draw.ts';
import { roundTrip } from './round-trip.ts';
import { runSchedule } from './run.ts';
import type { Spec } from './spec.ts';
import type { Verdict } from './tally.ts';
import { verdictOf } from './tally.ts';

/** What a worker can be asked to do. */
export type Job =
  /** Runs the schedule that is drawn from a seed. */
  | { readonly kind: 'seed'; readonly seed: number }
  /** Runs the storm that is drawn from a seed. */
  | { readonly kind: 'storm'; readonly seed: number }
  /** Runs one mint and one redemption, with crashes at these crash points and nothing else. */
  | { readonly kind: 'crashes'; readonly at: readonly number[] };

/** Does a job; whatever breaks is a fault of it. */
export async function doJob(job: Job): Promise<Verdict> {
  try {
    if (job.kind === 'crashes') return await crashAt(job.at);
    return verdictOf(await runSchedule(job.kind === 'seed' ? drawSpec(job.seed) : drawStorm(job.seed)));
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const at = job.kind === 'crashes' ? job.at : [job.seed];
    return { at, faults: [`the simulation broke: ${why}`], events: 0, injected: [], crashed: [] };
  }
}

/** The round trip with these crashes. */
export function crashing(at: readonly number[]): Spec {
  return { ...roundTrip, crashes: at };
}

let calm: Promise<readonly string[]> | null = null;

/**
 * 8: it ends like the same round trip without a crash. A mint of which the service knows, and Alpaca not, since no
 * answer reached it, is one more there; the AP asked again.
 */
async function crashAt(at: readonly number[]): Promise<Verdict> {
  calm ??= endOf(crashing([]));
  const result = await runSchedule(crashing(at));
  const { faults, crashed } = verdictOf(result);
  const wanted = await calm;
  const found = [
    ...result.summary.operations.filter((line) => !line.endsWith(' requested')),
    ...result.summary.balances,
  ];
  const other =
    found.join() === wanted.join() ? [] : [`8: it ends with ${found.join()}, not ${wanted.join()}`];
  return { at, faults: [...faults, ...other], events: result.events, injected: [], crashed };
}

async function endOf(spec: Spec): Promise<readonly string[]> {
  const { summary } = await runSchedule(spec);
  return [...summary.operations, ...summary.balances];
}
