import { WORK_TABLE } from '../engine/work.ts';
import type { Cell, Row } from '../event-store/event-store.ts';
import type { ChangedStream, CommitReport, StreamFacts } from '../event-store/ledger.ts';
import { OPERATION_TABLE } from './operation-row.ts';

/** A step of an operation from one state to the next, as one commit made it. */
export interface OperationChange {
  readonly id: string;
  readonly kind: string;
  /** Null when the operation begins. */
  readonly from: string | null;
  readonly to: string;
  /** What it waits for after it; null when for nothing outside, or at its end. */
  readonly waitingFor: string | null;
  /** How long it was in the state that it leaves, ms; null when it begins. */
  readonly inStateMs: number | null;
  readonly facts: StreamFacts;
  readonly row: Row;
  /** The operation has come to an end: there is no work left to do. */
  readonly ended: boolean;
}

/**
 * What a commit changed about operations: each whose state, or what it waits for, is another one. Told from the rows
 * that the states imply, so that no kind of operation and no event can be forgotten.
 */
export function operationChanges(report: CommitReport): readonly OperationChange[] {
  return report.changes.map(changeOf).filter((it) => it !== null);
}

function changeOf({ id, facts, factsBefore, before, after }: ChangedStream): OperationChange | null {
  const row = after.find((it) => it.table === OPERATION_TABLE.name)?.row;
  if (row === undefined) return null;
  const old = before.find((it) => it.table === OPERATION_TABLE.name)?.row;
  const [from, to] = [text(old?.['state']), text(row['state']) ?? ''];
  const waitingFor = text(row['waiting_for']);
  if (from === to && text(old?.['waiting_for']) === waitingFor) return null;
  return {
    id,
    kind: text(row['kind']) ?? '',
    from,
    to,
    waitingFor,
    inStateMs: factsBefore === null ? null : Math.max(0, facts.updatedMs - factsBefore.sinceMs),
    facts,
    row,
    ended: !after.some((it) => it.table === WORK_TABLE.name),
  };
}

function text(cell: Cell | undefined): string | null {
  return typeof cell === 'string' ? cell : null;
}
