import { drawSpec, drawStorm } from './draw.ts';
import { roundTrip } from './round-trip.ts';
import { type Result, runSchedule } from './run.ts';
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

/** How much longer it may take for each crash: a start, and the longest pause after which a wait is looked at again. */
const LOST_BY_A_CRASH_MS = 20_000;

interface Ending {
  /** Operations and balances. */
  readonly with: readonly string[];
  readonly endedMs: number;
}

let calm: Promise<Ending> | null = null;

/**
 * 8: it ends like the same round trip without a crash, and as soon. A mint of which the service knows, and Alpaca not,
 * since no answer reached it, is one more there; the AP asked again.
 */
async function crashAt(at: readonly number[]): Promise<Verdict> {
  calm ??= runSchedule(crashing([])).then(endingOf);
  const result = await runSchedule(crashing(at));
  const { faults, crashed } = verdictOf(result);
  const [wanted, found] = [await calm, endingOf(result)];
  const other =
    found.with.join() === wanted.with.join()
      ? []
      : [`8: it ends with ${found.with.join()}, not ${wanted.with.join()}`];
  const late =
    found.endedMs <= wanted.endedMs + at.length * LOST_BY_A_CRASH_MS
      ? []
      : [`8: it ends at ${String(found.endedMs)} ms, and without a crash at ${String(wanted.endedMs)}`];
  return { at, faults: [...faults, ...other, ...late], events: result.events, injected: [], crashed };
}

function endingOf({ summary, endedMs }: Result): Ending {
  const operations = summary.operations.filter((line) => !line.endsWith(' requested'));
  return { with: [...operations, ...summary.balances], endedMs };
}
