import { InvalidRow } from '../errors.ts';
import { unreachable } from '../../primitives/failures.ts';
import type { Cell, ColumnType } from '../event-store.ts';
import { decodeJson, encodeJson } from '../json.ts';
import type { Column, Table } from '../table.ts';
import { decodeName } from './names.ts';

/** What a cell is in the file. */
export type SqlValue = null | number | string;

/**
 * A name is still the text that it was: its number is known only inside the transaction that writes it.
 *
 * @throws InvalidRow when the value is not of the column's type, or is null where one is required.
 */
export function encodeCell(table: Table, column: Column, value: Cell | undefined): SqlValue {
  if (value === null || value === undefined) {
    if (column.required) throw new InvalidRow(table.name, `${column.name} may not be null`);
    return null;
  }
  switch (column.type) {
    case 'text':
    case 'name':
      // A broken surrogate pair would come back as another character.
      if (typeof value === 'string' && value.isWellFormed()) return value;
      break;
    case 'integer':
      if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
      break;
    case 'bigint':
      if (typeof value === 'bigint') return value.toString();
      break;
    case 'bool':
      if (typeof value === 'boolean') return value ? 1 : 0;
      break;
    case 'json':
      return encodeJsonCell(table, column, value);
  }
  throw new InvalidRow(table.name, `${column.name} takes ${WANTED[column.type]}, not ${typeof value}`);
}

function encodeJsonCell(table: Table, column: Column, value: Exclude<Cell, null>): string {
  try {
    return encodeJson(value);
  } catch (error) {
    throw new InvalidRow(table.name, `${column.name} cannot hold this value`, error);
  }
}

const WANTED: Readonly<Record<ColumnType, string>> = {
  text: 'well-formed text',
  name: 'well-formed text',
  integer: 'an integer below 2^53',
  bigint: 'a bigint',
  bool: 'a boolean',
  json: 'JSON',
};

/** Turns what the file holds into the cell that was written. */
export function decodeCell(type: ColumnType, value: unknown): Cell {
  if (value === null) return null;
  switch (type) {
    case 'text':
      return value as string;
    case 'name':
      return decodeName(value);
    case 'integer':
      return value as number;
    case 'bigint':
      return BigInt(value as string);
    case 'bool':
      return value === 1;
    case 'json':
      return decodeJson(value as string);
    default:
      return unreachable(type);
  }
}
