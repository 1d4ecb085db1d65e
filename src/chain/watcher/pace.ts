import type { Timers } from '../../ports/ports.ts';
import type { WatchTask } from './network.ts';
import type { Found } from './passes.ts';
import type { Activity } from './types.ts';

/**
 * When a watcher looks. A full reading costs about seven requests, a look for arrivals one. While nothing is
 * open, only an arrival can begin something, so looks are made at every poll and readings seldom; hints, where
 * they come in, let the polls be rarer still.
 */
export interface Pace {
  /** Whether the head task must read; else it only looks for arrivals. */
  isReadingDue(): boolean;
  /** A hint came: the next step of the head task reads. */
  hinted(): void;
  /** Someone waits for the second pass. True when it should be woken. */
  finalWanted(): boolean;
  /** A task begins to read. */
  begin(task: WatchTask): void;
  /** The head task read to the end; `headBlock` is the confirmed head that it saw. */
  hasRead(headBlock: bigint | null): void;
  /** Pause after a look that found nothing, ms. */
  lookMs(): number;
  /** Pause after a reading, ms. */
  pauseMs(task: WatchTask, found: Found): number;
}

/** Pause while something moves, ms: what happens is seen about as fast as blocks come. */
const SHORT_PAUSE_MS = 250;
/** The same where every new block is announced: for the announcement that gets lost. */
const HINTED_PAUSE_MS = 2000;
/** Readings after the last operation has ended: what it did on chain is to be in the books soon. */
const READINGS_AFTER = 3;
/** While nothing is open, everything is read once in so many polls: with polls of 4 s, every two minutes. */
const IDLE_FACTOR = 30;
/** Nor does the head run away further: nodes keep the states of the last 128 blocks, and balances are read there. */
const IDLE_BLOCKS = 60;
/** Finality comes in steps and nothing but a quarantine waits for it: the second pass may take its time. */
const FINAL_FACTOR = 4;
/** The same while nothing is open: with polls of 4 s, every five minutes. */
const IDLE_FINAL_FACTOR = 75;

/** Creates the pace of one watcher. */
export function createPace(options: {
  readonly pollMs: number;
  readonly hintedPollMs: number;
  readonly activity: () => Activity;
  readonly isHinted: () => boolean;
  readonly timers: Pick<Timers, 'monotonicMs'>;
}): Pace {
  const { pollMs, hintedPollMs, activity, isHinted, timers } = options;
  let hinted = false;
  let finalWanted = false;
  let readingsLeft = READINGS_AFTER;
  let last: { readonly atMs: number; readonly headBlock: bigint } | null = null;
  let idleMs = pollMs * IDLE_FACTOR;

  const longestMs = (): number => (isHinted() ? hintedPollMs : pollMs);

  /** At the speed at which the chain grew between two readings. */
  const idlePauseMs = (atMs: number, headBlock: bigint): number => {
    const wholeMs = pollMs * IDLE_FACTOR;
    if (last === null || headBlock <= last.headBlock) return wholeMs;
    return Math.min(wholeMs, ((atMs - last.atMs) / Number(headBlock - last.headBlock)) * IDLE_BLOCKS);
  };

  return {
    isReadingDue() {
      if (activity() !== 'idle') readingsLeft = READINGS_AFTER;
      if (hinted || readingsLeft > 0 || last === null) return true;
      return timers.monotonicMs() - last.atMs >= idleMs;
    },
    hinted() {
      hinted = true;
    },
    finalWanted() {
      const isNew = !finalWanted;
      finalWanted = true;
      return isNew;
    },
    begin(task) {
      if (task === 'head') hinted = false;
      if (task === 'final') finalWanted = false;
    },
    hasRead(headBlock) {
      if (activity() === 'idle') readingsLeft = Math.max(0, readingsLeft - 1);
      if (headBlock === null) return;
      const atMs = timers.monotonicMs();
      idleMs = idlePauseMs(atMs, headBlock);
      last = { atMs, headBlock };
    },
    lookMs: longestMs,
    pauseMs(task, found) {
      if (found.more) return 0;
      if (task === 'final') {
        if (finalWanted) return Math.min(SHORT_PAUSE_MS, pollMs);
        return pollMs * (activity() === 'idle' ? IDLE_FINAL_FACTOR : FINAL_FACTOR);
      }
      if (found.logs > 0) return Math.min(SHORT_PAUSE_MS, pollMs);
      if (activity() !== 'moving') return longestMs();
      return Math.min(isHinted() ? HINTED_PAUSE_MS : SHORT_PAUSE_MS, pollMs);
    },
  };
}
