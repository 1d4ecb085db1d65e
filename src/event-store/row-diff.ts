import { InvalidRow } from './errors.ts';
import type { Cell, Key, Row, RowWrite } from './event-store.ts';
import type { ImpliedRow } from './ledger.ts';
import type { Table } from './table.ts';

/** The writes that turn the rows of one state into those of the next. */
export type RowDiff = (before: readonly ImpliedRow[], after: readonly ImpliedRow[]) => readonly RowWrite[];

export function createRowDiff(tables: ReadonlyMap<string, Table>): RowDiff {
  const tableOf = ({ table }: ImpliedRow): Table => {
    const known = tables.get(table);
    if (known === undefined) throw new InvalidRow(table, 'there is no such table');
    return known;
  };

  const index = (rows: readonly ImpliedRow[]): Map<string, ImpliedRow> => {
    const byKey = new Map<string, ImpliedRow>();
    for (const row of rows) {
      const table = tableOf(row);
      checkImplied(table, row);
      const key = `${table.name}\u0000${keyText(table, row.row)}`;
      if (byKey.has(key))
        throw new InvalidRow(table.name, `one state implies the row ${keyText(table, row.row)} twice`);
      byKey.set(key, row);
    }
    return byKey;
  };

  const insert = ({ table, row, reset }: ImpliedRow): RowWrite => ({
    op: 'insert',
    table,
    row: reset === undefined ? row : { ...row, ...reset },
  });

  return (before, after) => {
    // A new stream, and of each table at most one row: nothing to compare with, by far the most frequent of all.
    if (before.length === 0 && areOfOneTableEach(after)) {
      return after.map((next) => {
        checkImplied(tableOf(next), next);
        return insert(next);
      });
    }
    const old = index(before);
    const writes: RowWrite[] = [];
    for (const [key, next] of index(after)) {
      const previous = old.get(key);
      if (previous === undefined) {
        writes.push(insert(next));
        continue;
      }
      old.delete(key);
      const table = tableOf(next);
      const set = { ...changedCells(table, previous.row, next.row), ...next.reset };
      if (Object.keys(set).length > 0) {
        writes.push({ op: 'update', table: next.table, key: keyOf(table, next.row), set });
      }
    }
    for (const gone of old.values()) {
      writes.push({ op: 'delete', table: gone.table, key: keyOf(tableOf(gone), gone.row) });
    }
    return writes;
  };
}

function areOfOneTableEach(rows: readonly ImpliedRow[]): boolean {
  return rows.every(({ table }, at) => rows.findIndex((it) => it.table === table) === at);
}

/** The key's columns of a row; a bigint is spelled as its decimal text. */
function keyOf(table: Table, row: Row): Key {
  const key: Record<string, string | number> = {};
  for (const name of table.key) {
    const value = row[name];
    if (typeof value === 'bigint') key[name] = value.toString();
    else if (typeof value === 'string' || typeof value === 'number') key[name] = value;
    else throw new InvalidRow(table.name, `a row without ${name}, which is part of its key`);
  }
  return key;
}

/** The key as one text, different for different keys. */
function keyText(table: Table, row: Row): string {
  return JSON.stringify(Object.values(keyOf(table, row)));
}

/** Whether two cells hold the same value; an absent one is null. */
function sameCell(a: Cell | undefined, b: Cell | undefined): boolean {
  const [left, right] = [a ?? null, b ?? null];
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  const [ofLeft, ofRight] = [left, right] as [Record<string, Cell>, Record<string, Cell>];
  for (const name of names) {
    // Inside a list or an object, null and absence are different things.
    if ((ofLeft[name] === undefined) !== (ofRight[name] === undefined)) return false;
    if (!sameCell(ofLeft[name], ofRight[name])) return false;
  }
  return true;
}

function changedCells(table: Table, before: Row, after: Row): Record<string, Cell> {
  const set: Record<string, Cell> = {};
  for (const { name } of table.columns) {
    if (!sameCell(before[name], after[name])) set[name] = after[name] ?? null;
  }
  return set;
}

/** Verify and rebuild tell implied from operational columns by the definition, so rows must keep to it. */
function checkImplied(table: Table, { row, reset }: ImpliedRow): void {
  if (table.definition.source !== 'log') {
    throw new InvalidRow(table.name, 'a state cannot imply rows of an operational table');
  }
  for (const name in row) {
    if (table.operational.has(name))
      throw new InvalidRow(table.name, `${name} is operational: it belongs in reset`);
  }
  for (const name in reset) {
    if (!table.operational.has(name)) throw new InvalidRow(table.name, `${name} in reset is not operational`);
  }
}
