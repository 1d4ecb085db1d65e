import { InvalidQuery } from '../errors.ts';
import type { Condition, Query } from '../event-store.ts';
import type { Column, Table } from '../table.ts';
import type { SqlValue } from './cells.ts';
import { list, quote } from './ddl.ts';

/** Most rows of one answer. A query without a limit that would exceed it fails, rather than answering in part. */
export const MAX_ROWS = 10_000;

/**
 * With its sign, which changes nothing of the number: SQLite makes the plan of a bare `LIMIT ?` anew whenever a number
 * is bound to it, and that costs ten times what a short query costs.
 */
export const LIMIT = 'LIMIT +?';

export interface CompiledQuery {
  /** Its answer has every column of the table, in their order. */
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

interface Part {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** Gives the number of a name. */
export type NumberOf = (name: string) => number;

/**
 * SQL for a query. Values only ever become parameters; names come from the table's definition. Null sorts lowest.
 *
 * @throws InvalidQuery when the query does not fit the table.
 */
export function compileFind(table: Table, query: Query, numberOf: NumberOf): CompiledQuery {
  const order = (query.orderBy ?? []).map(([name, direction]) => ({
    column: orderable(table, name),
    direction,
  }));
  const values = createParameters(table, numberOf);
  const parts = whereParts(table, query.where, values);
  if (query.after !== undefined) parts.push(afterPart(table, order, query.after, query.where ?? {}, values));
  const limit = checkLimit(table, query.limit);
  const sql = [
    selectText(table),
    ...whereText(parts),
    ...(order.length === 0 ? [] : [`ORDER BY ${order.map((it) => orderText(table, it)).join(', ')}`]),
    LIMIT,
  ].join(' ');
  return { sql, values: [...parts.flatMap((it) => it.values), limit] };
}

/** SQL that counts; the answer's only column is `count`. @throws InvalidQuery as `compileFind`. */
export function compileCount(
  table: Table,
  query: Pick<Query, 'where' | 'limit'>,
  numberOf: NumberOf,
): CompiledQuery {
  const parts = whereParts(table, query.where, createParameters(table, numberOf));
  const values = parts.flatMap((it) => it.values);
  const rows = [`FROM ${quote(table.name)}`, ...whereText(parts)].join(' ');
  if (query.limit === undefined) return { sql: `SELECT count(*) AS count ${rows}`, values };
  const limited = `SELECT count(*) AS count FROM (SELECT 1 ${rows} ${LIMIT})`;
  return { sql: limited, values: [...values, checkLimit(table, query.limit)] };
}

const selects = new WeakMap<Table, string>();

/** All columns of a table, in their order; the text is made once. */
function selectText(table: Table): string {
  const known = selects.get(table);
  if (known !== undefined) return known;
  const columns = table.columns.map((it) => columnText(table, it)).join(', ');
  const text = `SELECT ${columns} FROM ${quote(table.name)}`;
  selects.set(table, text);
  return text;
}

function columnText(table: Table, { name, type }: Column): string {
  if (type !== 'name') return quote(name);
  const number = `${quote(table.name)}.${quote(name)}`;
  return `(SELECT name FROM names WHERE number = ${number}) AS ${quote(name)}`;
}

/** One more than may be answered, where the caller gave no limit: its presence shows that one was needed. */
function checkLimit(table: Table, limit: number | undefined): number {
  if (limit === undefined) return MAX_ROWS + 1;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_ROWS) {
    throw new InvalidQuery(table.name, `limit must be from 1 to ${MAX_ROWS}, not ${limit}`);
  }
  return limit;
}

function whereText(parts: readonly Part[]): readonly string[] {
  return parts.length === 0 ? [] : [`WHERE ${parts.map((it) => it.sql).join(' AND ')}`];
}

function whereParts(table: Table, where: Query['where'] = {}, valueOf: ValueOf): Part[] {
  return Object.entries(where).map(([name, condition]) => {
    const column = table.byName.get(name);
    if (column === undefined) throw new InvalidQuery(table.name, `there is no column ${name}`);
    return conditionPart(table, column, condition, valueOf);
  });
}

function conditionPart(table: Table, column: Column, condition: Condition, valueOf: ValueOf): Part {
  const name = quote(column.name);
  const value = (it: unknown): SqlValue => valueOf(column, it);
  if (condition === null) return { sql: `${name} IS NULL`, values: [] };
  if (typeof condition !== 'object') return { sql: `${name} = ?`, values: [value(condition)] };
  if ('in' in condition) {
    // One parameter for any number of values: one statement text, and no bound on their number.
    const values = JSON.stringify(condition.in.map(value));
    return { sql: `${name} IN (SELECT value FROM json_each(?))`, values: [values] };
  }
  if ('not' in condition) {
    // `IS NOT` counts null as different from a value, as a reader expects.
    if (condition.not === null) return { sql: `${name} IS NOT NULL`, values: [] };
    return { sql: `${name} IS NOT ?`, values: [value(condition.not)] };
  }
  const [word, bound] = Object.entries(condition)[0] ?? [];
  const operator = OPERATORS.get(word ?? '');
  if (operator === undefined) throw new InvalidQuery(table.name, `there is no condition ${word}`);
  orderable(table, column.name);
  if (column.type === 'name')
    throw new InvalidQuery(table.name, `${column.name} (name) is equal or not, and no more`);
  return { sql: `${name} ${operator} ?`, values: [value(bound)] };
}

const OPERATORS: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['lte', '<='],
  ['gt', '>'],
  ['gte', '>='],
]);

