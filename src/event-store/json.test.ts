import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from './event-store.ts';
import { decodeJson, encodeJson } from './json.ts';

describe('JSON text', () => {
  test('spells a bigint as a tagged object', () => {
    expect(encodeJson({ amount: 2n ** 70n })).toBe('{"amount":{"$bigint":"1180591620717411303424"}}');
    expect(decodeJson('{"amount":{"$bigint":"-1"}}')).toEqual({ amount: -1n });
  });

  test('keeps objects that look like the tag apart from bigint', () => {
    const names = fc.constantFrom('$bigint', '$$bigint', '$$$bigint', 'bigint', '$', 'x$bigint');
    const value = fc.dictionary(names, fc.oneof(fc.bigInt(), fc.string(), fc.dictionary(names, fc.string())));
    fc.assert(
      fc.property(value, (it) => {
        expect(decodeJson(encodeJson(it))).toEqual(it);
      }),
    );
  });

  test('a property named __proto__ stays one', () => {
    const value = JSON.parse('{"__proto__": {"polluted": 1}, "big": 0}') as Record<string, Json>;
    value['big'] = 5n;
    const read = decodeJson(encodeJson(value)) as Record<string, Json>;
    expect(Object.keys(read)).toEqual(['__proto__', 'big']);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });

  test('a cycle is refused, not followed for ever', () => {
    const cycle: Record<string, Json> = {};
    cycle['self'] = cycle;
    expect(() => encodeJson(cycle)).toThrow(/nested deeper/);
  });
});
