import { type Hex, bytesToHex, concatHex, hexToBytes, numberToHex, size } from 'viem';
import { IssuanceError } from '../primitives/failures.ts';
import { isUuid } from '../primitives/uuid.ts';

/**
 * Every calldata of ours ends with a tag that names its operations, so that the chain alone tells what a
 * transaction was for. Vaults ignore trailing bytes. It is read from the end:
 *
 *     ids (16 bytes each) | count (2 bytes) | version (1 byte) | magic (8 bytes)
 */

/** The first 8 bytes of keccak256("issuance.operation-tag"). */
export const TAG_MAGIC: Hex = '0x325da452a8c3f913';
const VERSION: Hex = '0x01';
const ID_BYTES = 16;
const COUNT_BYTES = 2;
/** Count, version and magic. */
const TRAILER_BYTES = COUNT_BYTES + 1 + 8;
const MAX_COUNT = 0xffff;

/**
 * Appends the tag of the given operations, in order. None is allowed: a nonce filler's calldata is the tag
 * alone.
 *
 * @throws IssuanceError `invalid_tag` when an id is not a UUID, or there are more than 65,535.
 */
export function appendTag(data: Hex, operationIds: readonly string[]): Hex {
  if (operationIds.length > MAX_COUNT) {
    throw new IssuanceError(
      'invalid_tag',
      `a tag holds at most ${MAX_COUNT} ids, not ${operationIds.length}`,
    );
  }
  const ids = operationIds.map((id): Hex => {
    if (!isUuid(id)) throw new IssuanceError('invalid_tag', `operation id '${id}' is not a UUID`);
    return `0x${id.replaceAll('-', '').toLowerCase()}`;
  });
  const count = numberToHex(operationIds.length, { size: COUNT_BYTES });
  return concatHex([data, ...ids, count, VERSION, TAG_MAGIC]);
}

/**
 * Reads the tag at the end of a calldata: the ids in lower case, in order. Null when there is none, or one of
 * a version that is not known. Anyone can write one: it means something only in a transaction of our own
 * signer.
 */
export function readTag(data: Hex): { readonly operationIds: readonly string[] } | null {
  const length = size(data);
  if (length < TRAILER_BYTES || data.length % 2 !== 0) return null;
  const trailer = hexToBytes(`0x${data.slice(-2 * TRAILER_BYTES)}`);
  const trailerEnd = bytesToHex(trailer.subarray(COUNT_BYTES));
  if (trailerEnd !== concatHex([VERSION, TAG_MAGIC])) return null;
  const count = (trailer[0] ?? 0) * 256 + (trailer[1] ?? 0);
  const start = length - TRAILER_BYTES - count * ID_BYTES;
  if (start < 0) return null;
  const digits = data.slice(2).toLowerCase();
  const operationIds = Array.from({ length: count }, (_, at) =>
    uuidOf(digits.slice(2 * (start + at * ID_BYTES), 2 * (start + (at + 1) * ID_BYTES))),
  );
  return { operationIds };
}

function uuidOf(digits: string): string {
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20),
  ].join('-');
}
