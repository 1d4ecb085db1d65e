import { assert, double, integer, nat, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffMs, cutDelayMs, FIRST_BACKOFF_MS, LONGEST_BACKOFF_MS, LONGEST_DELAY_MS } from './backoff.ts';

const attempts = integer({ min: 1, max: 100_000 });
const fraction = double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('backoff', () => {
  test('every pause is a whole number between half the first and the longest', () => {
    assert(
      property(attempts, fraction, (count, part) => {
        const delayMs = backoffMs(count, part);
        expect(Number.isSafeInteger(delayMs)).toBe(true);
        expect(delayMs).toBeGreaterThanOrEqual(FIRST_BACKOFF_MS / 2);
        expect(delayMs).toBeLessThanOrEqual(LONGEST_BACKOFF_MS);
      }),
    );
  });

  test('more attempts never shorten the pause, at the same jitter', () => {
    assert(
      property(attempts, fraction, (count, part) => {
        expect(backoffMs(count + 1, part)).toBeGreaterThanOrEqual(backoffMs(count, part));
      }),
    );
  });

  test('doubles until the longest', () => {
    const almostOne = 1 - Number.EPSILON;
    expect([1, 2, 3, 8, 9].map((count) => backoffMs(count, almostOne))).toEqual([
      250, 500, 1000, 30_000, 30_000,
    ]);
    expect([1, 2, 3].map((count) => backoffMs(count, 0))).toEqual([125, 250, 500]);
  });

  test('jitter spreads over half of the pause', () => {
    assert(
      property(attempts, fraction, fraction, (count, one, other) => {
        const [shorter, longer] = [Math.min(one, other), Math.max(one, other)];
        expect(backoffMs(count, longer)).toBeGreaterThanOrEqual(backoffMs(count, shorter));
        expect(backoffMs(count, longer)).toBeLessThanOrEqual(2 * backoffMs(count, shorter));
      }),
    );
  });

  test('bounds of the caller hold, and none exceeds the longest delay', () => {
    assert(
      property(
        attempts,
        fraction,
        integer({ min: 1, max: 10 ** 9 }),
        nat(10 ** 9),
        (n, part, first, rest) => {
          const delayMs = backoffMs(n, part, first, first + rest);
          expect(delayMs).toBeLessThanOrEqual(Math.min(first + rest, LONGEST_DELAY_MS));
          expect(delayMs).toBeGreaterThanOrEqual(Math.min(first, LONGEST_DELAY_MS) / 2);
        },
      ),
    );
  });
});

describe('cutDelayMs', () => {
  test.each([
    [-5, 0],
    [0.2, 1],
    [1000, 1000],
    [Number.POSITIVE_INFINITY, LONGEST_DELAY_MS],
    [Number.NaN, LONGEST_DELAY_MS],
  ])('%d becomes %d', (given, cut) => {
    expect(cutDelayMs(given)).toBe(cut);
  });
});
