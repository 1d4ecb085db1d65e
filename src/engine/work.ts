import type { Cell, Row, TableDefinition } from '../event-store/event-store.ts';
import type { ImpliedRow, StreamFacts } from '../event-store/ledger.ts';
import { cutDelayMs } from './backoff.ts';

/**
 * The `work` table: one row for every operation that is not at its end, and for everything else that must go
 * on (transactions until they are final, lanes, watchers). The rows are implied by the states, so work begins
 * and ends in the same commit as the events; attempts, due time and last error are operational.
 */
export const WORK_TABLE: TableDefinition = {
  name: 'work',
  columns: {
    id: 'name',
    kind: 'text',
    phase: 'text',
    since_ms: 'integer',
    waiting_for: 'text',
    dependency: 'text',
    lane: 'name',
    network: 'text',
    underlying: 'text',
    version: 'integer',
    due_ms: 'integer',
    attempts: 'integer',
    last_error: 'json',
  },
  required: ['kind', 'phase', 'since_ms', 'attempts'],
  key: ['id'],
  indexes: [
    { columns: ['lane', 'due_ms'], present: ['lane'] },
    { columns: ['due_ms'], present: ['due_ms'], absent: ['lane'] },
    ['kind', 'phase', 'since_ms'],
    { columns: ['kind', 'dependency', 'due_ms'], present: ['due_ms'] },
  ],
  source: 'log',
  operationalColumns: ['due_ms', 'attempts', 'last_error'],
};

/** The last failed attempt, in the partner's own words. */
export interface WorkError {
  readonly code: string;
  readonly message: string;
  readonly atMs: number;
  /** Id that the partner gave to the exchange, where it gave one. */
  readonly requestId?: string;
  readonly status?: number;
}

export interface WorkRow {
  readonly id: string;
  readonly kind: string;
  readonly phase: string;
  readonly sinceMs: number;
  readonly waitingFor: string | null;
  /** What must be up for the next step: `alpaca`, `chain:base`; null = nothing outside. */
  readonly dependency: string | null;
  /** Id of the lane that the operation is ready for; the engine leaves such rows to it. */
  readonly lane: string | null;
  readonly network: string | null;
  readonly underlying: string | null;
  /**
   * Version of the stream that implied the row, by which the engine sees that a step was overtaken by a
   * commit. Null on rows that no stream implies.
   */
  readonly version: number | null;
  /** Null: waits for an event, not for a time. */
  readonly dueMs: number | null;
  readonly attempts: number;
  readonly lastError: WorkError | null;
}

/** What the next step of a state is; a pure function of the state gives it. */
export type NextStep =
  /** At its end: no work row. */
  | { readonly kind: 'none' }
  /** One step of I/O, at once. */
  | { readonly kind: 'step'; readonly dependency: string | null }
  /** Ready for the lane: it takes the operation into a transaction. */
  | { readonly kind: 'lane'; readonly lane: string }
  /**
   * Waits for an event of another stream or for a person; looked at again at most every `recheckMs`, if
   * given.
   */
  | {
      readonly kind: 'wait';
      readonly for: string;
      readonly dependency?: string;
      readonly recheckMs?: number;
    };

/** The work row that a state implies; none at an end. Committing an event makes the row due at once. */
export function workRow(
  input: {
    readonly kind: string;
    readonly phase: string;
    readonly next: NextStep;
    readonly network?: string | null;
    readonly underlying?: string | null;
  },
  facts: StreamFacts,
  id: string = facts.id,
): readonly ImpliedRow[] {
  const { next } = input;
  if (next.kind === 'none') return [];
  const row: Record<string, Cell> = {
    id,
    kind: input.kind,
    phase: input.phase,
    since_ms: facts.sinceMs,
    waiting_for: next.kind === 'wait' ? next.for : next.kind === 'lane' ? 'lane' : null,
    dependency: next.kind === 'step' || next.kind === 'wait' ? (next.dependency ?? null) : null,
    lane: next.kind === 'lane' ? next.lane : null,
    network: input.network ?? null,
    underlying: input.underlying ?? null,
    version: facts.version,
  };
  const dueMs =
    next.kind !== 'wait'
      ? facts.updatedMs
      : next.recheckMs === undefined
        ? null
        : facts.updatedMs + cutDelayMs(next.recheckMs);
  return [{ table: WORK_TABLE.name, row, reset: { due_ms: dueMs, attempts: 0, last_error: null } }];
}

/** What one step of I/O brought. */
export type StepResult =
  /** A commit was made; it set the due time itself. */
  | { readonly kind: 'advanced' }
  /**
   * Looked, and it is too early. Not a failure: attempts and last error are cleared. At most
   * `LONGEST_DELAY_MS`.
   */
  | { readonly kind: 'later'; readonly delayMs: number }
  /** The same with a growing delay: `attempts` counts, the delay doubles from first to longest. */
  | { readonly kind: 'poll'; readonly firstMs: number; readonly longestMs: number }
  /** Failed without deciding anything: the row keeps the error, and backs off. */
  | { readonly kind: 'failed'; readonly error: WorkError };

/** One kind of work: how to take its next step. */
export interface Worker {
  readonly kind: string;
  /**
   * Takes one step. May throw: `DependencyDown` pauses everything that needs the same dependency; a
   * `VersionConflict` means someone else advanced the operation, and it is looked at again; anything else is
   * recorded on the row and backs off.
   */
  readonly step: (row: WorkRow) => Promise<StepResult>;
  /** Steps of this kind that run at once; default 16. */
  readonly concurrency?: number;
}

/** Reads a row of the `work` table. */
export function readWorkRow(row: Row): WorkRow {
  return {
    id: row['id'] as string,
    kind: row['kind'] as string,
    phase: row['phase'] as string,
    sinceMs: row['since_ms'] as number,
    waitingFor: row['waiting_for'] as string | null,
    dependency: row['dependency'] as string | null,
    lane: row['lane'] as string | null,
    network: row['network'] as string | null,
    underlying: row['underlying'] as string | null,
    version: row['version'] as number | null,
    dueMs: row['due_ms'] as number | null,
    attempts: row['attempts'] as number,
    lastError: row['last_error'] as WorkError | null,
  };
}
