import { IssuanceError } from '../../primitives/failures.ts';
import { ForeignDatabase, SchemaNewer } from '../errors.ts';
import type { Table } from '../table.ts';
import { type Connection, inTransaction } from './connection.ts';
import { tableDdl } from './ddl.ts';
import { META, META_TABLE_PREFIX, readMeta, readTablesToRebuild } from './meta.ts';
import { writeMeta, writeTablesToRebuild } from './meta.ts';
import { createEmpty, setAside } from './stale-tables.ts';

/** One step of the schema. Steps are never edited after a release; a new one is added below. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly up: (connection: Connection) => void;
  /**
   * Operational tables that this step brings to their present definition. Log tables need no step: they are set
   * aside, created anew and rebuilt from the log as soon as their definition changes.
   */
  readonly operationalTables?: readonly string[];
}

const BASE: Migration = {
  version: 1,
  name: 'the log, its names and guards',
  up: (connection) => {
    connection.db.exec(`
      CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TABLE names (number INTEGER PRIMARY KEY, name ANY NOT NULL UNIQUE) STRICT;
      CREATE TABLE categories (code INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
      CREATE TABLE events (
        position INTEGER PRIMARY KEY,
        stream INTEGER NOT NULL,
        version INTEGER NOT NULL,
        type TEXT NOT NULL,
        schema INTEGER NOT NULL,
        time INTEGER NOT NULL,
        metadata TEXT NOT NULL,
        data TEXT NOT NULL,
        sum INTEGER NOT NULL,
        UNIQUE (stream, version)
      ) STRICT;
      CREATE TABLE guards (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TRIGGER events_stay BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
      CREATE TRIGGER names_stay BEFORE DELETE ON names BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
      CREATE TRIGGER names_hold BEFORE UPDATE ON names BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
      CREATE TRIGGER events_hold BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
    `);
    writeMeta(connection, META.epoch, '0');
  },
};

export const MIGRATIONS: readonly Migration[] = [BASE];

export interface SchemaStatus {
  /** 0 = the database is empty. */
  readonly version: number;
  /** The version that this program works on. */
  readonly target: number;
  /** What `migrate` would do, in words; empty when the schema is up to date. */
  readonly pending: readonly string[];
  /** Log tables that await a rebuild, or will after `migrate`. */
  readonly rebuild: readonly string[];
}

/**
 * Compares a database with the program.
 *
 * @throws SchemaNewer when a newer program wrote it.
 * @throws ForeignDatabase when something else did.
 */
export function schemaStatus(
  connection: Connection,
  tables: ReadonlyMap<string, Table>,
  migrations: readonly Migration[] = MIGRATIONS,
): SchemaStatus {
  const version = readVersion(connection);
  const target = Math.max(...migrations.map((it) => it.version));
  if (version > target) throw new SchemaNewer(connection.path, version, target);
  const steps = migrations.filter((it) => it.version > version);
  const pending = steps.map((it) => `version ${it.version}: ${it.name}`);
  if (version === 0) return { version, target, pending, rebuild: [] };
  const migrated = new Set(steps.flatMap((it) => it.operationalTables ?? []));
  const drift = compareTables(connection, tables);
  const changedOperational = drift.changedOperational.filter((it) => !migrated.has(it.name));
  pending.push(
    ...drift.added.map((it) => `new table ${it.name}`),
    ...drift.changedLog.map((it) => `new definition of ${it.name}`),
    ...drift.removed.map((it) => `table ${it} is dropped`),
    ...changedOperational.map((it) => `new definition of ${it.name}, which needs a migration of its own`),
  );
  const rebuild = [...readTablesToRebuild(connection), ...tablesLeftEmpty(connection, drift)];
  return { version, target, pending, rebuild: [...new Set(rebuild)].sort() };
}

/**
 * Brings the schema up to date. Each step is one transaction: a kill in it leaves the schema before it.
 *
 * @throws SchemaNewer, ForeignDatabase as `schemaStatus`.
 * @throws IssuanceError `operational_table_changed` when a definition changed without a migration.
 */
