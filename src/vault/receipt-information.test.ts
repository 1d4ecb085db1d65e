import { deflateRawSync, deflateSync } from 'node:zlib';
import { Tagged, encode } from 'cborg';
import * as fc from 'fast-check';
import { type Hex, bytesToHex, concatHex, stringToHex } from 'viem';
import { describe, expect, test } from 'vitest';
import {
  type ReceiptInformation,
  decodeReceiptInformation,
  encodeReceiptInformation,
} from './receipt-information.ts';
import vectors from './receipt-information.vectors.json' with { type: 'json' };

const PREFIX = '0xff0a89c674ee7874';
const INFORMATION: ReceiptInformation = {
  tokenization_request_id: 'tkr-0001',
  issuer_request_id: '3f1c8f0e-7a55-4c1b-9d0e-2b6a4d1c9e77',
  underlying: 'MSFT',
  quantity: '12.5',
  timestamp: '2026-03-02T14:05:00Z',
  notes: null,
};
const JSON_BYTES = Buffer.from(JSON.stringify(INFORMATION));
const DEFLATED = Uint8Array.from(deflateSync(JSON_BYTES));

type Entry = readonly [unknown, unknown];

function standardEntries(payload: Uint8Array = DEFLATED, encoding: unknown = 'deflate'): readonly Entry[] {
  return [
    [0, payload],
    [1, 0xffc47a6299e8a911n],
    [2, 'application/json'],
    [3, encoding],
  ];
}

function meta(entries: readonly Entry[], after: Hex = '0x'): Hex {
  return concatHex([PREFIX, bytesToHex(encode(new Map(entries))), after]);
}

const information = fc.record({
  tokenization_request_id: fc.string({ unit: 'binary' }).map((it) => it.toWellFormed()),
  issuer_request_id: fc.uuid(),
  underlying: fc.string(),
  quantity: fc.tuple(fc.nat(), fc.nat()).map(([whole, fraction]) => `${whole}.${fraction}`),
  timestamp: fc.constantFrom('', '.123', '.123456', '.123456789').map((it) => `2026-03-02T14:05:00${it}Z`),
  notes: fc.option(fc.string({ unit: 'grapheme' })),
});

describe('receipt information that is written', () => {
  test('is read back as it was', () => {
    fc.assert(
      fc.property(information, (it) => {
        expect(decodeReceiptInformation(encodeReceiptInformation(it))).toEqual({ kind: 'known', ...it });
      }),
    );
  });

  test.each(vectors)('agrees with what others write: $json', ({ json, hex }) => {
    const expected = JSON.parse(json) as ReceiptInformation;
    expect(decodeReceiptInformation(hex as Hex)).toEqual({ kind: 'known', ...expected });
    expect(decodeReceiptInformation(encodeReceiptInformation(expected))).toEqual({
      kind: 'known',
      ...expected,
    });
  });

  test('is one definite CBOR map of four pairs in order, after the magic number', () => {
    const hex = encodeReceiptInformation(INFORMATION);
    // Map of four; key 0 and a byte string of a length in one byte; the stream's two bytes of header.
    expect(hex).toMatch(/^0xff0a89c674ee7874a40058..78/);
    const rest = concatHex(['0x011bffc47a6299e8a911', '0x0270', stringToHex('application/json')]);
    expect(hex.endsWith(concatHex([rest, '0x0367', stringToHex('deflate')]).slice(2))).toBe(true);
  });

  test('holds the members in their order, whatever order they came in', () => {
    const shuffled = Object.fromEntries(
      Object.entries(INFORMATION).toReversed(),
    ) as unknown as ReceiptInformation;
    expect(encodeReceiptInformation(shuffled)).toBe(encodeReceiptInformation(INFORMATION));
  });

  test.each([
    { issuer_request_id: 'mint-1' },
    { quantity: '1e3' },
    { quantity: '-1' },
    { timestamp: '2026-03-02T14:05:00+01:00' },
    { timestamp: '2026-03-02T14:05:00.12Z' },
  ])('is refused when a reader could not rely on it: %o', (fault) => {
    expect(() => encodeReceiptInformation({ ...INFORMATION, ...fault })).toThrow(
      expect.objectContaining({ code: 'invalid_receipt_information' }),
    );
  });
});

