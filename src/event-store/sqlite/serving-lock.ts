import { DatabaseSync } from 'node:sqlite';
import { AlreadyServing } from '../errors.ts';
import { isBusy } from './failures.ts';

/**
 * Takes the lock that only one serving process can hold: an exclusive transaction on a tiny database beside the file.
 * The operating system frees it when the process ends, however it ends. The database itself stays open to readers.
 *
 * @param path the database file, with symbolic links resolved.
 * @returns a function that gives the lock back.
 * @throws AlreadyServing when another process holds it.
 */
export function takeServingLock(path: string): () => void {
  const lockPath = `${path}.serving`;
  // No waiting: the other process serves for days.
  const db = new DatabaseSync(lockPath, { timeout: 0 });
  try {
    // Nothing is ever written, and so no journal appears beside the lock.
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (isBusy(error)) throw new AlreadyServing(path, lockPath, error);
    throw error;
  }
  return () => {
    if (db.isOpen) db.close();
  };
}
