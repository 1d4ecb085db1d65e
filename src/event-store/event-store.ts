/**
 * The event store: an append-only log with optimistic concurrency, and rows that change in the same commit.
 *
 * A commit appends to any number of streams, each with its expected version, and writes rows; all of it happens or
 * none of it. The interface is engine-neutral: SQLite implements it today, and a PostgreSQL implementation runs the
 * same contract tests (`contract.ts`).
 */

/** What an event or a row may hold besides bigint, which the store keeps exactly. */
export type Json =
  | null
  | boolean
  | number
  | string
  | bigint
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };

export type JsonObject = { readonly [name: string]: Json | undefined };

/** `category/id`; the category is the part before the first slash. */
export type StreamName = string;

export interface NewEvent {
  readonly type: string;
  /** Version of the event's own shape, from 1; older shapes are upcast when read. */
  readonly schema: number;
  readonly data: JsonObject;
}

/** Why a commit was made. All of it is stored with each of its events. */
export interface Metadata {
  /** Who: `engine`, `alpaca`, or an operator's name. */
  readonly actor: string;
  /** Why, in the actor's own words; operators' actions require it. */
  readonly reason?: string;
  /** The operation or request that this belongs to. */
  readonly correlation?: string;
  /** What led to it: a request id, a transaction hash, a block. */
  readonly causation?: string;
}

export interface StoredEvent extends NewEvent {
  /** Global, from 1, without reuse; gaps are allowed, disorder is not. */
  readonly position: number;
  readonly stream: StreamName;
  /** Version of the stream after this event; the first event makes it 1. */
  readonly version: number;
  /** Commit time in ms since the epoch. Never less than that of an earlier position. */
  readonly timeMs: number;
  readonly metadata: Metadata;
}

/** A value in a row: bigint is stored as decimal text, boolean as 0 or 1, objects as JSON. */
export type Cell = null | boolean | number | string | bigint | JsonObject | readonly Json[];
export type Row = Readonly<Record<string, Cell>>;
export type Key = Readonly<Record<string, string | number>>;

/**
 * One change to one row.
 *
 * - `insert` refuses the commit with `UniqueViolation` when a key or unique index is taken.
 * - `update` refuses with `RowMissing` when there is no such row; `upsert` takes either case.
 * - `delete` refuses with `RowMissing` when there is no such row.
 */
export type RowWrite =
  | { readonly op: 'insert'; readonly table: string; readonly row: Row }
  | { readonly op: 'upsert'; readonly table: string; readonly row: Row }
  | { readonly op: 'update'; readonly table: string; readonly key: Key; readonly set: Row }
  | { readonly op: 'delete'; readonly table: string; readonly key: Key };

/** What the store decided about a commit before its rows are written. */
export interface CommitStamp {
  readonly timeMs: number;
}

export interface Commit {
  readonly appends: readonly {
    readonly stream: StreamName;
    /** Version the stream must have; 0 = must not exist. */
    readonly expectedVersion: number;
    /** May be empty: then the version is only required. */
    readonly events: readonly NewEvent[];
  }[];
  /**
   * Counters that must stand at `expected` and are raised by one: they serialise decisions that read several
   * streams (available inventory, the next nonce). An absent counter stands at 0.
   */
  readonly guards?: readonly { readonly name: string; readonly expected: number }[];
  /** Rows to write; called once, inside the transaction, after every version was found right. Must be pure. */
  readonly writes?: (stamp: CommitStamp) => readonly RowWrite[];
  readonly metadata: Metadata;
}

export interface Committed {
  readonly timeMs: number;
  /** The appended events, in order, as stored. */
  readonly events: readonly StoredEvent[];
}

/** Comparison of one column. A bare value means "equals"; null means "is null". */
export type Condition =
  | null
  | string
  | number
  | boolean
  | { readonly in: readonly (string | number)[] }
  | { readonly lt: number | string }
  | { readonly lte: number | string }
  | { readonly gt: number | string }
  | { readonly gte: number | string }
  | { readonly not: null | string | number };

