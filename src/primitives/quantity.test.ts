import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ALPACA_UNIT, formatQuantity, parseQuantity, splitDust } from './quantity.ts';

const amount = fc.bigInt({ min: 0n, max: 10n ** 40n });

describe('quantity', () => {
  test('every amount survives being written and read', () => {
    fc.assert(
      fc.property(amount, (value) => {
        expect(parseQuantity(formatQuantity(value))).toBe(value);
      }),
    );
  });

  test('trailing zeros do not count as precision, further digits do', () => {
    expect(parseQuantity('5.000000000000', 9)).toBe(5n * 10n ** 18n);
    expect(() => parseQuantity('5.0000000001', 9)).toThrow(/more than 9 decimals/);
  });

  test.each(['', '-1', '1e3', '.5', '5.', ' 5', '0x1', 'NaN', '1,5'])('refuses %j', (text) => {
    expect(() => parseQuantity(text)).toThrow(/not a decimal/);
  });

  test('dust and quantity add up, and the quantity fits nine decimals', () => {
    fc.assert(
      fc.property(amount, (value) => {
        const { quantity, dust } = splitDust(value);
        expect(quantity + dust).toBe(value);
        expect(quantity % ALPACA_UNIT).toBe(0n);
        expect(dust).toBeLessThan(ALPACA_UNIT);
      }),
    );
  });
});
