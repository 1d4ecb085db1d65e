import { getRandomValues } from 'node:crypto';
import type { Clock, Random, Timers } from './ports.ts';

/** Longest delay of `setTimeout`, which counts milliseconds in 31 bits and fires at once above that. */
const LONGEST_TIMEOUT_MS = 2_147_483_647;

/** The machine's wall clock. */
export const systemClock: Clock = { nowMs: () => Date.now() };

/** The timers of the event loop. Delays of any length hold; a pending one keeps the process alive. */
export const systemTimers: Timers = {
  after(delayMs, task) {
    let remainingMs = delayMs;
    let handle: NodeJS.Timeout;
    const arm = () => {
      const sliceMs = Math.min(remainingMs, LONGEST_TIMEOUT_MS);
      remainingMs -= sliceMs;
      handle = setTimeout(remainingMs > 0 ? arm : task, sliceMs);
    };
    arm();
    return () => {
      clearTimeout(handle);
    };
  },
  defer(task) {
    setImmediate(task);
  },
  monotonicMs: () => performance.now(),
};

/** Random bytes are fetched this many at a time: a call of the system for each id costs more than all else of it. */
const POOL_BYTES = 4_096;

let pool = new Uint8Array(0);
let taken = 0;

/** Bytes that nobody was given before. */
function randomBytes(length: number): Uint8Array {
  if (length > POOL_BYTES) return getRandomValues(new Uint8Array(length));
  if (taken + length > pool.length) {
    pool = getRandomValues(new Uint8Array(POOL_BYTES));
    taken = 0;
  }
  taken += length;
  return pool.slice(taken - length, taken);
}

/** The operating system's randomness for bytes; the engine's for fractions, which only spread load. */
export const systemRandom: Random = {
  bytes: randomBytes,
  fraction: () => Math.random(),
};
