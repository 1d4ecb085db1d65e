import { assert, bigInt, constantFrom, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Moving } from './moving-shares.ts';
import { movingBetween, movingOf, STILL } from './moving-shares.ts';

const of = (kind: string, state: string, burned = 0n) => movingOf(kind, state, { quantity: 10n, burned });
const moving = (expected: bigint, least: bigint, most: bigint): Moving => ({ expected, least, most });

describe('what an open operation moves custody away from supply', () => {
  test.for([
    ['a mint whose journal may be made', of('mint', 'requested'), moving(0n, 0n, 10n)],
    ['a mint that is journaled', of('mint', 'journaled'), moving(10n, 10n, 10n)],
    ['a mint that may be on chain', of('mint', 'submitted'), moving(10n, 0n, 10n)],
    ['a mint that is held', of('mint', 'held'), moving(0n, 0n, 10n)],
    ['a mint that is on chain', of('mint', 'minted'), STILL],
    ['a mint whose journal was rejected', of('mint', 'rejected'), STILL],
    ['a redemption that Alpaca may know', of('redemption', 'detected'), moving(0n, -10n, 0n)],
    ['a redemption that is journaled', of('redemption', 'journaled'), moving(-10n, -10n, -10n)],
    ['a redemption that is burned in part', of('redemption', 'burning', 4n), moving(-6n, -6n, 0n)],
    ['a redemption that is held', of('redemption', 'held', 4n), moving(0n, -6n, 0n)],
    ['a redemption whose journal was rejected', of('redemption', 'rejected'), STILL],
  ] as const)('%s', ([, found, wanted]) => {
    expect(found).toEqual(wanted);
  });

  test('an operation that went on between two readings may stand anywhere between', () => {
    const read = (...states: readonly (readonly [string, Moving])[]) =>
      new Map(states.map(([id, it]) => [id, { underlying: id.slice(0, 4), moving: it }]));
    const before = read(['AAPL1', of('mint', 'journaled')], ['AAPL2', of('redemption', 'journaled')]);
    const after = read(['AAPL2', of('redemption', 'burning', 4n)], ['AAPL3', of('mint', 'requested')]);
    expect(movingBetween(before, after, 'AAPL')).toEqual(moving(-6n, -10n, 20n));
    expect(movingBetween(before, after, 'MSFT')).toEqual(STILL);
  });

  test('what is expected is always possible', () => {
    const state = record({
      kind: constantFrom('mint', 'redemption', 'refund'),
      state: constantFrom(
        'requested',
        'journaled',
        'submitted',
        'detected',
        'burning',
        'held',
        'minted',
        'x',
      ),
      quantity: bigInt(0n, 10n ** 30n),
      share: bigInt(0n, 100n),
    });
    assert(
      property(state, ({ kind, state: name, quantity, share }) => {
        const found = movingOf(kind, name, { quantity, burned: (quantity * share) / 100n });
        expect(found.least <= found.expected && found.expected <= found.most).toBe(true);
      }),
    );
  });
});
