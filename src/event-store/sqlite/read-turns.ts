import type { Timers } from '../../ports/ports.ts';
import type { Connection } from './connection.ts';

/**
 * Reads of one turn of the event loop, in one read transaction. Each read by itself would take a lock of the file and
 * give it back, and look whether somebody else wrote: two calls of the system, as dear as the read of one row.
 */
export interface ReadTurns {
  /** A read follows. The transaction ends by itself when the turn is over. */
  enter(): void;
  /** Must be called before anything is written, and before the database is closed or copied. */
  leave(): void;
  /** Whether what is read now is durable: no group of commits, and no other transaction that writes, is open. */
  isOpen(): boolean;
}

export function createReadTurns(connection: Connection, timers: Pick<Timers, 'defer'>): ReadTurns {
  const { db } = connection;
  let isOpen = false;
  let isEndDue = false;
  const leave = (): void => {
    if (!isOpen) return;
    isOpen = false;
    // Not when a failure of the disk has ended it already, or when the database is closed.
    if (db.isOpen && db.isTransaction) connection.prepare('END').run();
  };
  return {
    enter() {
      if (isOpen || db.isTransaction) return;
      connection.prepare('BEGIN').run();
      isOpen = true;
      if (isEndDue) return;
      isEndDue = true;
      timers.defer(() => {
        isEndDue = false;
        leave();
      });
    },
    leave,
    isOpen: () => isOpen,
  };
}
