import * as fc from 'fast-check';
import { type Hex, concatHex, keccak256, size, slice, stringToHex } from 'viem';
import { describe, expect, test } from 'vitest';
import { TAG_MAGIC, appendTag, readTag } from './tag.ts';

const bytes = fc.uint8Array({ maxLength: 300 }).map((it): Hex => `0x${Buffer.from(it).toString('hex')}`);
const ids = fc.array(fc.uuid({ version: [4, 5] }), { maxLength: 60 });
const ID = '3f1c8f0e-7a55-4c1b-9d0e-2b6a4d1c9e77';

describe('the tag of a calldata', () => {
  test('gives back the ids in order, whatever stands before it', () => {
    fc.assert(
      fc.property(bytes, ids, (data, operationIds) => {
        const tagged = appendTag(data, operationIds);
        expect(readTag(tagged)).toEqual({ operationIds });
        expect(tagged.startsWith(data)).toBe(true);
        expect(size(tagged)).toBe(size(data) + 16 * operationIds.length + 11);
      }),
    );
  });

  test('has a layout that is fixed for ever: what is signed must be readable by every later version', () => {
    expect(appendTag('0xabcd', [ID.toUpperCase()])).toBe(
      '0xabcd3f1c8f0e7a554c1b9d0e2b6a4d1c9e77000101325da452a8c3f913',
    );
    expect(appendTag('0x', [])).toBe('0x000001325da452a8c3f913');
    expect(TAG_MAGIC).toBe(slice(keccak256(stringToHex('issuance.operation-tag')), 0, 8));
  });

  test('is the last one when a calldata has several', () => {
    expect(readTag(appendTag(appendTag('0x', [ID]), []))).toEqual({ operationIds: [] });
  });

  test('is not seen in calldata without one', () => {
    fc.assert(
      fc.property(bytes, (data) => {
        expect(readTag(data)).toBeNull();
      }),
    );
    expect(readTag('0x')).toBeNull();
  });

  test('is not seen when it is cut short, of another version, or promises more ids than there are bytes', () => {
    const tagged = appendTag('0x', [ID]);
    expect(readTag(`0x${tagged.slice(4)}`)).toBeNull();
    expect(readTag(tagged.slice(0, -2) as Hex)).toBeNull();
    expect(readTag(tagged.slice(0, -1) as Hex)).toBeNull();
    expect(readTag(concatHex(['0x000002', TAG_MAGIC]))).toBeNull();
    expect(readTag(concatHex(['0xffff01', TAG_MAGIC]))).toBeNull();
  });

  test('is read in any case of its hex digits', () => {
    expect(readTag(`0x${appendTag('0x', [ID]).slice(2).toUpperCase()}`)).toEqual({ operationIds: [ID] });
  });

  test('refuses what is no UUID, and more ids than it can count', () => {
    expect(() => appendTag('0x', ['3f1c8f0e'])).toThrow(expect.objectContaining({ code: 'invalid_tag' }));
    const tooMany = Array.from({ length: 65_536 }, () => ID);
    expect(() => appendTag('0x', tooMany)).toThrow(expect.objectContaining({ code: 'invalid_tag' }));
    expect(readTag(appendTag('0x', tooMany.slice(1)))?.operationIds).toHaveLength(65_535);
  });
});
