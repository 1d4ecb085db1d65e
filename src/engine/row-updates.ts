import { RowMissing } from '../event-store/errors.ts';
import type { EventStore, Row } from '../event-store/event-store.ts';
import { updateColumns, type RowUpdate } from './step-outcome.ts';
import { readWorkRow, WORK_TABLE, type WorkRow } from './work.ts';

/** Changes of the operational columns of single rows. Each is a commit of its own, without events. */
export interface RowUpdates {
  /** The row as it is now; null when the operation has ended. */
  read(id: string): Promise<WorkRow | null>;
  /**
   * Writes a step's outcome, unless a commit has changed the row since the step took it: that commit knew
   * better when the operation is due. `update` is asked at the last moment.
   */
  afterStep(taken: WorkRow, update: () => RowUpdate): Promise<void>;
  /** Makes the row due. False when the operation has ended. */
  makeDue(id: string, nowMs: number): Promise<boolean>;
}

/** Creates the writer of operational columns over a store. Rejects with what the store rejects with. */
export function createRowUpdates(store: EventStore, now: () => number): RowUpdates {
  const read = async (id: string): Promise<WorkRow | null> => {
    const [row] = await store.find({ table: WORK_TABLE.name, where: { id }, limit: 1 });
    return row === undefined ? null : readWorkRow(row);
  };

  const write = async (id: string, set: Row): Promise<boolean> => {
    try {
      await store.commit({
        appends: [],
        writes: () => [{ op: 'update', table: WORK_TABLE.name, key: { id }, set }],
        metadata: { actor: 'engine' },
      });
      return true;
    } catch (error) {
      if (error instanceof RowMissing) return false;
      throw error;
    }
  };

  return {
    read,
    async afterStep(taken, update) {
      const before = await read(taken.id);
      if (before === null || !isSame(before, taken)) return;
      const written = await write(taken.id, updateColumns(update()));
      if (!written || taken.version === null) return;
      // A commit may have slipped in between reading and writing; its due time is lost then. Looking at the
      // operation once more than needed is harmless, looking later than it asked for is not.
      const after = await read(taken.id);
      if (after === null || after.version === taken.version) return;
      await write(taken.id, updateColumns({ dueMs: now(), attempts: 0, lastError: null }));
    },
    makeDue: (id, nowMs) => write(id, { due_ms: nowMs }),
  };
}

/** Whether nothing has touched the row since it was taken. */
export function isSame(row: WorkRow, taken: WorkRow): boolean {
  return (
    row.version === taken.version &&
    row.dueMs === taken.dueMs &&
    row.phase === taken.phase &&
    row.sinceMs === taken.sinceMs &&
    row.lane === taken.lane
  );
}
