import { unreachable } from '../../primitives/failures.ts';
import { InvalidRow, RowMissing } from '../errors.ts';
import type { Cell, Key, Row, RowWrite } from '../event-store.ts';
import type { Column, Table } from '../table.ts';
import { encodeCell, type SqlValue } from './cells.ts';
import type { Connection } from './connection.ts';
import { list, quote } from './ddl.ts';
import { constraintRefusal } from './failures.ts';

/** A row write that was checked and is ready to run. */
export interface PreparedWrite {
  readonly table: string;
  readonly sql: string;
  readonly values: readonly SqlValue[];
  /** Set where a row must be touched: its absence refuses the commit. */
  readonly key: Key | null;
}

export interface RowWriter {
  /** @throws InvalidRow when the write does not fit the table. Writes nothing. */
  prepare(write: RowWrite): PreparedWrite;
  /** @throws UniqueViolation, RowMissing or InvalidRow; anything else is a failure of the database. */
  run(write: PreparedWrite): void;
}

/** Turns row writes into statements; the text of each shape is built once. */
export function createRowWriter(connection: Connection, tables: ReadonlyMap<string, Table>): RowWriter {
  const texts = createTextCache();
  return {
    prepare(write) {
      const table = tables.get(write.table);
      if (table === undefined) throw new InvalidRow(write.table, 'there is no such table');
      switch (write.op) {
        case 'insert':
          return prepareInsert(texts, table, write.row);
        case 'upsert':
          return prepareUpsert(texts, table, write.row);
        case 'update':
          return prepareUpdate(texts, table, write.key, write.set);
        case 'delete':
          return prepareDelete(texts, table, write.key);
        default:
          return unreachable(write);
      }
    },
    run(write) {
      let changes: number | bigint;
      try {
        ({ changes } = connection.prepare(write.sql).run(...write.values));
      } catch (error) {
        throw constraintRefusal(write.table, error) ?? error;
      }
      if (write.key !== null && changes === 0) throw new RowMissing(write.table, write.key);
    },
  };
}

type TextCache = (table: Table, shape: string, build: () => string) => string;

function createTextCache(): TextCache {
  const texts = new Map<Table, Map<string, string>>();
  return (table, shape, build) => {
    let ofTable = texts.get(table);
    if (ofTable === undefined) texts.set(table, (ofTable = new Map()));
    let text = ofTable.get(shape);
    if (text === undefined) ofTable.set(shape, (text = build()));
    return text;
  };
}

function prepareInsert(texts: TextCache, table: Table, row: Row): PreparedWrite {
  checkColumns(table, row);
  const values = table.columns.map((it) => encodeCell(table, it, row[it.name]));
  const sql = texts(table, 'insert', () => insertText(table, table.columns));
  return { table: table.name, sql, values, key: null };
}

/** Columns that the row leaves out keep their value in a row that exists. */
function prepareUpsert(texts: TextCache, table: Table, row: Row): PreparedWrite {
  checkColumns(table, row);
  const given = table.columns.filter((it) => row[it.name] !== undefined || it.required);
  const values = given.map((it) => encodeCell(table, it, row[it.name]));
  const sql = texts(table, `upsert ${names(given)}`, () => {
    const others = given.filter((it) => !table.key.includes(it.name));
    const set = others.map((it) => `${quote(it.name)} = excluded.${quote(it.name)}`).join(', ');
    const action = others.length === 0 ? 'NOTHING' : `UPDATE SET ${set}`;
    return `${insertText(table, given)} ON CONFLICT (${list(table.key)}) DO ${action}`;
  });
  return { table: table.name, sql, values, key: null };
}

function prepareUpdate(texts: TextCache, table: Table, key: Key, set: Row): PreparedWrite {
  checkColumns(table, set);
  const given = table.columns.filter((it) => set[it.name] !== undefined);
  const [moved] = given.filter((it) => table.key.includes(it.name));
  if (moved !== undefined)
    throw new InvalidRow(table.name, `${moved.name} is part of the key and cannot change`);
  if (given.length === 0) throw new InvalidRow(table.name, 'the update sets nothing');
  const values = given.map((it) => encodeCell(table, it, set[it.name]));
  const sql = texts(table, `update ${names(given)}`, () => {
    const assignments = given.map((it) => `${quote(it.name)} = ?`).join(', ');
    return `UPDATE ${quote(table.name)} SET ${assignments} WHERE ${keyText(table)}`;
  });
  return { table: table.name, sql, values: [...values, ...keyValues(table, key)], key };
}

function prepareDelete(texts: TextCache, table: Table, key: Key): PreparedWrite {
  const sql = texts(table, 'delete', () => `DELETE FROM ${quote(table.name)} WHERE ${keyText(table)}`);
  return { table: table.name, sql, values: keyValues(table, key), key };
}

function insertText(table: Table, columns: readonly Column[]): string {
  const marks = columns.map(() => '?').join(', ');
  return `INSERT INTO ${quote(table.name)} (${list(columns.map((it) => it.name))}) VALUES (${marks})`;
}

function keyText(table: Table): string {
  return table.key.map((it) => `${quote(it)} = ?`).join(' AND ');
}

function keyValues(table: Table, key: Key): readonly SqlValue[] {
  const given = Object.keys(key).length;
  if (given !== table.key.length) {
    throw new InvalidRow(
      table.name,
      `its key is (${table.key.join(', ')}), not (${Object.keys(key).join(', ')})`,
    );
  }
  return table.key.map((name) => {
    const column = table.byName.get(name);
    if (column === undefined) throw new InvalidRow(table.name, `there is no column ${name}`);
    return encodeCell(table, column, keyCell(column, key[name]));
  });
}

/** A key spells a bigint as its decimal text. */
function keyCell(column: Column, value: string | number | undefined): Cell | undefined {
  if (column.type === 'bigint' && typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value);
  return value;
}

function checkColumns(table: Table, row: Row): void {
  for (const name in row) {
    if (!table.byName.has(name)) throw new InvalidRow(table.name, `there is no column ${name}`);
  }
}

function names(columns: readonly Column[]): string {
  return columns.map((it) => it.name).join(',');
}
