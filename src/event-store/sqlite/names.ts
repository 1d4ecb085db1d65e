import { invariant } from '../../primitives/failures.ts';
import type { Connection } from './connection.ts';

/**
 * Names of streams, and whatever else rows repeat, each stored once and numbered; tables hold the numbers. A UUID in an
 * index of text is 36 bytes at a random place; the number is four at the end, so that of all the trees that a new
 * operation grows only the one that keeps names unique is written all over.
 *
 * Names are never changed nor removed, and a number is never given twice.
 */
export interface Names {
  /** The number of a name; null when nothing has it yet. */
  find(name: string): number | null;
  /** The number of a name, a new one if need be. Belongs inside a transaction. */
  intern(name: string): number;
  /** The same, and whether it is a new one: what nobody has named needs no looking up. */
  add(name: string): { readonly number: number; readonly isNew: boolean };
  /** Must be called after every rollback: numbers that were given in it are free again. */
  forget(): void;
}

/** The number of no name, for keys and queries of what nobody ever wrote. */
export const NO_NUMBER = -1;

/** Numbers that are remembered. Past it all are forgotten: that is cheaper than to know the oldest. */
const MAX_REMEMBERED = 10_000;

export function createNames(connection: Connection): Names {
  const known = new Map<string, number>();
  const remember = (name: string, number: number): number => {
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(name, number);
    return number;
  };
  const find = (name: string): number | null => {
    const cached = known.get(name);
    if (cached !== undefined) return cached;
    const row = connection.prepare('SELECT number FROM names WHERE name = ?').get(encodeName(name));
    return row === undefined ? null : remember(name, row['number'] as number);
  };
  const add: Names['add'] = (name) => {
    const cached = known.get(name);
    if (cached !== undefined) return { number: cached, isNew: false };
    const insert = connection.prepare('INSERT OR IGNORE INTO names (name) VALUES (?)');
    const { changes, lastInsertRowid } = insert.run(encodeName(name));
    if (changes !== 0) return { number: remember(name, Number(lastInsertRowid)), isNew: true };
    const number = find(name);
    invariant(number !== null, 'a name that is there has a number');
    return { number, isNew: false };
  };
  return {
    find,
    add,
    intern: (name) => known.get(name) ?? add(name).number,
    forget() {
      known.clear();
    },
  };
}

/** Value of a character of a UUID in its usual spelling; -1 for all others. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code)),
);
const UUID_LENGTH = 36;
const UUID_BYTES = 16;
const DASHES = [8, 13, 18, 23];
const DASH = '-'.charCodeAt(0);

/** A UUID in its usual spelling is kept as its 16 bytes, anything else as it is; so every name comes back unchanged. */
function encodeName(name: string): string | Uint8Array {
  // Digit by digit: every new operation passes here twice, and an expression and a copy cost a microsecond each time.
  if (name.length !== UUID_LENGTH) return name;
  for (const at of DASHES) if (name.charCodeAt(at) !== DASH) return name;
  const bytes = new Uint8Array(UUID_BYTES);
  let at = 0;
  for (let byte = 0; byte < UUID_BYTES; byte += 1) {
    if (name.charCodeAt(at) === DASH) at += 1;
    const high = DIGITS[name.charCodeAt(at)] ?? -1;
    const low = DIGITS[name.charCodeAt(at + 1)] ?? -1;
    if (high < 0 || low < 0) return name;
    bytes[byte] = high * 16 + low;
    at += 2;
  }
  return bytes;
}

/** The name that the file holds. */
export function decodeName(stored: unknown): string {
  if (typeof stored === 'string') return stored;
  const hex = Buffer.from(stored as Uint8Array).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
