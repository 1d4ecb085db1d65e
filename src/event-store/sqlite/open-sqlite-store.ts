import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import type { Clock, Timers } from '../../ports/ports.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import { DatabaseDamaged, ForeignDatabase, SchemaOutdated } from '../errors.ts';
import type { EventStore, TableDefinition } from '../event-store.ts';
import type { OnProgress } from '../progress.ts';
import type { RebuildTarget } from '../rebuild.ts';
import { createTables, type Table } from '../table.ts';
import type { BackupStamp } from './backup.ts';
import { beginServing } from './begin-serving.ts';
import { findLostCommits } from './check-wal.ts';
import type { GroupReport } from './commit-queue.ts';
import { type Connect, type Connection, openConnection, setPragmas } from './connection.ts';
import { type FileIdentity, identifyFile, refuseCopy } from './file-identity.ts';
import { isDamage, isNoDatabase, isReadOnly, isUnopenable } from './failures.ts';
import { META, readMeta } from './meta.ts';
import { migrate, schemaStatus, type SchemaStatus } from './migrations.ts';
import { takeServingLock } from './serving-lock.ts';
import { createSqliteStore } from './sqlite-store.ts';

export const IN_MEMORY = ':memory:';

/** A page is no smaller than that. SQLite takes less for nothing at all, and begins a new database in its place. */
const SMALLEST_DATABASE_BYTES = 512;
/** What every database begins with. */
const MAGIC = 'SQLite format 3\0';

export interface SqliteStoreOptions {
  /** A file, or `:memory:`. */
  readonly path: string;
  readonly tables: readonly TableDefinition[];
  readonly clock: Clock;
  readonly timers: Timers;
  /** The store stopped for good (`OutcomeUnknown`, `FencedOut`, a stuck listener): the process must end. */
  readonly onFatal: (error: Error) => void;
  /** A listener threw; it will see its commit again. By default the error is thrown in a later turn. */
  readonly onListenerError?: (error: unknown) => void;
  /** Told of each group of commits that reached the disk, outside its transaction. An error of it is a listener's. */
  readonly onGroup?: (group: GroupReport) => void;
  /** Commits that arrive together share one flush. Default true; false gives each a flush of its own. */
  readonly groupCommit?: boolean;
  /** This is the one process that serves the database; it takes the serving lock and a new epoch. Default false. */
  readonly serve?: boolean;
  /** Reads one snapshot, the database as it is now, beside whoever serves it. Default false. */
  readonly readOnly?: boolean;
  /** Apply pending migrations. Default true; false refuses an old schema with `SchemaOutdated`. */
  readonly migrate?: boolean;
  /**
   * The operator knows that it is older than what was acknowledged, and wants it all the same. With `refuseCopy` it is
   * stamped as a backup, so that the start after a crash knows it too. Default false.
   */
  readonly acceptLoss?: boolean;
  /**
   * With `serve`, for whoever acts outside with what is in it: notes which file it is, and refuses one that is not the
   * one noted, unless the loss is accepted. A backup has nothing noted. Default false: a command may work on a copy.
   */
  readonly refuseCopy?: boolean;
  /** Tells a file from a copy of it; null for what has no copies. Simulations have their own. */
  readonly identify?: (path: string) => FileIdentity | null;
  /** Opens the database file; tests put one with faults in its place. */
  readonly connect?: Connect;
}

/** An event store over one SQLite file. */
export interface SqliteStore extends EventStore, RebuildTarget {
  /** Log tables are empty since their definition changed; commits reject with `RebuildNeeded` until `rebuild` ran. */
  readonly rebuildNeeded: boolean;
  /** Rises by one each time a process begins to serve. */
  readonly epoch: number;
  /** A small text kept with the database. Null when there is none. */
  meta(name: string): Promise<string | null>;
  /** Writes or, with null, removes it. Names under `store.` are the store's own and are refused. */
  setMeta(name: string, value: string | null): Promise<void>;
  /** Copies the database while it is in use; see `backUp`. */
  backup(path: string, onProgress?: OnProgress): Promise<BackupStamp>;
  /** The stamp of a database that is a restored backup, until it is cleared; else null. */
  backupStamp(): Promise<BackupStamp | null>;
  isBackup(): Promise<boolean>;
  clearBackupStamp(): Promise<void>;
  /** Closes at once and drops what waits, as a crash would: its promises never settle. For simulations. */
  abandon(): void;
}

