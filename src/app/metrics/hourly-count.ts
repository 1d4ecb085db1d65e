import type { Timers } from '../../ports/ports.ts';

const SLICE_MS = 60_000;
const SLICES = 60;

/** Counts what happened within the last hour, to the minute. */
export function createHourlyCount({ monotonicMs }: Pick<Timers, 'monotonicMs'>): {
  add(): void;
  count(): number;
} {
  const slices = Array.from({ length: SLICES }, () => 0);
  let current = Math.floor(monotonicMs() / SLICE_MS);
  /** Empties the slices that time has come round to again. */
  const advance = (): void => {
    const now = Math.floor(monotonicMs() / SLICE_MS);
    if (now - current >= SLICES) slices.fill(0);
    else for (let at = current + 1; at <= now; at += 1) slices[at % SLICES] = 0;
    current = now;
  };
  return {
    add() {
      advance();
      slices[current % SLICES] = (slices[current % SLICES] ?? 0) + 1;
    },
    count() {
      advance();
      return slices.reduce((sum, it) => sum + it, 0);
    },
  };
}
