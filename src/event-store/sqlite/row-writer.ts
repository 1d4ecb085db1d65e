import { unreachable } from '../../primitives/failures.ts';
import { InvalidRow, RowMissing } from '../errors.ts';
import type { Cell, Key, Row, RowWrite } from '../event-store.ts';
import type { Column, Table } from '../table.ts';
import { encodeCell, type SqlValue } from './cells.ts';
import type { Connection } from './connection.ts';
import { list, quote } from './ddl.ts';
import { constraintRefusal } from './failures.ts';
import { type Names, NO_NUMBER } from './names.ts';

/** A row write that was checked and is ready to run. */
export interface PreparedWrite {
  readonly table: string;
  readonly shape: Shape;
  /** Names stand as text among them until the write runs. */
  readonly values: readonly SqlValue[];
  /** Set where a row must be touched: its absence refuses the commit. */
  readonly key: Key | null;
}

/** What writes of one form share. */
interface Shape {
  readonly sql: string;
  /** Places of names among the values; those of the key come last, and name no new ones. */
  readonly names: readonly number[];
  readonly keyFrom: number;
}

export interface RowWriter {
  /** @throws InvalidRow when the write does not fit the table. Writes nothing. */
  prepare(write: RowWrite): PreparedWrite;
  /** @throws UniqueViolation, RowMissing or InvalidRow; anything else is a failure of the database. */
  run(write: PreparedWrite): void;
}

/** Turns row writes into statements; the text of each shape is built once. */
export function createRowWriter(options: {
  readonly connection: Connection;
  readonly tables: ReadonlyMap<string, Table>;
  readonly names: Names;
  /** Told of a table before a row of it is written. */
  readonly onWrite: (table: string) => void;
}): RowWriter {
  const { connection, tables, names, onWrite } = options;
  const shapes = createShapeCache();
  return {
    prepare(write) {
      const table = tables.get(write.table);
      if (table === undefined) throw new InvalidRow(write.table, 'there is no such table');
      switch (write.op) {
        case 'insert':
          return prepareInsert(shapes, table, write.row);
        case 'upsert':
          return prepareUpsert(shapes, table, write.row);
        case 'update':
          return prepareUpdate(shapes, table, write.key, write.set);
        case 'delete':
          return prepareDelete(shapes, table, write.key);
        default:
          return unreachable(write);
      }
    },
    run(write) {
      onWrite(write.table);
      let changes: number | bigint;
      try {
        ({ changes } = connection.prepare(write.shape.sql).run(...numbered(names, write)));
      } catch (error) {
        throw constraintRefusal(write.table, error) ?? error;
      }
      if (write.key !== null && changes === 0) throw new RowMissing(write.table, write.key);
    },
  };
}

/** The values as they go into the file. */
function numbered(names: Names, { shape, values }: PreparedWrite): readonly SqlValue[] {
  if (shape.names.length === 0) return values;
  const numbers = [...values];
  for (const at of shape.names) {
    const name = values[at];
    if (typeof name !== 'string') continue;
    numbers[at] = at < shape.keyFrom ? names.intern(name) : (names.find(name) ?? NO_NUMBER);
  }
  return numbers;
}

type ShapeCache = (
  table: Table,
  form: string,
  build: () => { readonly sql: string; readonly given: readonly Column[]; readonly hasKey: boolean },
) => Shape;

function createShapeCache(): ShapeCache {
  const shapes = new Map<Table, Map<string, Shape>>();
  return (table, form, build) => {
    let ofTable = shapes.get(table);
    if (ofTable === undefined) shapes.set(table, (ofTable = new Map()));
    let shape = ofTable.get(form);
    if (shape === undefined) {
      const { sql, given, hasKey } = build();
      const key = hasKey ? table.key.map((it) => table.byName.get(it)) : [];
      const names = [...given, ...key].flatMap((it, at) => (it?.type === 'name' ? [at] : []));
      ofTable.set(form, (shape = { sql, names, keyFrom: given.length }));
    }
    return shape;
  };
}

function prepareInsert(shapes: ShapeCache, table: Table, row: Row): PreparedWrite {
  checkColumns(table, row);
  const values = table.columns.map((it) => encodeCell(table, it, row[it.name]));
  const shape = shapes(table, 'insert', () => ({
    sql: insertText(table, table.columns),
    given: table.columns,
    hasKey: false,
  }));
  return { table: table.name, shape, values, key: null };
}

/** Columns that the row leaves out keep their value in a row that exists. */
function prepareUpsert(shapes: ShapeCache, table: Table, row: Row): PreparedWrite {
  checkColumns(table, row);
  const given = table.columns.filter((it) => row[it.name] !== undefined || it.required);
  const values = given.map((it) => encodeCell(table, it, row[it.name]));
  const shape = shapes(table, `upsert ${columnNames(given)}`, () => {
    const others = given.filter((it) => !table.key.includes(it.name));
    const set = others.map((it) => `${quote(it.name)} = excluded.${quote(it.name)}`).join(', ');
    const action = others.length === 0 ? 'NOTHING' : `UPDATE SET ${set}`;
    const sql = `${insertText(table, given)} ON CONFLICT (${list(table.key)}) DO ${action}`;
    return { sql, given, hasKey: false };
  });
  return { table: table.name, shape, values, key: null };
}

function prepareUpdate(shapes: ShapeCache, table: Table, key: Key, set: Row): PreparedWrite {
  checkColumns(table, set);
  const given = table.columns.filter((it) => set[it.name] !== undefined);
  const [moved] = given.filter((it) => table.key.includes(it.name));
  if (moved !== undefined)
    throw new InvalidRow(table.name, `${moved.name} is part of the key and cannot change`);
  if (given.length === 0) throw new InvalidRow(table.name, 'the update sets nothing');
  const values = given.map((it) => encodeCell(table, it, set[it.name]));
  const shape = shapes(table, `update ${columnNames(given)}`, () => {
    const assignments = given.map((it) => `${quote(it.name)} = ?`).join(', ');
    const sql = `UPDATE ${quote(table.name)} SET ${assignments} WHERE ${keyText(table)}`;
    return { sql, given, hasKey: true };
  });
  return { table: table.name, shape, values: [...values, ...keyValues(table, key)], key };
}

function prepareDelete(shapes: ShapeCache, table: Table, key: Key): PreparedWrite {
  const shape = shapes(table, 'delete', () => ({
    sql: `DELETE FROM ${quote(table.name)} WHERE ${keyText(table)}`,
    given: [],
    hasKey: true,
  }));
  return { table: table.name, shape, values: keyValues(table, key), key };
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

function columnNames(columns: readonly Column[]): string {
  return columns.map((it) => it.name).join(',');
}
