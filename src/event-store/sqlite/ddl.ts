import type { ColumnType, PartialIndex } from '../event-store.ts';
import type { Table } from '../table.ts';

const texts = new WeakMap<Table, string>();

/** Moment-independent text of everything that makes a table; it also serves as the table's fingerprint. */
export function tableDdl(table: Table): string {
  const known = texts.get(table);
  if (known !== undefined) return known;
  const text = [bareTableDdl(table), ...indexDdl(table)].join(';\n');
  texts.set(table, text);
  return text;
}

/** The table with its key, and without its indexes. A key of one integer or name is the row's own number. */
export function bareTableDdl(table: Table): string {
  const columns = table.columns.map(
    (it) => `${quote(it.name)} ${SQL_TYPES[it.type]}${it.required ? ' NOT NULL' : ''}`,
  );
  return `CREATE TABLE ${quote(table.name)} (${columns.join(', ')}, PRIMARY KEY (${list(table.key)})) STRICT`;
}

/** One statement for each index. */
export function indexDdl(table: Table): readonly string[] {
  const { unique = [] } = table.definition;
  return [
    ...unique.map((columns) => index(table, 'UNIQUE INDEX', 'unique', { columns, present: [], absent: [] })),
    ...table.indexes.map((it) => index(table, 'INDEX', 'by', it)),
  ];
}

function index(
  table: Table,
  kind: string,
  word: string,
  { columns, present, absent }: Required<PartialIndex>,
): string {
  const named = [
    ...columns,
    ...present.map((it) => `with_${it}`),
    ...absent.map((it) => `without_${it}`),
  ].join('_');
  const conditions = [
    ...present.map((it) => `${quote(it)} IS NOT NULL`),
    ...absent.map((it) => `${quote(it)} IS NULL`),
  ];
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  const name = `${table.name}_${word}_${named}`;
  return `CREATE ${kind} ${quote(name)} ON ${quote(table.name)} (${list(columns)})${where}`;
}

const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  text: 'TEXT',
  name: 'INTEGER',
  integer: 'INTEGER',
  bigint: 'TEXT',
  json: 'TEXT',
  bool: 'INTEGER',
};

/** Names stand in the definitions of tables, so they are few. */
const quoted = new Map<string, string>();

export function quote(name: string): string {
  const known = quoted.get(name);
  if (known !== undefined) return known;
  const text = `"${name.replaceAll('"', '""')}"`;
  quoted.set(name, text);
  return text;
}

export function list(names: readonly string[]): string {
  return names.map(quote).join(', ');
}