describe('receipt information of others', () => {
  const known = { kind: 'known', ...INFORMATION };

  test.each<[string, Hex]>([
    ['a fifth pair', meta([...standardEntries(), [0xffa8e8a9b9cf4a31n, 'schema']])],
    ['keys of any type', meta([['text', 1], [99, [{}, null]], [-5, 1.5], ...standardEntries()])],
    ['tagged values under other keys', meta([...standardEntries(), [7, new Tagged(1234, 'later')]])],
    ['CBOR items after the map', meta(standardEntries(), '0xa10102')],
    ['bytes after the map that are no CBOR', meta(standardEntries(), '0xffff')],
    ['a raw payload, for want of an encoding', meta(standardEntries(JSON_BYTES).slice(0, 3))],
    ['a raw payload, for another encoding', meta(standardEntries(JSON_BYTES, 'identity'))],
    [
      'a raw payload, for an encoding that only resembles deflate',
      meta(standardEntries(JSON_BYTES, 'Deflate')),
    ],
    ['plain JSON', bytesToHex(JSON_BYTES)],
    ['upper-case hex', `0x${meta(standardEntries()).slice(2).toUpperCase()}`],
    [
      'plain JSON with further members',
      stringToHex(JSON.stringify({ operation_type: 'Mint', ...INFORMATION })),
    ],
    [
      'an id in capitals',
      stringToHex(
        JSON.stringify({ ...INFORMATION, issuer_request_id: INFORMATION.issuer_request_id.toUpperCase() }),
      ),
    ],
  ])('is understood: %s', (_, hex) => {
    expect(decodeReceiptInformation(hex)).toEqual(known);
  });

  test('may lack everything but the id', () => {
    const { issuer_request_id } = INFORMATION;
    expect(decodeReceiptInformation(stringToHex(JSON.stringify({ issuer_request_id, quantity: 5 })))).toEqual(
      {
        kind: 'known',
        issuer_request_id,
        tokenization_request_id: null,
        underlying: null,
        quantity: null,
        timestamp: null,
        notes: null,
      },
    );
  });

  const spaces = (count: number): Buffer => Buffer.concat([JSON_BYTES, Buffer.alloc(count, ' ')]);

  test('may inflate to 1 MiB and no further', () => {
    const most = spaces(1024 * 1024 - JSON_BYTES.length);
    const tooMuch = spaces(1024 * 1024 - JSON_BYTES.length + 1);
    expect(decodeReceiptInformation(meta(standardEntries(deflateSync(most))))).toEqual(known);
    expect(decodeReceiptInformation(meta(standardEntries(deflateSync(tooMuch)))).kind).toBe('external');
    expect(decodeReceiptInformation(bytesToHex(tooMuch)).kind).toBe('external');
    const bomb = deflateSync(Buffer.alloc(64 * 1024 * 1024));
    // Refused by the inflater itself, before it has taken the memory.
    expect(decodeReceiptInformation(meta(standardEntries(bomb)))).toMatchObject({
      why: expect.stringContaining('Buffer larger than'),
    });
  });

  test.each<[string, Hex]>([
    ['no bytes', '0x'],
    ['the magic number alone', PREFIX],
    ['no JSON', '0x1234'],
    ['no UTF-8', meta(standardEntries(Uint8Array.of(0x22, 0xff, 0x22), 'identity'))],
    ['JSON that is no object', stringToHex('[]')],
    ['JSON null', stringToHex('null')],
    ['no id', stringToHex('{}')],
    ['an id that is no UUID', stringToHex('{"issuer_request_id":"mint-1"}')],
    ['an id that is no text', stringToHex('{"issuer_request_id":7}')],
    ['CBOR that is no map', concatHex([PREFIX, bytesToHex(encode('hello'))])],
    ['a map without payload', meta([[1, 2]])],
    [
      'a payload that is no bytes',
      meta([
        [0, '{}'],
        [3, 'deflate'],
      ]),
    ],
    ['a payload that is no zlib stream', meta(standardEntries(JSON_BYTES))],
    ['a payload without the header of zlib', meta(standardEntries(deflateRawSync(JSON_BYTES)))],
    ['a stream that is cut short', meta(standardEntries(DEFLATED.subarray(0, -6)))],
    ['a map that is cut short', meta(standardEntries()).slice(0, -20) as Hex],
    ['arrays without end', `${PREFIX}${'81'.repeat(100_000)}`],
    ['hex that is none', '0xzz'],
  ])('is an external deposit, and no error: %s', (_, hex) => {
    expect(decodeReceiptInformation(hex)).toEqual({ kind: 'external', why: expect.stringMatching(/./) });
  });

  test('never makes reading fail, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, prefixed) => {
        const hex = bytesToHex(bytes);
        const { kind } = decodeReceiptInformation(prefixed ? concatHex([PREFIX, hex]) : hex);
        expect(kind).toBe('external');
      }),
    );
  });
});
