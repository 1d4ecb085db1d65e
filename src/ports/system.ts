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

/** The operating system's randomness for bytes; the engine's for fractions, which only spread load. */
export const systemRandom: Random = {
  bytes: (length) => getRandomValues(new Uint8Array(length)),
  fraction: () => Math.random(),
};
