import { IssuanceError } from '../../primitives/failures.ts';
import { DatabaseDamaged, FencedOut, OutcomeUnknown, RebuildNeeded } from '../errors.ts';
import type { StoredEvent } from '../event-store.ts';
import { createListeners } from '../listeners.ts';
import type { Table } from '../table.ts';
import { backUp, type BackupStamp } from './backup.ts';
import { createCommitQueue } from './commit-queue.ts';
import { type Connection, inTransaction } from './connection.ts';
import { createEventReader } from './event-reader.ts';
import { isDatabaseFailure, isUnreadable } from './failures.ts';
import { META, readMeta, readTablesToRebuild, RESERVED_META_PREFIX, writeMeta } from './meta.ts';
import { createNames } from './names.ts';
import type { SqliteStore, SqliteStoreOptions } from './open-sqlite-store.ts';
import { createReadTurns } from './read-turns.ts';
import { rebuildTables } from './rebuild-tables.ts';
import { createRowReader } from './row-reader.ts';
import { createRowWriter } from './row-writer.ts';
import { createStoreLife, type StoreLife } from './store-life.ts';
import { createStreamIds } from './stream-ids.ts';

interface Opened extends SqliteStoreOptions {
  readonly connection: Connection;
  readonly epoch: number;
  readonly readOnly: boolean;
  readonly releaseLock: () => void;
}

/** The store over a database that is open and up to date. */
export function createSqliteStore(
  options: Omit<Opened, 'tables'> & { readonly tables: ReadonlyMap<string, Table> },
): SqliteStore {
  const { connection, tables, epoch, timers, clock, readOnly } = options;
  const names = createNames(connection);
  const streams = createStreamIds(connection, names);
  const turns = createReadTurns(connection, timers);
  const reader = createEventReader(connection, streams);
  const rows = createRowReader({
    connection,
    tables,
    names,
    turns,
    remembers: options.serve === true,
  });
  const writer = createRowWriter({ connection, tables, names, onWrite: (table) => rows.forget(table) });
  const life: StoreLife = createStoreLife({
    path: connection.path,
    readOnly,
    onFatal: options.onFatal,
    atEnd: () => {
      listeners.stop();
      queue.refuseAll(life.refusal);
    },
    release: () => {
      connection.db.close();
      options.releaseLock();
    },
  });
  const onListenerError = options.onListenerError ?? ((error) => timers.defer(() => rethrow(error)));
  const listeners = createListeners({
    timers,
    onError: onListenerError,
    onStuck: (error) => life.stop(error),
  });
  const queue = createCommitQueue({
    connection,
    writer,
    streams,
    turns,
    clock,
    timers,
    epoch,
    groupCommit: options.groupCommit ?? true,
    deliver: (committed) => listeners.deliver(committed),
    onGroup(group) {
      try {
        options.onGroup?.(group);
      } catch (error) {
        onListenerError(error);
      }
    },
    onStop: (error) => life.stop(error),
  });
  let tablesToRebuild = readTablesToRebuild(connection);

  const read = async <Result>(task: () => Result): Promise<Result> => {
    life.assertReadable();
    try {
      turns.enter();
      return task();
    } catch (error) {
      if (error instanceof DatabaseDamaged) throw life.stop(error);
      if (!isUnreadable(error)) throw error;
      throw life.stop(new DatabaseDamaged(connection.path, (error as Error).message, error));
    }
  };

  /** Runs at once, in this turn: between turns no group is open. */
  const write = async <Result>(task: () => Result): Promise<Result> => {
    life.assertWritable();
    try {
      turns.leave();
      return inTransaction(connection, () => {
        const current = Number(readMeta(connection, META.epoch));
        if (current !== epoch) throw new FencedOut(connection.path, epoch, current);
        return task();
      });
    } catch (error) {
      streams.forget();
      if (error instanceof FencedOut) throw life.stop(error);
      if (isDatabaseFailure(error)) throw life.stop(new OutcomeUnknown(connection.path, error));
      throw error;
    }
  };

  return {
    epoch,
    get rebuildNeeded() {
      return tablesToRebuild.length > 0;
    },
    async commit(commit) {
      life.assertWritable();
      if (tablesToRebuild.length > 0) throw new RebuildNeeded(tablesToRebuild);
      return queue.add(commit);
    },
    readStream: (stream, upTo) => read(() => reader.stream(stream, upTo)),
    readStreams: (streams) =>
      read(() => {
        const found = new Map<string, readonly StoredEvent[]>();
        for (const stream of streams) {
          const events = found.has(stream) ? [] : reader.stream(stream);
          if (events.length > 0) found.set(stream, events);
        }
        return found;
      }),
    readAll: (request) => read(() => reader.all(request)),
    lastPosition: () => read(() => reader.lastPosition()),
    guard: (name) => read(() => readGuard(connection, name)),
    find: (query) => read(() => rows.find(query)),
    count: (query) => read(() => rows.count(query)),
    onCommitted: (listener) => listeners.add(listener),
    async close() {
      if (life.beginClosing()) await queue.drained();
      life.end();
    },
    abandon() {
      queue.abandon();
      life.end();
    },
    rebuildTables: (names, rowsOf) =>
      write(() => rebuildTables({ connection, tables, reader, writer }, names, rowsOf)).finally(() => {
        rows.forgetAll();
        if (life.isOpen()) tablesToRebuild = readTablesToRebuild(connection);
      }),
    meta: (name) => read(() => readMeta(connection, name)),
    async setMeta(name, value) {
      if (name.startsWith(RESERVED_META_PREFIX)) {
        throw new IssuanceError('meta_reserved', `${name} is a name of the store's own: choose another`);
      }
      return write(() => writeMeta(connection, name, value));
    },
    async backup(path, onProgress) {
      life.assertReadable();
      turns.leave();
      return backUp(connection, path, clock, onProgress);
    },
    backupStamp: () => read(() => readBackupStamp(connection)),
    isBackup: () => read(() => readBackupStamp(connection) !== null),
    clearBackupStamp: () => write(() => writeMeta(connection, META.backup, null)),
  };
}

function rethrow(error: unknown): never {
  throw error;
}

function readGuard(connection: Connection, name: string): number {
  const row = connection.prepare('SELECT value FROM guards WHERE name = ?').get(name);
  return row === undefined ? 0 : (row['value'] as number);
}

function readBackupStamp(connection: Connection): BackupStamp | null {
  const text = readMeta(connection, META.backup);
  return text === null ? null : (JSON.parse(text) as BackupStamp);
}
