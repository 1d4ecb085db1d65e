import type { Table } from '../table.ts';
import type { Connection } from './connection.ts';
import { quote, tableDdl } from './ddl.ts';

/**
 * A log table that is being replaced is set aside under another name, because its operational columns (attempts, due
 * times) cannot be replayed. The rebuild copies them into the new rows, then drops it.
 */
function staleName(table: string): string {
  return `stale_${table}`;
}

/** Renames the table. One that was set aside before and not yet rebuilt from stays: the present one holds less. */
export function setAside(connection: Connection, table: string): void {
  if (exists(connection, staleName(table))) {
    connection.db.exec(`DROP TABLE ${quote(table)}`);
    return;
  }
  // Names of indexes are global, and the new table will want them.
  const indexes = connection.db
    .prepare(`SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL`)
    .all(table);
  for (const index of indexes) connection.db.exec(`DROP INDEX ${quote(String(index['name']))}`);
  connection.db.exec(`ALTER TABLE ${quote(table)} RENAME TO ${quote(staleName(table))}`);
}

export function createEmpty(connection: Connection, table: Table): void {
  connection.db.exec(tableDdl(table));
}

/** Copies the operational columns of rows that exist in both, and drops what was set aside. */
export function restoreOperational(connection: Connection, table: Table): void {
  const stale = staleName(table.name);
  if (!exists(connection, stale)) return;
  const old = new Set(
    connection.db
      .prepare('SELECT name FROM pragma_table_info(?)')
      .all(stale)
      .map((it) => String(it['name'])),
  );
  const kept = [...table.operational].filter((it) => old.has(it));
  if (kept.length > 0 && table.key.every((it) => old.has(it))) {
    const same = table.key.map((it) => `s.${quote(it)} = t.${quote(it)}`).join(' AND ');
    const values = kept.map((it) => `${quote(it)} = s.${quote(it)}`).join(', ');
    const complete = kept
      .filter((it) => table.byName.get(it)?.required === true)
      .map((it) => ` AND s.${quote(it)} IS NOT NULL`)
      .join('');
    connection.db.exec(
      `UPDATE ${quote(table.name)} AS t SET ${values} FROM ${quote(stale)} AS s WHERE ${same}${complete}`,
    );
  }
  connection.db.exec(`DROP TABLE ${quote(stale)}`);
}

function exists(connection: Connection, table: string): boolean {
  const found = connection.db
    .prepare(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?`)
    .get(table);
  return found !== undefined;
}
