import type { Result } from './run.ts';

/** What a worker tells of one schedule: small enough to send thousands. */
export interface Verdict {
  /** The seed, or the crash points. */
  readonly at: readonly number[];
  readonly faults: readonly string[];
  readonly events: number;
  /** Faults that happened, by kind. */
  readonly injected: readonly (readonly [kind: string, count: number])[];
  /** Crash points at which it crashed, with the states of what was open. */
  readonly crashed: readonly (readonly [point: string, count: number])[];
}

export function verdictOf(result: Result): Verdict {
  const injected = Map.groupBy(result.injected, (it) => it.kind);
  return {
    at: [result.seed],
    faults: result.faults,
    events: result.events,
    injected: [...injected].map(([kind, found]) => [kind, found.length] as const),
    crashed: [...result.crashed],
  };
}

/** Sums over many schedules. */
export interface Tally {
  readonly schedules: number;
  readonly events: number;
  readonly failed: readonly Verdict[];
  readonly injected: ReadonlyMap<string, number>;
  readonly crashed: ReadonlyMap<string, number>;
}

export function createTally(): { add(verdict: Verdict): void; read(): Tally } {
  const injected = new Map<string, number>();
  const crashed = new Map<string, number>();
  const failed: Verdict[] = [];
  let schedules = 0;
  let events = 0;
  const count = (counts: Map<string, number>, found: Verdict['injected']): void => {
    for (const [name, times] of found) counts.set(name, (counts.get(name) ?? 0) + times);
  };
  return {
    add(verdict) {
      schedules += 1;
      events += verdict.events;
      count(injected, verdict.injected);
      count(crashed, verdict.crashed);
      if (verdict.faults.length > 0) failed.push(verdict);
    },
    read: () => ({ schedules, events, failed, injected, crashed }),
  };
}
