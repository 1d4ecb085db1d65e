/**
 * First pause after a failure. Long enough that a partner's hiccup has passed, short enough to go unnoticed.
 */
export const FIRST_BACKOFF_MS = 250;

/** Longest pause between two attempts at one operation, or two probes of one dependency. */
export const LONGEST_BACKOFF_MS = 30_000;

/**
 * No due time is set further off than this; every longer delay is cut to it. So a row that claims to be due
 * later was written by a clock that has since been set back, and counts as due.
 */
export const LONGEST_DELAY_MS = 300_000;

/**
 * Pause before the next attempt, in ms: doubles from `firstMs` to `longestMs`, then half of it is random, so
 * that what failed together does not come back together.
 *
 * @param attempts failed attempts so far, at least 1
 * @param fraction uniform in [0, 1)
 */
export function backoffMs(
  attempts: number,
  fraction: number,
  firstMs: number = FIRST_BACKOFF_MS,
  longestMs: number = LONGEST_BACKOFF_MS,
): number {
  const doubled = firstMs * 2 ** (Math.max(1, attempts) - 1);
  const wholeMs = cutDelayMs(Math.min(doubled, Math.max(firstMs, longestMs)));
  return Math.ceil(wholeMs / 2 + (wholeMs / 2) * fraction);
}

/**
 * A delay that may be written to a row: a whole number of ms from 0 to `LONGEST_DELAY_MS`; NaN becomes the
 * longest.
 */
export function cutDelayMs(delayMs: number): number {
  if (Number.isNaN(delayMs)) return LONGEST_DELAY_MS;
  return Math.min(LONGEST_DELAY_MS, Math.max(0, Math.ceil(delayMs)));
}
