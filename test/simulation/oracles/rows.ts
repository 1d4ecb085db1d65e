import type { Row } from '../../../src/event-store/event-store.ts';
import { formatQuantity } from '../../../src/primitives/quantity.ts';

/** Reading rows of the service's database, and saying what differs. */

/** A cell as text; empty for null, and where there is no such row. */
export function cell(row: Row | undefined, column: string): string {
  const value = row?.[column];
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A cell that holds a quantity; zero for null. */
export function amount(row: Row | undefined, column: string): bigint {
  const text = cell(row, column);
  return text === '' ? 0n : BigInt(text);
}

export function stateOf(row: Row | undefined): string {
  return row === undefined ? 'unknown to the service' : `${cell(row, 'state')} (${cell(row, 'reason')})`;
}

export function rowText(value: unknown): string {
  return JSON.stringify(value, (_, it: unknown) => (typeof it === 'bigint' ? String(it) : it));
}

export function differ(what: string, found: bigint, wanted: bigint): readonly string[] {
  return found === wanted ? [] : [`${what}: ${formatQuantity(found)}, not ${formatQuantity(wanted)}`];
}

export function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, it) => total + it, 0n);
}
