import { deflateSync, inflateSync } from 'node:zlib';
import { decodeFirst, encode, type TagDecoder } from 'cborg';
import { type Hex, bytesToHex, concatHex, hexToBytes } from 'viem';
import { IssuanceError } from '../primitives/failures.ts';
import { isUuid } from '../primitives/uuid.ts';

/**
 * The bytes that a mint leaves in its deposit, by which the chain alone tells whose mint it was: a magic
 * number, then one CBOR map with the deflated JSON. Its members bear the names they have on the wire.
 */
export interface ReceiptInformation {
  readonly tokenization_request_id: string;
  /** UUID of the operation. */
  readonly issuer_request_id: string;
  readonly underlying: string;
  /** Decimal string of tokens. */
  readonly quantity: string;
  /** RFC 3339 in UTC, with 0, 3, 6 or 9 fractional digits. */
  readonly timestamp: string;
  readonly notes: string | null;
}

/** As read from a deposit: all but the id may be missing (null) in receipts that others wrote. */
export interface KnownReceiptInformation {
  readonly kind: 'known';
  readonly tokenization_request_id: string | null;
  /** In lower case. */
  readonly issuer_request_id: string;
  readonly underlying: string | null;
  readonly quantity: string | null;
  readonly timestamp: string | null;
  readonly notes: string | null;
}

/** Bytes that are no such information: the deposit is someone else's, and that is no error. */
export interface ExternalReceiptInformation {
  readonly kind: 'external';
  readonly why: string;
}

/** Announces the CBOR map. */
const PREFIX: Hex = '0xff0a89c674ee7874';
const PREFIX_BYTES = 8;
const KEY_PAYLOAD = 0;
const KEY_MAGIC = 1;
const KEY_CONTENT_TYPE = 2;
const KEY_CONTENT_ENCODING = 3;
/** Says that the payload is information on a receipt. */
const MAGIC = 0xffc47a6299e8a911n;
/** A small stream can inflate to anything: whoever deposits may write one. */
const MAX_JSON_BYTES = 1024 * 1024;

const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.(?:\d{3}|\d{6}|\d{9}))?Z$/;
const DECIMAL = /^\d+(?:\.\d+)?$/;

/**
 * @throws IssuanceError `invalid_receipt_information` when the id is no UUID, the quantity no plain decimal,
 *   or the timestamp not of the form that readers rely on.
 */
export function encodeReceiptInformation(information: ReceiptInformation): Hex {
  const { tokenization_request_id, issuer_request_id, underlying, quantity, timestamp, notes } = information;
  check(isUuid(issuer_request_id), `issuer_request_id '${issuer_request_id}' is not a UUID`);
  check(DECIMAL.test(quantity), `quantity '${quantity}' is not a decimal number`);
  check(TIMESTAMP.test(timestamp), `timestamp '${timestamp}' is not RFC 3339 in UTC`);
  const json = JSON.stringify({
    tokenization_request_id,
    issuer_request_id,
    underlying,
    quantity,
    timestamp,
    notes,
  });
  const map = new Map<number, unknown>([
    [KEY_PAYLOAD, Uint8Array.from(deflateSync(json))],
    [KEY_MAGIC, MAGIC],
    [KEY_CONTENT_TYPE, 'application/json'],
    [KEY_CONTENT_ENCODING, 'deflate'],
  ]);
  return concatHex([PREFIX, bytesToHex(encode(map))]);
}

/**
 * Reads more than is written: further map entries, later CBOR items, tags, another content encoding (the
 * payload is then raw), and plain JSON without the magic number, as older receipts have it. Never throws.
 */
export function decodeReceiptInformation(
  information: Hex,
): KnownReceiptInformation | ExternalReceiptInformation {
  if (information === '0x') return external('there are no bytes');
  try {
    const bytes = hexToBytes(information);
    return fromJson(information.toLowerCase().startsWith(PREFIX) ? payloadOf(bytes) : bytes);
  } catch (error) {
    return external(error instanceof Error ? error.message : String(error));
  }
}

function payloadOf(bytes: Uint8Array): Uint8Array {
  const [item] = decodeFirst(bytes.subarray(PREFIX_BYTES), { useMaps: true, tags: ANY_TAG }) as [
    unknown,
    Uint8Array,
  ];
  check(item instanceof Map, 'the CBOR item after the magic number is no map');
  const map: ReadonlyMap<unknown, unknown> = item;
  const payload = map.get(KEY_PAYLOAD);
  check(payload instanceof Uint8Array, 'the map has no payload');
  if (map.get(KEY_CONTENT_ENCODING) !== 'deflate') return payload;
  return inflateSync(payload, { maxOutputLength: MAX_JSON_BYTES });
}

/** Whatever a tag says of a value that nobody here knows, the value alone is taken. */
const ANY_TAG = new Proxy<Record<number, TagDecoder>>({}, { get: (): TagDecoder => (decode) => decode() });

function fromJson(bytes: Uint8Array): KnownReceiptInformation | ExternalReceiptInformation {
  if (bytes.length > MAX_JSON_BYTES) return external(`the JSON is larger than ${MAX_JSON_BYTES} bytes`);
  const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  if (typeof value !== 'object' || value === null) return external('the JSON is no object');
  const members = value as Readonly<Record<string, unknown>>;
  const text = (name: string): string | null => {
    const member = Object.hasOwn(members, name) ? members[name] : null;
    return typeof member === 'string' ? member : null;
  };
  const id = text('issuer_request_id');
  if (id === null || !isUuid(id)) return external('issuer_request_id is no UUID');
  return {
    kind: 'known',
    tokenization_request_id: text('tokenization_request_id'),
    issuer_request_id: id.toLowerCase(),
    underlying: text('underlying'),
    quantity: text('quantity'),
    timestamp: text('timestamp'),
    notes: text('notes'),
  };
}

function external(why: string): ExternalReceiptInformation {
  return { kind: 'external', why };
}

function check(holds: boolean, message: string): asserts holds {
  if (!holds) throw new IssuanceError('invalid_receipt_information', message);
}