export function migrate(
  connection: Connection,
  tables: ReadonlyMap<string, Table>,
  migrations: readonly Migration[] = MIGRATIONS,
): { readonly rebuildNeeded: boolean } {
  const before = schemaStatus(connection, tables, migrations);
  for (const step of migrations.toSorted((a, b) => a.version - b.version)) {
    if (step.version <= before.version) continue;
    inTransaction(connection, () => {
      step.up(connection);
      for (const name of step.operationalTables ?? []) recordDefinition(connection, tables.get(name));
      writeMeta(connection, META.schemaVersion, String(step.version));
    });
  }
  inTransaction(connection, () => reconcileTables(connection, tables));
  return { rebuildNeeded: readTablesToRebuild(connection).length > 0 };
}

function readVersion(connection: Connection): number {
  const names = connection.db
    .prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`)
    .all()
    .map((it) => it['name']);
  if (names.length === 0) return 0;
  if (!['meta', 'names', 'events'].every((it) => names.includes(it)))
    throw new ForeignDatabase(connection.path);
  const version = readMeta(connection, META.schemaVersion);
  if (version === null) throw new ForeignDatabase(connection.path);
  return Number(version);
}

interface Drift {
  readonly added: readonly Table[];
  readonly changedLog: readonly Table[];
  readonly changedOperational: readonly Table[];
  /** Log tables that the program no longer has. Operational ones are kept: nothing could restore them. */
  readonly removed: readonly string[];
}

function compareTables(connection: Connection, tables: ReadonlyMap<string, Table>): Drift {
  const rows = connection.db
    .prepare('SELECT substr(name, ?) AS name, value FROM meta WHERE substr(name, 1, ?) = ?')
    .all(META_TABLE_PREFIX.length + 1, META_TABLE_PREFIX.length, META_TABLE_PREFIX);
  const stored = new Map(rows.map((it) => [String(it['name']), parseDefinition(String(it['value']))]));
  const known = [...tables.values()];
  const changed = known.filter((it) => stored.has(it.name) && stored.get(it.name)?.ddl !== tableDdl(it));
  return {
    added: known.filter((it) => !stored.has(it.name)),
    changedLog: changed.filter((it) => it.definition.source === 'log'),
    changedOperational: changed.filter((it) => it.definition.source === 'operational'),
    removed: [...stored]
      .filter(([name, it]) => it.source === 'log' && !tables.has(name))
      .map(([name]) => name),
  };
}

function parseDefinition(text: string): { readonly source: string; readonly ddl: string } {
  const end = text.indexOf('\n');
  return { source: text.slice(0, end), ddl: text.slice(end + 1) };
}

function recordDefinition(connection: Connection, table: Table | undefined): void {
  if (table === undefined) return;
  writeMeta(connection, META.table(table.name), `${table.definition.source}\n${tableDdl(table)}`);
}

/** Log tables that hold nothing after the drift is reconciled although the log has events. */
function tablesLeftEmpty(connection: Connection, drift: Drift): readonly string[] {
  const hasEvents = connection.db.prepare('SELECT 1 FROM events LIMIT 1').get() !== undefined;
  if (!hasEvents) return [];
  return [...drift.added, ...drift.changedLog]
    .filter((it) => it.definition.source === 'log')
    .map((it) => it.name);
}

function reconcileTables(connection: Connection, tables: ReadonlyMap<string, Table>): void {
  const drift = compareTables(connection, tables);
  const [unmigrated] = drift.changedOperational;
  if (unmigrated !== undefined) {
    throw new IssuanceError(
      'operational_table_changed',
      `the definition of ${unmigrated.name} changed, and nothing can rebuild it: add a migration for it`,
      { details: { table: unmigrated.name } },
    );
  }
  const empty = tablesLeftEmpty(connection, drift);
  for (const table of drift.changedLog) setAside(connection, table.name);
  for (const table of [...drift.added, ...drift.changedLog]) {
    createEmpty(connection, table);
    recordDefinition(connection, table);
  }
  for (const name of drift.removed) {
    setAside(connection, name);
    connection.db.exec(`DROP TABLE "stale_${name}"`);
    writeMeta(connection, META.table(name), null);
  }
  if (empty.length > 0 || drift.removed.length > 0) {
    const waiting = [...readTablesToRebuild(connection), ...empty].filter((it) => tables.has(it));
    writeTablesToRebuild(connection, waiting);
  }
}
