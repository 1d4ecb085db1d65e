import type { EventStore } from '../event-store/event-store.ts';
import type { Clock, Random, Timers } from '../ports/ports.ts';
import { invariant } from '../primitives/failures.ts';
import type { Log } from '../telemetry/log.ts';
import { chooseSteps, DEFAULT_CONCURRENCY, type Limits } from './choose-steps.ts';
import { createDependencies, type DependencyState } from './dependencies.ts';
import { kindsInUse, PAGE, readDueRows } from './due-rows.ts';
import { createRowUpdates } from './row-updates.ts';
import { createStepRunner, type StepReport } from './step-runner.ts';
import { createSteadyTime } from './steady-time.ts';
import type { Worker } from './work.ts';

/** Longest pause between two looks at the table: what no commit announced is found after it. */
export const LONGEST_POLL_MS = 1000;

const DEFAULT_LIMITS: Limits = { steps: 64, stepsPerDependency: 32 };

export interface EngineOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /**
   * One for each kind of work. A step must end by itself: whatever it waits for needs a time limit of its
   * own.
   */
  readonly workers: readonly Worker[];
  readonly log: Log;
  /** Steps at once: 64 in all, 32 that need the same dependency. */
  readonly limits?: Partial<Limits>;
  /** Told of every step that ended, for metrics. */
  readonly onStep?: (report: StepReport) => void;
  /** Told when a dependency goes down or comes up, for metrics. */
  readonly onDependency?: (state: DependencyState) => void;
}

export interface Engine {
  /** Begins to take due rows. Once only. */
  start(): void;
  /** Starts no further step, and resolves when the running ones have ended and are recorded. */
  stop(): Promise<void>;
  /** Makes these rows due now, in whatever they wait; without ids, looks at the table. */
  wake(id?: string | readonly string[]): void;
  /** Every dependency that was needed so far. */
  dependencies(): readonly DependencyState[];
  /**
   * Resolves when no step runs and none could be started now (those of a dependency that is down cannot). For
   * tests. Rejects when the store fails.
   */
  idle(): Promise<void>;
}

