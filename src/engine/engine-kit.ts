import { createLedger, anyKind } from '../event-store/create-ledger.ts';
import { change, type Ledger, type StreamKind } from '../event-store/ledger.ts';
import { openSqliteStore, type SqliteStore } from '../event-store/sqlite/open-sqlite-store.ts';
import { createManualPorts, type ManualPorts } from '../ports/manual-ports.ts';
import { recordingLog } from '../telemetry/log.ts';
import type { DependencyState } from './dependencies.ts';
import { createEngine, type Engine, type EngineOptions } from './engine.ts';
import type { StepReport } from './step-runner.ts';
import { readWorkRow, WORK_TABLE, workRow, type NextStep, type Worker, type WorkRow } from './work.ts';

/** A stream whose state is nothing but what is to be done next: enough to drive the engine in its tests. */
interface Job {
  readonly kind: string;
  readonly phase: string;
  readonly next: NextStep;
}

type JobEvent = { readonly type: 'set'; readonly data: { readonly job: string } };

const JOB: StreamKind<Job, JobEvent> = {
  category: 'job',
  initialState: { kind: 'job', phase: 'none', next: { kind: 'none' } },
  evolve: (_, event) => JSON.parse(event.data.job) as Job,
  phase: (state) => state.phase,
  rows: (state, facts) => workRow(state, facts),
};

export interface EngineKit {
  readonly ports: ManualPorts;
  readonly store: SqliteStore;
  readonly ledger: Ledger;
  readonly log: ReturnType<typeof recordingLog>;
  readonly reports: StepReport[];
  readonly changes: DependencyState[];
  engine(workers: readonly Worker[], more?: Partial<EngineOptions>): Engine;
  /** Commits what is to be done next of a job, as an event of its stream. */
  set(id: string, next: NextStep, more?: { readonly kind?: string; readonly phase?: string }): Promise<void>;
  row(id: string): Promise<WorkRow | null>;
  /**
   * Calls back after the engine's next query of this sort was answered, before the engine sees the answer.
   */
  afterNextRead(sort: 'due rows' | 'one row', then: () => Promise<void>): void;
  /** Sets operational columns of a row behind everyone's back. */
  tamper(id: string, set: { readonly due_ms?: number; readonly attempts?: number }): Promise<void>;
}

export const STEP: NextStep = { kind: 'step', dependency: null };
export const END: NextStep = { kind: 'none' };
export const needs = (dependency: string): NextStep => ({ kind: 'step', dependency });

/** Opens a store in memory, with jobs in it, under manual time. */
export async function createEngineKit(): Promise<EngineKit> {
  const ports = createManualPorts();
  const { clock, timers, random } = ports;
  const tables = [WORK_TABLE];
  const store = await openSqliteStore({
    path: ':memory:',
    tables,
    clock,
    timers,
    onFatal: (error) => {
      throw error;
    },
  });
  const ledger = createLedger(store, { kinds: [anyKind(JOB)], tables });
  const log = recordingLog();
  const reports: StepReport[] = [];
  const changes: DependencyState[] = [];
  return {
    ports,
    store,
    ledger,
    log,
    reports,
    changes,
    engine: (workers, more = {}) =>
      createEngine({
        store,
        clock,
        timers,
        random,
        workers,
        log,
        onStep: (report) => reports.push(report),
        onDependency: (state) => changes.push(state),
        ...more,
      }),
    async set(id, next, { kind = 'job', phase = 'open' } = {}) {
      const loaded = await ledger.load(JOB, id);
      const event: JobEvent = { type: 'set', data: { job: JSON.stringify({ kind, phase, next }) } };
      await ledger.commit({ changes: [change(JOB, loaded, [event])], metadata: { actor: 'test' } });
    },
    async row(id) {
      const [row] = await store.find({ table: 'work', where: { id } });
      return row === undefined ? null : readWorkRow(row);
    },
    afterNextRead(sort, then) {
      const find = store.find.bind(store);
      store.find = async (query) => {
        const rows = await find(query);
        if ((query.where?.['id'] === undefined ? 'due rows' : 'one row') !== sort) return rows;
        store.find = find;
        await then();
        return rows;
      };
    },
    async tamper(id, set) {
      await store.commit({
        appends: [],
        writes: () => [{ op: 'update', table: 'work', key: { id }, set }],
        metadata: { actor: 'test' },
      });
    },
  };
}

/** A promise that is settled from outside. */
export function createGate(): {
  readonly opened: Promise<void>;
  open(): void;
  fail(error: unknown): void;
} {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { opened: promise, open: () => resolve(), fail: (error) => reject(error) };
}
