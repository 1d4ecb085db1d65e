import { IssuanceError } from '../primitives/failures.ts';

/** The stream moved on since it was read. Nothing of the commit happened: load it again and decide again. */
export class VersionConflict extends IssuanceError {
  override readonly name = 'VersionConflict';
  readonly stream: string;
  readonly expected: number;
  readonly actual: number;

  constructor(stream: string, expected: number, actual: number) {
    super(
      'version_conflict',
      `stream ${stream} is at version ${actual}, not at ${expected}: load it again and decide again`,
      { details: { stream, expected, actual } },
    );
    this.stream = stream;
    this.expected = expected;
    this.actual = actual;
  }
}

/** A key or a unique index of the table holds these values already. Nothing of the commit happened. */
export class UniqueViolation extends IssuanceError {
  override readonly name = 'UniqueViolation';
  readonly table: string;
  readonly columns: readonly string[];

  constructor(table: string, columns: readonly string[], cause?: unknown) {
    super(
      'unique_violation',
      `table ${table} has a row with the same ${columns.join(', ')}: look that row up before deciding again`,
      { cause, details: { table, columns: columns.join(', ') } },
    );
    this.table = table;
    this.columns = columns;
  }
}

/** An update or delete named a row that does not exist. Nothing of the commit happened. */
export class RowMissing extends IssuanceError {
  override readonly name = 'RowMissing';
  readonly table: string;
  readonly key: Readonly<Record<string, string | number>>;

  constructor(table: string, key: Readonly<Record<string, string | number>>) {
    super(
      'row_missing',
      `table ${table} has no row ${JSON.stringify(key)}: "issuer views verify" tells whether it should exist`,
      { details: { table, key: JSON.stringify(key) } },
    );
    this.table = table;
    this.key = key;
  }
}

/** Someone else raised the counter. Nothing of the commit happened: read again what it guards and decide again. */
export class GuardConflict extends IssuanceError {
  override readonly name = 'GuardConflict';
  readonly guard: string;
  readonly expected: number;
  readonly actual: number;

  constructor(guard: string, expected: number, actual: number) {
    super(
      'guard_conflict',
      `guard ${guard} stands at ${actual}, not at ${expected}: read again what it guards and decide again`,
      { details: { guard, expected, actual } },
    );
    this.guard = guard;
    this.expected = expected;
    this.actual = actual;
  }
}

/** Another process took the database over. Nothing of the commit happened, and this process must end. */
export class FencedOut extends IssuanceError {
  override readonly name = 'FencedOut';

  constructor(database: string, ownEpoch: number, currentEpoch: number) {
    super(
      'fenced_out',
      `another process took over ${database} (epoch ${currentEpoch}, ours is ${ownEpoch}): stop this process`,
      { details: { database, ownEpoch, currentEpoch } },
    );
  }
}

/** The store is closed, or stopped after a failure (see `cause`). Nothing of the call happened. */
export class StoreClosed extends IssuanceError {
  override readonly name = 'StoreClosed';

  constructor(database: string, cause?: unknown) {
    super(
      'store_closed',
      cause === undefined
        ? `the store of ${database} is closed: start the service again to go on`
        : `the store of ${database} stopped after a failure: restart the process, which reads the database again`,
      { cause, details: { database } },
    );
  }
}

/** The database failed while committing: it may or may not hold the commit. Only a restart that reads it can tell. */
export class OutcomeUnknown extends IssuanceError {
  override readonly name = 'OutcomeUnknown';

  constructor(database: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(
      'outcome_unknown',
      `writing to ${database} failed (${why}); what was being committed may or may not be in it: ` +
        'see to the disk, then restart the process, which reads the database again',
      { cause, details: { database } },
    );
  }
}

/** The database was written by a newer program. */
export class SchemaNewer extends IssuanceError {
  override readonly name = 'SchemaNewer';

  constructor(database: string, found: number, known: number) {
    super(
      'schema_newer',
      `${database} has schema version ${found}, this program knows up to ${known}: run the newer program`,
      { details: { database, found, known } },
    );
  }
}

/** The database needs a migration, and this call may not apply one. */
export class SchemaOutdated extends IssuanceError {
  override readonly name = 'SchemaOutdated';

  constructor(database: string, pending: readonly string[]) {
    super(
      'schema_outdated',
      `${database} needs a migration (${pending.join('; ')}): run "issuer migrate up" first`,
      { details: { database, pending: pending.join('; ') } },
    );
  }
}