type ValueOf = (column: Column, value: unknown) => SqlValue;

function createParameters(table: Table, numberOf: NumberOf): ValueOf {
  return (column, value) =>
    column.type === 'name' && typeof value === 'string' ? numberOf(value) : parameter(table, column, value);
}

function parameter(table: Table, column: Column, value: unknown): SqlValue {
  switch (column.type) {
    case 'text':
      if (typeof value === 'string') return value;
      break;
    case 'integer':
      if (typeof value === 'number' && !Number.isNaN(value)) return value;
      break;
    case 'bigint':
      if (typeof value === 'string' && /^(0|-?[1-9]\d*)$/.test(value)) return value;
      if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
      break;
    case 'bool':
      if (typeof value === 'boolean') return value ? 1 : 0;
      break;
    case 'name':
    case 'json':
      break;
  }
  throw new InvalidQuery(
    table.name,
    `${column.name} (${column.type}) cannot be compared with a ${typeof value}`,
  );
}

function orderable(table: Table, name: string): Column {
  const column = table.byName.get(name);
  if (column === undefined) throw new InvalidQuery(table.name, `there is no column ${name}`);
  // Decimal text does not sort by value, and JSON text not by anything.
  if (column.type === 'bigint' || column.type === 'json') {
    throw new InvalidQuery(table.name, `${name} (${column.type}) has no order`);
  }
  return column;
}

interface OrderColumn {
  readonly column: Column;
  readonly direction: 'asc' | 'desc';
}

/** With the table's name: without, it would be the text of a name, and no index knows its order. */
function orderText(table: Table, { column, direction }: OrderColumn): string {
  return `${quote(table.name)}.${quote(column.name)} ${direction === 'asc' ? 'ASC' : 'DESC'}`;
}

function afterPart(
  table: Table,
  order: readonly OrderColumn[],
  after: readonly (string | number)[],
  where: NonNullable<Query['where']>,
  valueOf: ValueOf,
): Part {
  if (order.length === 0 || order.length !== after.length) {
    throw new InvalidQuery(table.name, 'after needs one value for each column of orderBy');
  }
  checkTotal(table, order, where);
  const values = order.map((it, at) => valueOf(it.column, after[at]));
  if (order.every((it) => it.direction === 'asc')) {
    // Row values let SQLite seek in the index. A null compares as unknown, which leaves its row out: it came before.
    const marks = order.map(() => '?').join(', ');
    return { sql: `(${list(order.map((it) => it.column.name))}) > (${marks})`, values };
  }
  if (order.every((it) => it.direction === 'desc' && it.column.required)) {
    const marks = order.map(() => '?').join(', ');
    return { sql: `(${list(order.map((it) => it.column.name))}) < (${marks})`, values };
  }
  const cases = order.map((last, at): Part => {
    const equals = order.slice(0, at).map((it) => `${quote(it.column.name)} = ?`);
    return { sql: `(${[...equals, beyond(last)].join(' AND ')})`, values: values.slice(0, at + 1) };
  });
  return { sql: `(${cases.map((it) => it.sql).join(' OR ')})`, values: cases.flatMap((it) => it.values) };
}

function beyond({ column, direction }: OrderColumn): string {
  const name = quote(column.name);
  if (direction === 'asc') return `${name} > ?`;
  return column.required ? `${name} < ?` : `(${name} < ? OR ${name} IS NULL)`;
}

/**
 * Pages over an order with ties would skip rows, so the order must tell any two rows apart. A column that `where` fixes
 * to one value tells none apart, and need not be ordered by.
 */
function checkTotal(table: Table, order: readonly OrderColumn[], where: NonNullable<Query['where']>): void {
  const names = new Set(order.map((it) => it.column.name));
  const isFixed = (name: string): boolean => ['string', 'number', 'boolean'].includes(typeof where[name]);
  if (!table.key.every((it) => names.has(it) || isFixed(it))) {
    throw new InvalidQuery(table.name, `paging needs the key (${table.key.join(', ')}) in orderBy`);
  }
}
