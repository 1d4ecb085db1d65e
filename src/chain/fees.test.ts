import * as fc from 'fast-check';
import { parseGwei } from 'viem';
import { describe, expect, test } from 'vitest';
import { bumpFees, initialFees } from './fees.ts';

const price = fc.bigInt({ min: 0n, max: 10n ** 13n });
const market = fc.record({ baseFee: price, tip: price });
const ceiling = fc.bigInt({ min: 1n, max: 10n ** 13n });
const previousFees = fc
  .tuple(price, price)
  .map(([a, b]) => ({ maxFeePerGas: a > b ? a : b, maxPriorityFeePerGas: a > b ? b : a }));

describe('the fees of a first attempt', () => {
  test('offer the tip above twice the base fee', () => {
    const maxFeeCeiling = parseGwei('100');
    expect(initialFees({ baseFee: parseGwei('7'), tip: parseGwei('2'), maxFeeCeiling })).toEqual({
      fees: { maxFeePerGas: parseGwei('16'), maxPriorityFeePerGas: parseGwei('2') },
      capped: false,
    });
  });

  test('stop at the ceiling and say so', () => {
    const maxFeeCeiling = parseGwei('10');
    expect(initialFees({ baseFee: parseGwei('7'), tip: parseGwei('20'), maxFeeCeiling })).toEqual({
      fees: { maxFeePerGas: maxFeeCeiling, maxPriorityFeePerGas: maxFeeCeiling },
      capped: true,
    });
  });

  test('are always valid and never above the ceiling', () => {
    fc.assert(
      fc.property(market, ceiling, (now, maxFeeCeiling) => {
        const { fees, capped } = initialFees({ ...now, maxFeeCeiling });
        expect(fees.maxPriorityFeePerGas).toBeLessThanOrEqual(fees.maxFeePerGas);
        expect(fees.maxFeePerGas).toBeLessThanOrEqual(maxFeeCeiling);
        return capped || fees.maxFeePerGas >= now.baseFee + now.tip;
      }),
    );
  });
});

describe('the fees of a replacement', () => {
  test('rise by an eighth, rounded up, where the market did not move', () => {
    const previous = { maxFeePerGas: 1001n, maxPriorityFeePerGas: 9n };
    expect(bumpFees(previous, { baseFee: 0n, tip: 0n }, null)).toEqual({
      capped: false,
      fees: { maxFeePerGas: 1127n, maxPriorityFeePerGas: 11n },
    });
  });

  test('rise by a wei where an eighth is none, since clients refuse an equal field', () => {
    const previous = { maxFeePerGas: 1n, maxPriorityFeePerGas: 0n };
    expect(bumpFees(previous, { baseFee: 0n, tip: 0n }, null)).toEqual({
      capped: false,
      fees: { maxFeePerGas: 2n, maxPriorityFeePerGas: 1n },
    });
  });

  test('follow a market that rose by more', () => {
    const previous = { maxFeePerGas: parseGwei('3'), maxPriorityFeePerGas: parseGwei('1') };
    expect(bumpFees(previous, { baseFee: parseGwei('20'), tip: parseGwei('4') }, parseGwei('100'))).toEqual({
      capped: false,
      fees: { maxFeePerGas: parseGwei('44'), maxPriorityFeePerGas: parseGwei('4') },
    });
  });

  test('take the ceiling when the market is above it and the least raise is not', () => {
    const previous = { maxFeePerGas: parseGwei('8'), maxPriorityFeePerGas: parseGwei('1') };
    const bumped = bumpFees(previous, { baseFee: parseGwei('50'), tip: parseGwei('1') }, parseGwei('10'));
    expect(bumped).toMatchObject({ capped: false, fees: { maxFeePerGas: parseGwei('10') } });
  });

  test('are impossible when the least raise is above the ceiling, except for a cancellation', () => {
    const previous = { maxFeePerGas: parseGwei('9'), maxPriorityFeePerGas: 1n };
    const now = { baseFee: 1n, tip: 1n };
    expect(bumpFees(previous, now, parseGwei('10'))).toEqual({ capped: true });
    expect(bumpFees(previous, now, null)).toMatchObject({ capped: false });
  });

  test('raise both fields by at least an eighth and a wei, stay valid, and stay below the ceiling', () => {
    fc.assert(
      fc.property(previousFees, market, fc.option(ceiling), (previous, now, maxFeeCeiling) => {
        const bumped = bumpFees(previous, now, maxFeeCeiling);
        if (bumped.capped) return maxFeeCeiling !== null;
        const { maxFeePerGas, maxPriorityFeePerGas } = bumped.fees;
        const isRaised = (price: bigint, before: bigint) => price * 8n >= before * 9n && price > before;
        expect(isRaised(maxFeePerGas, previous.maxFeePerGas)).toBe(true);
        expect(isRaised(maxPriorityFeePerGas, previous.maxPriorityFeePerGas)).toBe(true);
        expect(maxPriorityFeePerGas).toBeLessThanOrEqual(maxFeePerGas);
        return maxFeeCeiling === null || maxFeePerGas <= maxFeeCeiling;
      }),
    );
  });
});