/** The file is a database of something else. */
export class ForeignDatabase extends IssuanceError {
  override readonly name = 'ForeignDatabase';

  constructor(database: string, cause?: unknown) {
    super(
      'foreign_database',
      `${database} is not a database of this program: check DATABASE_URL, it is left untouched`,
      { cause, details: { database } },
    );
  }
}

/** What is on disk is not what was written there. Nothing may be decided on it. */
export class DatabaseDamaged extends IssuanceError {
  override readonly name = 'DatabaseDamaged';

  constructor(database: string, why: string, cause?: unknown) {
    super(
      'database_damaged',
      `the database ${database} is damaged: ${why}. Keep a copy of it and of what lies beside it, put the newest ` +
        'backup in its place, and start that with "issuer serve --restored"; see docs/faults.md',
      { cause, details: { database } },
    );
  }
}

/** This file is not the one that served this database last: that one may be serving still, with the same keys. */
export class DatabaseCopied extends IssuanceError {
  override readonly name = 'DatabaseCopied';

  /** @param noted which file served last, in words. @param found which one this is. */
  constructor(database: string, noted: string, found: string) {
    super(
      'database_copied',
      `${database} is a copy: another file served this database last (${noted}; this one is ${found}). Two that ` +
        'serve with one key mint and burn twice. Start the other one; if it is stopped for good, and this was copied ' +
        'or moved from it, start this with "issuer serve --restored", and never while another process serves; see ' +
        'docs/faults.md',
      { details: { database, noted, found } },
    );
  }
}

/** Another process serves this database. */
export class AlreadyServing extends IssuanceError {
  override readonly name = 'AlreadyServing';
  readonly path: string;

  constructor(path: string, lockPath: string, cause?: unknown) {
    super(
      'already_serving',
      `another process serves ${path} (it holds ${lockPath}): stop it first, or use another DATABASE_URL`,
      { cause, details: { path, lockPath } },
    );
    this.path = path;
  }
}

/** Tables of this definition are empty until `rebuild` ran, so no commit could be checked against them. */
export class RebuildNeeded extends IssuanceError {
  override readonly name = 'RebuildNeeded';

  constructor(tables: readonly string[]) {
    super(
      'rebuild_needed',
      `the definition of ${tables.join(', ')} changed: rebuild before committing ("issuer views rebuild")`,
      { details: { tables: tables.join(', ') } },
    );
  }
}

/** A change was asked of a store that was opened for reading. */
export class ReadOnlyStore extends IssuanceError {
  override readonly name = 'ReadOnlyStore';

  constructor(database: string) {
    super('read_only_store', `${database} is open for reading only: open it for writing to change it`, {
      details: { database },
    });
  }
}

/** A commit that no state of the store could accept: a mistake of the caller. Nothing of it happened. */
export class InvalidCommit extends IssuanceError {
  override readonly name = 'InvalidCommit';

  constructor(message: string) {
    super('invalid_commit', `${message}: correct the caller`);
  }
}

/** A row that does not fit its table's definition: a mistake of the caller. Nothing of its commit happened. */
export class InvalidRow extends IssuanceError {
  override readonly name = 'InvalidRow';

  constructor(table: string, message: string, cause?: unknown) {
    super('invalid_row', `table ${table}: ${message}; correct the row or the table's definition`, {
      cause,
      details: { table },
    });
  }
}

/** A query that does not fit its table's definition: a mistake of the caller. */
export class InvalidQuery extends IssuanceError {
  override readonly name = 'InvalidQuery';

  constructor(table: string, message: string) {
    super('invalid_query', `query of ${table}: ${message}`, { details: { table } });
  }
}

/** An event in the log that this program cannot fold. */
export class UnreadableEvent extends IssuanceError {
  override readonly name = 'UnreadableEvent';

  constructor(
    event: {
      readonly stream: string;
      readonly version: number;
      readonly type: string;
      readonly schema: number;
    },
    why: string,
    cause?: unknown,
  ) {
    super(
      'unreadable_event',
      `event ${event.version} of stream ${event.stream} (${event.type}, schema ${event.schema}) ` +
        `cannot be read: ${why}; run the program version that wrote it, or teach this one the event`,
      {
        cause,
        details: {
          stream: event.stream,
          version: event.version,
          type: event.type,
          schema: event.schema,
        },
      },
    );
  }
}
