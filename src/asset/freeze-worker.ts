import { LONGEST_DELAY_MS } from '../engine/backoff.ts';
import type { StepResult, Worker } from '../engine/work.ts';
import type { EventStore } from '../event-store/event-store.ts';
import { releaseFrozen } from '../operation/frozen-work.ts';
import type { Clock } from '../ports/ports.ts';
import { invariant } from '../primitives/failures.ts';
import type { Log } from '../telemetry/log.ts';
import type { Holds, PresentFreeze } from './holds.ts';
import type { FreezePeriod } from './underlying.ts';
import { UNDERLYING_WORK } from './underlying-kind.ts';

/** Pause after something changed; it grows to the engine's longest delay as long as nothing changes any more. */
const FIRST_LOOK_MS = 1_000;

export interface FreezeWorkerOptions {
  readonly holds: Pick<Holds, 'present'>;
  readonly store: EventStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes rows of work due now: the lanes that operations wait for. */
  readonly wake: (ids: readonly string[]) => void;
}

/**
 * Lets operations go on when a freeze ends. A hold that is lifted makes its row due, and a window that ends does so by
 * the row's due time. It looks a few times more afterwards, for what found the freeze while it ended and wrote that
 * down only then.
 */
export function createFreezeWorker(options: FreezeWorkerOptions): Worker {
  const { holds, clock } = options;
  const told = new Map<string, FreezePeriod['scope']>();
  return {
    kind: UNDERLYING_WORK,
    async step({ underlying }): Promise<StepResult> {
      invariant(underlying !== null, 'a row of an underlying names it');
      const nowMs = clock.nowMs();
      const period = await holds.present(underlying);
      tell(options.log, told, underlying, period);
      await letGo(options, underlying, period, nowMs);
      return { kind: 'later', delayMs: nextLookMs(period, nowMs) };
    },
  };
}

async function letGo(
  { store, log, wake }: FreezeWorkerOptions,
  underlying: string,
  { scope }: FreezePeriod,
  nowMs: number,
): Promise<void> {
  if (scope === 'all') return;
  const stopped = scope === 'none' ? 'new' : 'all';
  const { operations, lanes } = await releaseFrozen(store, underlying, stopped, nowMs);
  if (operations > 0) log.info({ underlying, operations }, 'operations go on after a freeze');
  if (lanes.length > 0) wake(lanes);
}

/** State changes are told once, also those that only the clock makes. */
function tell(
  log: Log,
  told: Map<string, FreezePeriod['scope']>,
  underlying: string,
  { scope, active }: FreezePeriod,
): void {
  const before = told.get(underlying) ?? 'none';
  told.set(underlying, scope);
  if (scope === before) return;
  const holds = active.map((it) => it.holdId);
  log.info(
    { underlying, scope, before, holds },
    scope === 'none' ? 'a freeze is over' : 'an underlying is frozen',
  );
}

/** At the period's end, and before that after as long again as nothing has changed. */
export function nextLookMs({ sinceMs, untilMs, changedMs }: PresentFreeze, nowMs: number): number {
  const quietMs = nowMs - Math.max(sinceMs ?? 0, changedMs ?? 0);
  const soonMs = Math.min(LONGEST_DELAY_MS, Math.max(FIRST_LOOK_MS, quietMs));
  return untilMs === null ? soonMs : Math.min(soonMs, untilMs - nowMs);
}
