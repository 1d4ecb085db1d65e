import type { WorkRow } from '../engine/work.ts';
import { readWorkRow, WORK_TABLE } from '../engine/work.ts';
import type { EventStore } from '../event-store/event-store.ts';

/** The row of work of an operation; null at its end. */
export async function readWork(store: Pick<EventStore, 'find'>, id: string): Promise<WorkRow | null> {
  const [row] = await store.find({ table: WORK_TABLE.name, where: { id }, limit: 1 });
  return row === undefined ? null : readWorkRow(row);
}

/** What an operation's row of work says, in sentences. */
export function lookAtWork(work: WorkRow | null, nowMs: number): string[] {
  if (work === null) return [];
  const { waitingFor, attempts, lastError, dueMs } = work;
  const due = dueMs === null || dueMs <= nowMs ? '' : `, to be looked at at ${new Date(dueMs).toISOString()}`;
  const waits = waitingFor === null ? 'its next step is due' : `it waits for ${waitingFor}`;
  const said = `${waits}${attempts > 0 ? ` after ${String(attempts)} failures` : ''}${due}`;
  return lastError === null ? [said] : [said, `last error: ${lastError.message} (${lastError.code})`];
}