/**
 * Opens the database, and creates or migrates it first where that is allowed.
 *
 * @throws AlreadyServing with `serve` when another process serves the file.
 * @throws SchemaNewer, SchemaOutdated, ForeignDatabase when its schema is not the program's.
 * @throws DatabaseDamaged when it is not as it was written, as far as opening it shows.
 * @throws DatabaseCopied with `refuseCopy` when another file served last.
 * @throws IssuanceError `database_missing` when it is opened for reading and does not exist, `database_unopenable` when
 *   nothing can be opened under that name.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const { path, readOnly = false, serve = false } = options;
  const tables = createTables(options.tables);
  if (readOnly && serve)
    throw new IssuanceError('store_options', 'a store cannot serve and be read-only: choose one');
  if (readOnly && !existsSync(path)) throw missing(path);
  const file = existsSync(path) ? realpathSync(path) : path;
  if (path !== IN_MEMORY) refuseDamaged(file, options.acceptLoss === true);
  // A process that ended in order left no write-ahead log.
  const endedInOrder = !existsSync(`${file}-wal`);
  const connection = open(path, { readOnly, connect: options.connect });
  const undo: (() => void)[] = [() => connection.db.close()];
  try {
    // Before anything is written, be it only the mode of the journal: the file may be somebody else's.
    const isNew = refuseForeign(connection, tables).version === 0;
    let releaseLock = (): void => undefined;
    const lock = (): void => {
      if (path === IN_MEMORY) return;
      releaseLock = takeServingLock(realpathSync(path));
      undo.push(releaseLock);
    };
    if (serve) lock();
    if (serve && !endedInOrder) checkPages(connection);
    const identify = (): FileIdentity | null => (options.identify ?? identifyStored)(path);
    if (options.refuseCopy === true && options.acceptLoss !== true && !isNew) {
      const found = identify();
      if (found !== null) refuseCopy(connection, found);
    }
    if (readOnly) beginSnapshot(connection);
    else setPragmas(connection.db);
    const status = schemaStatus(connection, tables);
    if (status.pending.length > 0) {
      if (readOnly || options.migrate === false) throw new SchemaOutdated(path, status.pending);
      if (!serve) lock();
      migrate(connection, tables);
      if (!serve) releaseLock();
    }
    const served =
      options.refuseCopy === true ? { file: identify(), isRestored: options.acceptLoss === true } : null;
    const epoch = serve ? beginServing(connection, served) : Number(readMeta(connection, META.epoch));
    return createSqliteStore({ ...options, connection, tables, epoch, readOnly, releaseLock });
  } catch (error) {
    for (const step of undo.toReversed()) step();
    if (isReadOnly(error)) throw unopenable(path, error);
    throw isDamage(error) ? new DatabaseDamaged(path, (error as Error).message, error) : error;
  }
}

function identifyStored(path: string): FileIdentity | null {
  return path === IN_MEMORY ? null : identifyFile(path);
}

/** @throws DatabaseDamaged, ForeignDatabase for what SQLite would take for an empty database, or for an older one. */
function refuseDamaged(path: string, acceptLoss: boolean): void {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > 0 && bytes < SMALLEST_DATABASE_BYTES) {
    const ours = MAGIC.startsWith(readFileSync(path, 'latin1').slice(0, MAGIC.length));
    if (!ours) throw new ForeignDatabase(path);
    throw new DatabaseDamaged(path, `of its first page there are ${String(bytes)} bytes`);
  }
  const lost = acceptLoss ? null : findLostCommits(path);
  if (lost !== null) throw new DatabaseDamaged(path, lost);
}

/** Reads every page once, a millisecond for each megabyte: worth it after a crash, which may have been a power cut. */
function checkPages({ db, path }: Connection): void {
  const found = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (found !== 'ok') throw new DatabaseDamaged(path, String(found));
}

/**
 * What a migration of the file would do, without doing it; a file that does not exist has version 0.
 *
 * @throws SchemaNewer, ForeignDatabase
 */
export function readSchemaStatus(path: string, definitions: readonly TableDefinition[]): SchemaStatus {
  const tables: ReadonlyMap<string, Table> = createTables(definitions);
  const readOnly = existsSync(path);
  const connection = open(readOnly ? path : IN_MEMORY, { readOnly });
  try {
    refuseForeign(connection, tables);
    return schemaStatus(connection, tables);
  } finally {
    connection.db.close();
  }
}

function open(path: string, options: Parameters<typeof openConnection>[1]): Connection {
  try {
    return openConnection(path, options);
  } catch (error) {
    throw isUnopenable(error) ? unopenable(path, error) : error;
  }
}

function unopenable(path: string, cause: unknown): IssuanceError {
  return new IssuanceError(
    'database_unopenable',
    `the database ${path} cannot be opened: DATABASE_URL must name a file in a folder that exists, and that this ` +
      'process may read and write',
    { cause, details: { path } },
  );
}

/** @throws ForeignDatabase also for a file that is no database at all. */
function refuseForeign(connection: Connection, tables: ReadonlyMap<string, Table>): SchemaStatus {
  try {
    return schemaStatus(connection, tables);
  } catch (error) {
    throw isNoDatabase(error) ? new ForeignDatabase(connection.path, error) : error;
  }
}

function missing(path: string): IssuanceError {
  return new IssuanceError('database_missing', `there is no database ${path}: check DATABASE_URL`);
}

/** A read transaction that stays open: every later read sees the database as it is at the first one. */
function beginSnapshot(connection: Connection): void {
  connection.db.exec('BEGIN');
  connection.db.prepare('SELECT count(*) FROM sqlite_master').get();
}
