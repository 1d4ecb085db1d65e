import { InvalidRow } from './errors.ts';
import type { ColumnType, PartialIndex, TableDefinition } from './event-store.ts';

/** A table definition, checked once and with its columns ready to be walked. */
export interface Table {
  readonly definition: TableDefinition;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly byName: ReadonlyMap<string, Column>;
  readonly key: readonly string[];
  readonly indexes: readonly Required<PartialIndex>[];
  readonly operational: ReadonlySet<string>;
}

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly required: boolean;
}

/** Names that both engines take without surprises; quoting then only guards against reserved words. */
const NAME = /^[a-z][a-z0-9_]{0,50}$/;

/** Names of the store's own tables, and prefixes that it or the engine uses. */
const RESERVED = /^(names|categories|events|guards|meta|stale_.*|sqlite_.*|pg_.*)$/;

const made = new WeakMap<readonly TableDefinition[], ReadonlyMap<string, Table>>();

/**
 * The same for the same list, so that what is derived from a table can be kept with it.
 *
 * @throws InvalidRow when a definition contradicts itself.
 */
export function createTables(definitions: readonly TableDefinition[]): ReadonlyMap<string, Table> {
  const known = made.get(definitions);
  if (known !== undefined) return known;
  const tables = new Map<string, Table>();
  for (const definition of definitions) {
    const table = createTable(definition);
    if (tables.has(table.name)) throw new InvalidRow(table.name, 'it is defined twice');
    tables.set(table.name, table);
  }
  made.set(definitions, tables);
  return tables;
}

function createTable(definition: TableDefinition): Table {
  const { name, key } = definition;
  const required = new Set([...(definition.required ?? []), ...key]);
  const columns = Object.entries(definition.columns).map(([column, type]): Column => ({
    name: column,
    type,
    required: required.has(column),
  }));
  const table: Table = {
    definition,
    name,
    columns,
    byName: new Map(columns.map((it) => [it.name, it])),
    key,
    indexes: (definition.indexes ?? []).map(partialIndex),
    operational: new Set(definition.operationalColumns),
  };
  checkNames(table);
  return table;
}

function partialIndex(index: readonly string[] | PartialIndex): Required<PartialIndex> {
  return { present: [], absent: [], ...('columns' in index ? index : { columns: index }) };
}

function checkNames(table: Table): void {
  const { definition, name } = table;
  if (!NAME.test(name) || RESERVED.test(name)) throw new InvalidRow(name, 'it cannot have this name');
  if (table.key.length === 0) throw new InvalidRow(name, 'it needs a key');
  for (const column of table.columns) {
    if (!NAME.test(column.name)) throw new InvalidRow(name, `no column can be named ${column.name}`);
  }
  const named = [
    ...table.key,
    ...(definition.required ?? []),
    ...(definition.unique ?? []).flat(),
    ...table.indexes.flatMap((it) => [...it.columns, ...it.present, ...it.absent]),
    ...table.operational,
  ];
  for (const column of named) {
    if (!table.byName.has(column)) throw new InvalidRow(name, `there is no column ${column}`);
  }
  for (const column of table.key) {
    if (table.operational.has(column))
      throw new InvalidRow(name, `the key's ${column} cannot be operational`);
    const type = table.byName.get(column)?.type;
    if (type === 'json' || type === 'bool') throw new InvalidRow(name, `${column} cannot be a key`);
  }
}
