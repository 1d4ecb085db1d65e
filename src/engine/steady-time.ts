import type { Clock, Timers } from '../ports/ports.ts';

/** Wall-clock time that never goes backwards and never stands still. */
export interface SteadyTime {
  /** Ms since the epoch. */
  nowMs(): number;
  /** The store stamped a commit with this time, so the present is not before it. */
  seen(timeMs: number): void;
}

/**
 * Creates the engine's notion of now. A jump forward is followed at once. After a jump back it goes on at the
 * pace of the monotonic clock, like the store, whose commits never get an earlier time: else everything
 * committed after the jump would be due only when the clock has caught up.
 */
export function createSteadyTime(clock: Clock, timers: Timers): SteadyTime {
  let baseMs = clock.nowMs();
  let baseMonotonicMs = timers.monotonicMs();
  const raise = (timeMs: number, monotonicMs: number): void => {
    baseMs = timeMs;
    baseMonotonicMs = monotonicMs;
  };
  const nowMs = (): number => {
    const monotonicMs = timers.monotonicMs();
    const steadyMs = baseMs + Math.floor(monotonicMs - baseMonotonicMs);
    const wallMs = clock.nowMs();
    if (wallMs <= steadyMs) return steadyMs;
    raise(wallMs, monotonicMs);
    return wallMs;
  };
  return {
    nowMs,
    seen(timeMs) {
      if (timeMs > nowMs()) raise(timeMs, timers.monotonicMs());
    },
  };
}
