import type { JsonObject } from '../event-store/event-store.ts';
import { unreachable } from '../primitives/failures.ts';
import { backoffMs, cutDelayMs } from './backoff.ts';
import type { StepResult, WorkError, WorkRow } from './work.ts';

/** How one step ended, as metrics count it. */
export type OutcomeKind =
  | StepResult['kind']
  /** Someone else advanced the operation meanwhile; it is looked at again. */
  | 'conflict'
  /** A dependency did not serve. */
  | 'dependency_down'
  /** An error that nobody foresaw. */
  | 'threw'
  /** Nothing was done: the row was gone or not due any more, or the engine is stopping. */
  | 'skipped';

/** What the engine writes to a row after a step that committed nothing. */
export interface RowUpdate {
  readonly dueMs: number;
  readonly attempts: number;
  readonly lastError: WorkError | null;
}

/** How a step's result changes its row; null where the step's own commit did it. */
export function updateAfter(
  result: StepResult,
  row: WorkRow,
  nowMs: number,
  fraction: number,
): RowUpdate | null {
  switch (result.kind) {
    case 'advanced':
      return null;
    case 'later':
      return { dueMs: nowMs + cutDelayMs(result.delayMs), attempts: 0, lastError: null };
    case 'poll': {
      const attempts = row.attempts + 1;
      const delayMs = backoffMs(attempts, fraction, result.firstMs, result.longestMs);
      return { dueMs: nowMs + delayMs, attempts, lastError: null };
    }
    case 'failed':
      return updateAfterFailure(result.error, row, nowMs, fraction);
    default:
      return unreachable(result);
  }
}

/** A failure that decided nothing: one more attempt, and a pause that grows. */
export function updateAfterFailure(
  error: WorkError,
  row: WorkRow,
  nowMs: number,
  fraction: number,
): RowUpdate {
  const attempts = row.attempts + 1;
  return { dueMs: nowMs + backoffMs(attempts, fraction), attempts, lastError: error };
}

/**
 * Its dependency is down: due at once but behind the others, so that probes rotate, and no attempt is
 * counted.
 */
export function updateAfterPause(error: WorkError, row: WorkRow, nowMs: number): RowUpdate {
  return { dueMs: nowMs, attempts: row.attempts, lastError: error };
}

/** The columns of an update. */
export function updateColumns(update: RowUpdate): {
  readonly due_ms: number;
  readonly attempts: number;
  readonly last_error: JsonObject | null;
} {
  return {
    due_ms: update.dueMs,
    attempts: update.attempts,
    last_error: update.lastError === null ? null : { ...update.lastError },
  };
}
