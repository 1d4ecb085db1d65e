import { InvalidQuery } from '../errors.ts';
import type { Query, Row } from '../event-store.ts';
import type { Column, Table } from '../table.ts';
import { decodeCell } from './cells.ts';
import type { Connection } from './connection.ts';
import { type Names, NO_NUMBER } from './names.ts';
import type { ReadTurns } from './read-turns.ts';
import { compileCount, type CompiledQuery, compileFind, MAX_ROWS } from './query.ts';

export interface RowReader {
  /** @throws InvalidQuery */
  find(query: Query): readonly Row[];
  /** @throws InvalidQuery */
  count(query: Pick<Query, 'table' | 'where' | 'limit'>): number;
  /** Something writes, or wrote, to this table. */
  forget(table: string): void;
  /** The same of all tables. */
  forgetAll(): void;
}

/** Answers kept of one table. Past it all of them are forgotten: whoever asks for made-up ids costs no memory. */
const MAX_ANSWERS = 10_000;

/**
 * Answers queries.
 *
 * @param options.remembers Whether answers of tables that are `remembered` may be kept: nobody else must write to the
 *   file. They are kept only of what is durable, and forgotten by the first write to the table, before anybody can read
 *   what it wrote.
 */
export function createRowReader(options: {
  readonly connection: Connection;
  readonly tables: ReadonlyMap<string, Table>;
  readonly names: Names;
  readonly turns: ReadTurns;
  readonly remembers: boolean;
}): RowReader {
  const { connection, tables, names, remembers } = options;
  const answers = new Map<string, Map<string, readonly Row[]>>();
  const numberOf = (name: string): number => names.find(name) ?? NO_NUMBER;

  const remember = (table: Table, key: string, rows: readonly Row[]): readonly Row[] => {
    if (!options.turns.isOpen()) return rows;
    const known = answers.get(table.name) ?? new Map<string, readonly Row[]>();
    if (known.size >= MAX_ANSWERS) known.clear();
    // Many get the same rows, so nobody may change them.
    const kept = Object.freeze(rows.map((it) => Object.freeze(it)));
    answers.set(table.name, known.set(key, kept));
    return kept;
  };

  return {
    find(query) {
      const table = tableOf(tables, query.table);
      const read = (): readonly Row[] => readRows(connection, table, compileFind(table, query, numberOf));
      const key = remembers && table.definition.remembered === true ? keyOf(query) : null;
      if (key === null) return read();
      return answers.get(table.name)?.get(key) ?? remember(table, key, read());
    },
    count(query) {
      const table = tableOf(tables, query.table);
      const { sql, values } = compileCount(table, query, numberOf);
      return connection.prepare(sql).get(...values)?.['count'] as number;
    },
    forget(table) {
      answers.get(table)?.clear();
    },
    forgetAll() {
      answers.clear();
    },
  };
}

/** One text for one simple query, so that an answer is found without writing its SQL; null for any other. */
function keyOf({ where = {}, orderBy, limit, after }: Query): string | null {
  if (after !== undefined) return null;
  let key = `${limit ?? ''}`;
  for (const [name, value] of Object.entries(where)) {
    // A text that holds the separator could be taken for two conditions.
    if (typeof value === 'string' && !value.includes('\u0000')) key += `\u0000${name}=${value}`;
    else if (typeof value === 'boolean' || (typeof value === 'number' && Number.isSafeInteger(value)))
      key += `\u0000${name}:${String(value)}`;
    else return null;
  }
  for (const [name, direction] of orderBy ?? []) key += `\u0000${name} ${direction}`;
  return key;
}

function readRows(connection: Connection, table: Table, { sql, values }: CompiledQuery): readonly Row[] {
  const rows = connection.list(sql, values);
  if (rows.length > MAX_ROWS) {
    throw new InvalidQuery(table.name, `more than ${MAX_ROWS} rows: give a limit and page with after`);
  }
  const { columns } = table;
  return rows.map((stored) => {
    const row: Record<string, Row[string]> = {};
    for (let at = 0; at < columns.length; at += 1) {
      const { name, type } = columns[at] as Column;
      row[name] = decodeCell(type, stored[at]);
    }
    return row;
  });
}

function tableOf(tables: ReadonlyMap<string, Table>, name: string): Table {
  const table = tables.get(name);
  if (table === undefined) throw new InvalidQuery(name, 'there is no such table');
  return table;
}