/** Creates the engine: the one thing that advances operations, after a start, a crash, or a commit alike. */
export function createEngine(options: EngineOptions): Engine {
  const { store, timers, random, log } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const workers = checkWorkers(options.workers, limits);
  const time = createSteadyTime(options.clock, timers);
  const dependencies = createDependencies({
    fraction: () => random.fraction(),
    onChange: (state) => {
      if (state.state === 'down')
        log.warn({ dependency: state.name, reason: state.reason }, 'dependency down');
      else log.info({ dependency: state.name }, 'dependency up');
      options.onDependency?.(state);
    },
  });
  const rows = createRowUpdates(store, () => time.nowMs());
  const runner = createStepRunner({
    rows,
    dependencies,
    time,
    clock: options.clock,
    timers,
    random,
    log,
    onStep: options.onStep ?? (() => {}),
    onStoreError: (error) => storeFailed(error),
    onEnd: () => look(),
    isStopping: () => phase === 'stopped',
  });

  let phase: 'new' | 'running' | 'stopped' = 'new';
  let looking = false;
  let wanted = false;
  let deferred = false;
  let hasBacklog = false;
  let sideTasks = 0;
  let storeError: unknown = null;
  let cancelTimer = (): void => {};
  let unsubscribe = (): void => {};
  let onIdle: Waiter[] = [];
  let onStopped: (() => void)[] = [];

  /** Looks at the table soon; any number of calls in one turn make one look. */
  const look = (): void => {
    wanted = true;
    // After a failure of the store the timer asks again, so that a broken disk is not hammered.
    if (phase === 'running' && !deferred && !looking && storeError === null) {
      deferred = true;
      timers.defer(() => {
        deferred = false;
        void takeDue();
      });
    }
    tellWaiters();
  };

  const lookAfter = (delayMs: number): void => {
    cancelTimer();
    cancelTimer = timers.after(Math.min(LONGEST_POLL_MS, Math.max(1, delayMs)), () => {
      storeError = null;
      look();
    });
  };

  const storeFailed = (error: unknown): void => {
    if (storeError === null)
      log.error(
        { alarm: 'store_failed', err: error, stopping: phase === 'stopped' },
        'the store failed the engine',
      );
    storeError = error;
    if (phase === 'running') lookAfter(LONGEST_POLL_MS);
    tellWaiters();
  };

  const takeDue = async (): Promise<void> => {
    looking = true;
    wanted = false;
    try {
      if (phase === 'running') await startDue();
    } catch (error) {
      storeFailed(error);
    }
    looking = false;
    if (wanted) look();
    else tellWaiters();
  };

  const startDue = async (): Promise<void> => {
    const nowMs = time.nowMs();
    const kinds = runner.kindsWithRoom(workers, limits);
    if (kinds.length === 0) return;
    // A step that ends while the rows are being read leaves its row as this reading may not see it.
    runner.forgetEnded();
    const due = await readDueRows(store, { nowMs, kinds, limitFor, expectsBacklog: hasBacklog });
    // What has no room now was not read, and tells nothing.
    hasBacklog = due.isBacklog || (hasBacklog && kinds.length < workers.size);
    if (phase !== 'running') return;
    dependencies.forgetUnneeded(nowMs);
    const isRunning = (id: string): boolean => runner.isRunning(id) || runner.hasEnded(id);
    const running = runner.running();
    const chosen = chooseSteps({ due: due.rows, isRunning, running, workers, dependencies, limits, nowMs });
    for (const step of chosen) runner.start(step);
    // A probe that is overdue and was not started waits for an operation, which a commit or the poll will
    // bring.
    const probeMs = dependencies.nextProbeMs(nowMs) ?? Infinity;
    lookAfter(Math.min(due.nextDueMs ?? Infinity, probeMs) - nowMs);
  };

  /**
   * Enough rows of each kind to fill its room past the running ones; of a paused dependency, some to probe
   * with.
   */
  const limitFor = (kind: string, dependency: string | null): number =>
    dependencies.isDown(dependency) ? PAGE : 2 * (workers.get(kind)?.concurrency ?? DEFAULT_CONCURRENCY);

  const tellWaiters = (): void => {
    const quiet = runner.count() === 0 && sideTasks === 0 && !looking && !deferred;
    if (quiet && phase === 'stopped') for (const resolve of onStopped.splice(0)) resolve();
    if (storeError !== null) for (const waiter of onIdle.splice(0)) waiter.reject(storeError);
    else if (quiet && (phase !== 'running' || !wanted))
      for (const waiter of onIdle.splice(0)) waiter.resolve();
  };

  /** Something that is no step, and that the engine waits for before it has stopped. */
  const runAside = async (task: () => Promise<unknown>): Promise<void> => {
    sideTasks += 1;
    try {
      await task();
    } catch (error) {
      storeFailed(error);
    }
    sideTasks -= 1;
    look();
  };

  const makeDue = (id: string): Promise<unknown> => {
    runner.woken(id);
    return rows.makeDue(id, time.nowMs());
  };

  /** Rows that nobody works on stand still for ever, so they are told of. */
  const reportUnknownKinds = async (): Promise<void> => {
    const unknown = (await kindsInUse(store)).filter((kind) => !workers.has(kind));
    for (const kind of unknown)
      log.error(
        { alarm: 'work_unknown', kind },
        'no worker for this kind of operation: all of them stand still',
      );
  };

  return {
    start() {
      invariant(phase === 'new', 'an engine is started once');
      phase = 'running';
      unsubscribe = store.onCommitted((committed) => {
        time.seen(committed.timeMs);
        look();
      });
      void runAside(reportUnknownKinds);
    },
    stop() {
      phase = 'stopped';
      unsubscribe();
      cancelTimer();
      return new Promise((resolve) => {
        onStopped.push(resolve);
        tellWaiters();
      });
    },
    wake(id) {
      // Whoever wakes may not know yet, and the next start looks at everything anyway.
      if (phase === 'stopped') return;
      const ids = id === undefined ? [] : typeof id === 'string' ? [id] : id;
      for (const one of new Set(ids)) void runAside(() => makeDue(one));
      look();
    },
    dependencies: () => dependencies.states(),
    idle() {
      return new Promise((resolve, reject) => {
        onIdle.push({ resolve, reject });
        look();
      });
    },
  };
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function checkWorkers(workers: readonly Worker[], limits: Limits): ReadonlyMap<string, Worker> {
  const byKind = new Map(workers.map((worker) => [worker.kind, worker]));
  invariant(byKind.size === workers.length, 'each kind of work has one worker');
  invariant(limits.steps < PAGE, `at most ${String(PAGE - 1)} steps run at once`);
  return byKind;
}
