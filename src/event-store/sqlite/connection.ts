import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';

/** An open database with its prepared statements. */
export interface Connection {
  readonly db: DatabaseSync;
  /** Path as given, for messages. */
  readonly path: string;
  /** The statement for this text, prepared once. */
  prepare(sql: string): StatementSync;
  /** Rows of this query as lists of their values: an object for each, with its names, costs as much as the query. */
  list(sql: string, values: readonly SQLInputValue[]): readonly (readonly SQLOutputValue[])[];
}

interface ConnectOptions {
  readonly readOnly: boolean;
  readonly timeoutMs: number;
}

/** Opens a database file; tests put one with faults in its place. */
export type Connect = (path: string, options: ConnectOptions) => DatabaseSync;

/** How long a statement waits for another process that writes (a migration, an operator's shell). */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * In KiB, as the pragma's negative numbers mean. What is not here the system keeps: with four times as much nothing
 * that was measured got faster.
 */
const CACHE_KIB = 2_048;

/**
 * Pages in the write-ahead log after which they are moved into the database: some 16 MiB, four times the default. A
 * checkpoint costs two more flushes, for which the commit that happens to run it waits, and writes a page once however
 * often it was changed since the last one.
 */
const CHECKPOINT_PAGES = 8_000;

/**
 * In bytes, of a database that is made new; one that exists keeps its own. Half the default: a commit of one operation
 * changes a dozen pages, each of which is written whole.
 */
const PAGE_BYTES = 2_048;

/** The shapes of statements are few; the bound only keeps a mistake from becoming a leak. */
const MAX_STATEMENTS = 1_000;

const openFile: Connect = (path, options) =>
  new DatabaseSync(path, { readOnly: options.readOnly, timeout: options.timeoutMs });

/** Opens the file without writing to it yet. */
export function openConnection(
  path: string,
  options: { readonly readOnly: boolean; readonly connect?: Connect | undefined },
): Connection {
  const db = (options.connect ?? openFile)(path, {
    readOnly: options.readOnly,
    timeoutMs: BUSY_TIMEOUT_MS,
  });
  const prepared = (setUp: (statement: StatementSync) => void) => {
    const statements = new Map<string, StatementSync>();
    return (sql: string): StatementSync => {
      const known = statements.get(sql);
      if (known !== undefined) return known;
      if (statements.size >= MAX_STATEMENTS) statements.clear();
      const statement = db.prepare(sql);
      setUp(statement);
      statements.set(sql, statement);
      return statement;
    };
  };
  const lists = prepared((statement) => statement.setReturnArrays(true));
  return {
    db,
    path,
    prepare: prepared(() => {}),
    // The types know of objects alone.
    list: (sql, values) => lists(sql).all(...values) as unknown as readonly (readonly SQLOutputValue[])[],
  };
}

/**
 * Sets what durability and speed rest on (temporary storage in memory: savepoints keep their pages there).
 * Must run outside a transaction, before the first one.
 */
export function setPragmas(db: DatabaseSync): void {
  db.exec(`
    PRAGMA page_size = ${PAGE_BYTES};
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -${CACHE_KIB};
    PRAGMA temp_store = MEMORY;
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
  `);
}

/**
 * Runs `task` in one transaction and commits it, or rolls it back and rethrows. Must not be called inside another
 * transaction. Everything happens in the calling turn, so no reader of the connection sees a half.
 */
export function inTransaction<Result>(connection: Connection, task: () => Result): Result {
  const { db } = connection;
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = task();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite may have rolled back by itself (disk full); a second rollback would hide the first error.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
