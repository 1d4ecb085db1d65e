import type { Timers } from '../ports/ports.ts';
import { addressGroup } from './addresses.ts';

/** Failed credentials that one address may send within `WINDOW_MS`. */
const MOST_FAILURES = 10;
const WINDOW_MS = 60_000;
/** The last addresses to fail that are certainly counted. Twice as many are at most: some 2 MiB. */
const KEPT_ADDRESSES = 5_000;

/** Counts failed credentials. Nothing here ever hears of a call whose credentials are right. */
export interface Attempts {
  /** Counts one failure of a plain address; gives the wait in ms when there were too many already, else null. */
  fail(address: string): number | null;
}

/** @param onLimited told of an address that begins to be limited, at most once in `WINDOW_MS` whatever comes. */
export function createAttempts(
  timers: Pick<Timers, 'monotonicMs'>,
  onLimited: (address: string) => void,
): Attempts {
  // The moments of the last failures of each address, oldest first. When the newer map is full it becomes the older
  // one, and what was there is forgotten: a flood of addresses costs neither memory nor a search for the oldest.
  let newer = new Map<string, number[]>();
  let older = newer;
  let toldMs = Number.NEGATIVE_INFINITY;

  return {
    fail(address) {
      const group = addressGroup(address);
      const nowMs = timers.monotonicMs();
      const recent = (newer.get(group) ?? older.get(group) ?? []).filter((atMs) => nowMs - atMs < WINDOW_MS);
      const [oldest] = recent;
      if (oldest !== undefined && recent.length >= MOST_FAILURES) {
        if (nowMs - toldMs >= WINDOW_MS) {
          toldMs = nowMs;
          onLimited(group);
        }
        return oldest + WINDOW_MS - nowMs;
      }
      recent.push(nowMs);
      if (newer.size >= KEPT_ADDRESSES && !newer.has(group)) {
        older = newer;
        newer = new Map();
      }
      newer.set(group, recent);
      return null;
    },
  };
}
