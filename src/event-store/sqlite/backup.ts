import { backup as copyPages, DatabaseSync } from 'node:sqlite';
import { existsSync, fsyncSync, openSync, closeSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../../ports/ports.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import type { OnProgress } from '../progress.ts';
import type { Connection } from './connection.ts';
import { META } from './meta.ts';

/** What a copy says about itself until every lane has noted that something may have been signed since. */
export interface BackupStamp {
  /** When the copy was begun, ms since the epoch; of one that nobody stamped, when its last event was written. */
  readonly takenMs: number;
  /** Last position in the log of the copy. */
  readonly lastPosition: number;
}

/** Pages per step; between the steps, which run on a thread of their own, commits go on. */
const PAGES_PER_STEP = 1_000;

/**
 * Copies the database as it is at this moment, while it is in use, and stamps the copy as a backup. The file appears
 * under its name only when it is whole and on disk.
 *
 * @throws IssuanceError `backup_exists` when something has that name already, `backup_folder_missing` when it would
 *   have no folder. Whatever else fails, no half of a copy is left.
 */
export async function backUp(
  connection: Connection,
  target: string,
  clock: Clock,
  onProgress?: OnProgress,
): Promise<BackupStamp> {
  if (existsSync(target)) {
    throw new IssuanceError(
      'backup_exists',
      `${target} exists already: choose another name, it is left untouched`,
    );
  }
  if (!existsSync(dirname(target))) {
    throw new IssuanceError(
      'backup_folder_missing',
      `there is no folder ${dirname(target)}: create it, or choose another file`,
    );
  }
  const partial = `${target}.partial`;
  rmSync(partial, { force: true });
  const takenMs = Math.trunc(clock.nowMs());
  try {
    await copy(connection, partial, onProgress);
    const stamp = stampCopy(partial, takenMs);
    syncToDisk(partial);
    renameSync(partial, target);
    syncToDisk(dirname(target));
    return stamp;
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

async function copy(
  connection: Connection,
  partial: string,
  onProgress: OnProgress | undefined,
): Promise<void> {
  const location = connection.db.location();
  if (location === null) {
    connection.db.prepare('VACUUM INTO ?').run(partial);
    return;
  }
  const source = new DatabaseSync(location, { readOnly: true });
  try {
    // One snapshot for the whole copy. Without it every commit would start the copy over.
    source.exec('BEGIN');
    source.prepare('SELECT 1 FROM meta').get();
    await copyPages(source, partial, {
      rate: PAGES_PER_STEP,
      progress: ({ totalPages, remainingPages }) => {
        onProgress?.({ what: 'pages', done: totalPages - remainingPages, total: totalPages });
      },
    });
  } finally {
    source.close();
  }
}

function stampCopy(path: string, takenMs: number): BackupStamp {
  const copy = new DatabaseSync(path);
  try {
    // A copy is one file, without a write-ahead log beside it.
    copy.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL');
    const row = copy.prepare('SELECT max(position) AS position FROM events').get();
    const stamp: BackupStamp = {
      takenMs,
      lastPosition: (row?.['position'] as number | null | undefined) ?? 0,
    };
    copy
      .prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)')
      .run(META.backup, JSON.stringify(stamp));
    // Its stamp says that it is a copy, and it may serve from any file.
    copy.prepare('DELETE FROM meta WHERE name = ?').run(META.servedFile);
    return stamp;
  } finally {
    copy.close();
  }
}

function syncToDisk(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
