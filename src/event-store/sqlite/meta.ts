import type { Connection } from './connection.ts';

/**
 * Names of the store's own entries in the `meta` table. Everything under `store.` is its own; callers of `setMeta`
 * have the rest of the names.
 */
export const META = {
  schemaVersion: 'store.schema_version',
  epoch: 'store.epoch',
  backup: 'store.backup',
  /** Which file served last. A copy takes it along, and so finds out that it is one. */
  servedFile: 'store.served_file',
  rebuildNeeded: 'store.rebuild_needed',
  /** The definition that a table was created by. */
  table: (name: string) => `store.table.${name}`,
} as const;

export const META_TABLE_PREFIX = META.table('');

export const RESERVED_META_PREFIX = 'store.';

export function readMeta(connection: Connection, name: string): string | null {
  const row = connection.prepare('SELECT value FROM meta WHERE name = ?').get(name);
  return row === undefined ? null : (row['value'] as string);
}

/** Null removes the entry. Belongs inside a transaction of the caller. */
export function writeMeta(connection: Connection, name: string, value: string | null): void {
  if (value === null) connection.prepare('DELETE FROM meta WHERE name = ?').run(name);
  else connection.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)').run(name, value);
}

/** Log tables that are empty since their definition changed, until `rebuild` fills them. */
export function readTablesToRebuild(connection: Connection): readonly string[] {
  const text = readMeta(connection, META.rebuildNeeded);
  return text === null ? [] : (JSON.parse(text) as string[]);
}

export function writeTablesToRebuild(connection: Connection, tables: readonly string[]): void {
  const value = tables.length === 0 ? null : JSON.stringify([...new Set(tables)].sort());
  writeMeta(connection, META.rebuildNeeded, value);
}
