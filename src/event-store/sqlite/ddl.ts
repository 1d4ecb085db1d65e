import type { ColumnType } from '../event-store.ts';
import type { Table } from '../table.ts';

/** Moment-independent text of everything that makes a table; it also serves as the table's fingerprint. */
export function tableDdl(table: Table): string {
  const columns = table.columns.map(
    (it) => `${quote(it.name)} ${SQL_TYPES[it.type]}${it.required ? ' NOT NULL' : ''}`,
  );
  const { unique = [], indexes = [] } = table.definition;
  return [
    `CREATE TABLE ${quote(table.name)} (${columns.join(', ')}, PRIMARY KEY (${list(table.key)})) STRICT`,
    ...unique.map((it) => index(table, 'UNIQUE INDEX', 'unique', it)),
    ...indexes.map((it) => index(table, 'INDEX', 'by', it)),
  ].join(';\n');
}

function index(table: Table, kind: string, word: string, columns: readonly string[]): string {
  const name = `${table.name}_${word}_${columns.join('_')}`;
  return `CREATE ${kind} ${quote(name)} ON ${quote(table.name)} (${list(columns)})`;
}

const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  text: 'TEXT',
  integer: 'INTEGER',
  bigint: 'TEXT',
  json: 'TEXT',
  bool: 'INTEGER',
};

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function list(names: readonly string[]): string {
  return names.map(quote).join(', ');
}
