import type { Address, Hex } from 'viem';
import { parseAddress } from '../../primitives/address.ts';
import { IssuanceError } from '../../primitives/failures.ts';

/**
 * The values of JSON-RPC, read strictly: whatever is not exactly what it should be throws
 * `rpc_unusable_answer`, and no default ever stands in. `what` names the member in the message.
 */

/** The members of an object answer. */
export type Members = Readonly<Record<string, unknown>>;

export function decodeMembers(value: unknown, what: string): Members {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members;
  throw unusable(what, 'an object', value);
}

export function decodeArray(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw unusable(what, 'an array', value);
}

/** A quantity of any size. Leading zeros are let through: some nodes write them. */
export function decodeQuantity(value: unknown, what: string): bigint {
  if (typeof value === 'string' && /^0x[0-9a-fA-F]{1,64}$/.test(value)) return BigInt(value);
  throw unusable(what, 'a hexadecimal quantity', value);
}

/** A quantity that counts something: a nonce, an index. */
export function decodeCount(value: unknown, what: string): number {
  const count = Number(decodeQuantity(value, what));
  if (Number.isSafeInteger(count)) return count;
  throw unusable(what, 'a number below 2^53', value);
}

/** Bytes of any length, in lower case. */
export function decodeBytes(value: unknown, what: string): Hex {
  if (typeof value === 'string' && /^0x([0-9a-fA-F]{2})*$/.test(value)) return value.toLowerCase() as Hex;
  throw unusable(what, 'hexadecimal bytes', value);
}

/** 32 bytes, in lower case. */
export function decodeHash(value: unknown, what: string): Hex {
  if (typeof value === 'string' && /^0x[0-9a-fA-F]{64}$/.test(value)) return value.toLowerCase() as Hex;
  throw unusable(what, '32 hexadecimal bytes', value);
}

/** An address, in lower case. */
export function decodeAddress(value: unknown, what: string): Address {
  const address = typeof value === 'string' ? parseAddress(value) : null;
  if (address !== null) return address;
  throw unusable(what, 'an address', value);
}

/** Null or absent as null, anything else by `decode`. */
export function decodeNullable<T>(
  value: unknown,
  what: string,
  decode: (value: unknown, what: string) => T,
): T | null {
  return value === null || value === undefined ? null : decode(value, what);
}

/** The error of every decoder. The value is shown shortened. */
export function unusable(what: string, expected: string, value: unknown): IssuanceError {
  const shown = (JSON.stringify(value) ?? 'nothing').slice(0, 80);
  return new IssuanceError(
    'rpc_unusable_answer',
    `unusable answer: ${what} should be ${expected}, got ${shown}`,
  );
}
