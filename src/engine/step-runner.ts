import type { Clock, Random, Timers } from '../ports/ports.ts';
import { IssuanceError, unreachable } from '../primitives/failures.ts';
import type { Log } from '../telemetry/log.ts';
import { type ChosenStep, DEFAULT_CONCURRENCY, type Limits } from './choose-steps.ts';
import type { Dependencies } from './dependencies.ts';
import type { RowUpdates } from './row-updates.ts';
import type { SteadyTime } from './steady-time.ts';
import {
  type OutcomeKind,
  type RowUpdate,
  updateAfter,
  updateAfterFailure,
  updateAfterPause,
} from './step-outcome.ts';
import { type StepEnd, takeStep } from './take-step.ts';
import type { WorkError, Worker, WorkRow } from './work.ts';
import { workErrorOf } from './work-error.ts';

/** What metrics are told of one step. */
export interface StepReport {
  readonly kind: string;
  readonly phase: string;
  readonly dependency: string | null;
  readonly outcome: OutcomeKind;
  readonly durationMs: number;
}

/** The steps that run now. One row never has two. */
export interface StepRunner {
  start(step: ChosenStep): void;
  isRunning(id: string): boolean;
  running(): Iterable<WorkRow>;
  count(): number;
  /** The row was made due while its step runs: whatever the step brings, it is looked at again at once. */
  woken(id: string): void;
  kindsWithRoom(workers: ReadonlyMap<string, Worker>, limits: Limits): readonly string[];
  /** Begins anew to remember which rows' steps end. */
  forgetEnded(): void;
  /** Whether a step of this row ended since `forgetEnded`. */
  hasEnded(id: string): boolean;
}

interface Running {
  readonly row: WorkRow;
  readonly probe: boolean;
  woken: boolean;
}

export interface StepRunnerOptions {
  readonly rows: RowUpdates;
  readonly dependencies: Dependencies;
  readonly time: SteadyTime;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly onStep: (report: StepReport) => void;
  readonly onStoreError: (error: unknown) => void;
  readonly onEnd: () => void;
  readonly isStopping: () => boolean;
}

/**
 * Creates the runner: takes a step, tells the dependencies what it showed, and records the outcome on the
 * row.
 */