export interface Query {
  readonly table: string;
  readonly where?: Readonly<Record<string, Condition>>;
  readonly orderBy?: readonly (readonly [column: string, direction: 'asc' | 'desc'])[];
  /** Required wherever a table can grow; at most 10,000. */
  readonly limit?: number;
  /**
   * Rows strictly after this key in the given order (keyset paging); needs the same columns as `orderBy`, and of the
   * table's key every column that `where` does not fix to one value.
   */
  readonly after?: readonly (string | number)[];
}

/** Where in its life a stream is read up to, inclusive. Without any, its present end. */
export interface UpTo {
  readonly version?: number;
  readonly position?: number;
  /** Ms since the epoch: events committed at or before this moment. */
  readonly timeMs?: number;
}

export interface EventStore {
  /**
   * Commits durably, or rejects with `VersionConflict`, `UniqueViolation`, `RowMissing`, `GuardConflict`,
   * `FencedOut`, `StoreClosed` or the error of `writes`, and then nothing of it happened. Any other failure leaves
   * the outcome unknown: the store stops for good and calls `onFatal`.
   */
  commit(commit: Commit): Promise<Committed>;

  readStream(stream: StreamName, upTo?: UpTo): Promise<readonly StoredEvent[]>;
  /** Many streams at once, each in order; unknown streams are absent. */
  readStreams(streams: readonly StreamName[]): Promise<ReadonlyMap<StreamName, readonly StoredEvent[]>>;
  /** Events after `position`, in order, at most `limit`. */
  readAll(options: {
    readonly after: number;
    readonly limit: number;
    readonly category?: string;
    readonly upTo?: UpTo;
  }): Promise<readonly StoredEvent[]>;
  lastPosition(): Promise<number>;
  guard(name: string): Promise<number>;
  find(query: Query): Promise<readonly Row[]>;
  /** With a limit, rows beyond it are not looked at: the answer is at most that. */
  count(query: Pick<Query, 'table' | 'where' | 'limit'>): Promise<number>;

  /** Calls back after every durable commit, in order, outside the transaction. A throwing listener loses nothing. */
  onCommitted(listener: (committed: Committed) => void): () => void;
  /** Waits for what was handed in, then closes. Later commits reject with `StoreClosed`. */
  close(): Promise<void>;
}

/**
 * Columns by name. `bigint` is decimal text, `json` text, `bool` 0 or 1.
 *
 * `name` is text to its users, and a number in the file: ids of streams and what many rows repeat are stored once for
 * all tables, which keeps keys and indexes small. Names can be compared for equality only; ordered by, they come in
 * the order in which they were first written.
 */
export type ColumnType = 'text' | 'name' | 'integer' | 'bigint' | 'json' | 'bool';

/** An index of the rows that meet a condition only; queries use it when they ask for no others. */
export interface PartialIndex {
  readonly columns: readonly string[];
  /** Columns that must not be null. A query that compares such a column with a value asks for no others. */
  readonly present?: readonly string[];
  /** Columns that must be null. */
  readonly absent?: readonly string[];
}

export interface TableDefinition {
  readonly name: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** Columns that may not be null. The key's columns never may. */
  readonly required?: readonly string[];
  readonly key: readonly string[];
  readonly unique?: readonly (readonly string[])[];
  readonly indexes?: readonly (readonly string[] | PartialIndex)[];
  /**
   * `log`: a function of the events; dropped and rebuilt at will, compared by verify.
   * `operational`: cursors and the like; kept. Columns of a `log` table named in `operationalColumns` (attempts, due
   * times) are left alone by rebuild and verify.
   */
  readonly source: 'log' | 'operational';
  /**
   * Few rows, seldom written and asked for again and again: a store that serves keeps its answers in memory, as fresh
   * as a read of the file. They must not be changed.
   */
  readonly remembered?: boolean;
  readonly operationalColumns?: readonly string[];
}
