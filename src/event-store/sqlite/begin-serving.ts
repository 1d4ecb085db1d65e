import type { BackupStamp } from './backup.ts';
import { type Connection, inTransaction } from './connection.ts';
import type { FileIdentity } from './file-identity.ts';
import { META, readMeta, writeMeta } from './meta.ts';

/**
 * Raises the epoch and returns it. With `served` it also notes which file it is from now on, and stamps what the
 * operator calls restored: all in one commit, so that a start after a crash knows both or neither.
 */
export function beginServing(
  connection: Connection,
  served: { readonly file: FileIdentity | null; readonly isRestored: boolean } | null,
): number {
  return inTransaction(connection, () => {
    const epoch = Number(readMeta(connection, META.epoch)) + 1;
    writeMeta(connection, META.epoch, String(epoch));
    if (served === null) return epoch;
    const { file, isRestored } = served;
    if (file !== null) writeMeta(connection, META.servedFile, JSON.stringify(file));
    if (isRestored && readMeta(connection, META.backup) === null) {
      writeMeta(connection, META.backup, JSON.stringify(stampOf(connection)));
    }
    return epoch;
  });
}

/** Of a copy that nobody stamped. */
function stampOf(connection: Connection): BackupStamp {
  const last = connection.prepare('SELECT position, time FROM events ORDER BY position DESC LIMIT 1').get();
  return {
    takenMs: (last?.['time'] as number | undefined) ?? 0,
    lastPosition: (last?.['position'] as number | undefined) ?? 0,
  };
}