export function createStepRunner(options: StepRunnerOptions): StepRunner {
  const { rows, dependencies, time, timers, log } = options;
  const running = new Map<string, Running>();
  const ended = new Set<string>();

  const report = (row: WorkRow, outcome: OutcomeKind, startedMs: number): void => {
    try {
      const { kind, phase, dependency } = row;
      options.onStep({ kind, phase, dependency, outcome, durationMs: timers.monotonicMs() - startedMs });
    } catch (error) {
      log.error({ alarm: 'listener_failed', err: error }, 'a listener of steps threw');
    }
  };

  const run = async (entry: Running, worker: Worker): Promise<void> => {
    const startedMs = timers.monotonicMs();
    try {
      const end = await takeStep(worker, entry.row, rows, {
        mayRepeat: (row) => mayRepeat(row) && (entry.probe || !dependencies.isDown(row.dependency)),
        onConflict: (row) => {
          report(row, 'conflict', startedMs);
        },
      });
      const change = judge(end, entry);
      report(end.row, change.outcome, startedMs);
      const { update } = change;
      if (update !== null) {
        await rows.afterStep(end.row, () => (entry.woken ? { ...update, dueMs: time.nowMs() } : update));
      } else if (entry.woken) {
        // The step's commit has set the due time anew, by what the step knew before it was woken.
        await rows.makeDue(entry.row.id, time.nowMs());
      }
    } catch (error) {
      if (entry.row.dependency !== null)
        dependencies.inconclusive(entry.row.dependency, entry.row.id, time.nowMs());
      options.onStoreError(error);
    } finally {
      running.delete(entry.row.id);
      ended.add(entry.row.id);
      options.onEnd();
    }
  };

  const mayRepeat = (row: WorkRow): boolean =>
    !options.isStopping() && row.lane === null && row.dueMs !== null && row.dueMs <= time.nowMs();

  /** What the end of a step says of its dependency, and what becomes of the row. */
  const judge = (
    end: StepEnd,
    entry: Running,
  ): { readonly outcome: OutcomeKind; readonly update: RowUpdate | null } => {
    const { row } = end;
    const { dependency, id } = entry.row;
    const nowMs = time.nowMs();
    const fraction = options.random.fraction();
    switch (end.kind) {
      case 'result':
        dependencies.served(dependency, id);
        if (end.result.kind === 'failed') tellFailure(row, end.result.error, null);
        return { outcome: end.result.kind, update: updateAfter(end.result, row, nowMs, fraction) };
      case 'down':
        return { outcome: 'dependency_down', update: judgeDown(end, entry, nowMs, fraction) };
      case 'threw': {
        if (dependency !== null) dependencies.inconclusive(dependency, id, nowMs);
        const error = workErrorOf(end.error, options.clock.nowMs());
        tellFailure(row, error, end.error);
        return { outcome: 'threw', update: updateAfterFailure(error, row, nowMs, fraction) };
      }
      case 'skipped':
        if (dependency !== null) dependencies.inconclusive(dependency, id, nowMs);
        return { outcome: 'skipped', update: null };
      default:
        return unreachable(end);
    }
  };

  const judgeDown = (
    { row, error: down }: Extract<StepEnd, { kind: 'down' }>,
    entry: Running,
    nowMs: number,
    fraction: number,
  ): RowUpdate => {
    const { dependency, id } = entry.row;
    const error = workErrorOf(down, options.clock.nowMs());
    const { retryAfterMs } = down;
    const verdict = dependencies.failed(down.dependency, { id, error, retryAfterMs, nowMs });
    // Met with another dependency than the row names: that one is paused, but nothing would hold back this
    // row.
    const foreign = down.dependency !== dependency;
    if (foreign && dependency !== null) dependencies.inconclusive(dependency, id, nowMs);
    if (verdict === 'paused' && !foreign) return updateAfterPause(error, row, nowMs);
    tellFailure(row, error, null);
    return updateAfterFailure(error, row, nowMs, fraction);
  };

  /** Told once, not at every attempt: an outage of hours would bury everything else. */
  const tellFailure = (row: WorkRow, error: WorkError, thrown: unknown): void => {
    const fields = { operation: row.id, kind: row.kind, phase: row.phase, attempts: row.attempts + 1, error };
    if (row.lastError?.code === error.code) log.debug(fields, 'step failed again');
    else if (thrown === null || thrown instanceof IssuanceError) log.warn(fields, 'step failed');
    else log.error({ alarm: 'step_threw', ...fields, err: thrown }, 'step threw');
  };

  return {
    start({ row, worker, probe }) {
      const entry = { row, probe, woken: false };
      running.set(row.id, entry);
      if (row.dependency !== null) dependencies.started(row.dependency);
      if (probe && row.dependency !== null) dependencies.probing(row.dependency, row.id);
      void run(entry, worker);
    },
    isRunning: (id) => running.has(id),
    running: () => [...running.values()].map((it) => it.row),
    count: () => running.size,
    woken(id) {
      const entry = running.get(id);
      if (entry !== undefined) entry.woken = true;
    },
    kindsWithRoom(workers, limits) {
      if (running.size >= limits.steps) return [];
      const counts = new Map<string, number>();
      for (const { row } of running.values()) counts.set(row.kind, (counts.get(row.kind) ?? 0) + 1);
      return [...workers.values()]
        .filter((it) => (counts.get(it.kind) ?? 0) < (it.concurrency ?? DEFAULT_CONCURRENCY))
        .map((it) => it.kind);
    },
    forgetEnded() {
      ended.clear();
    },
    hasEnded: (id) => ended.has(id),
  };
}
