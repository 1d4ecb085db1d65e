import { describe, expect, test } from 'vitest';
import type { RedemptionCommand } from './decide.ts';
import { decideRedemption } from './decide.ts';
import { evolveRedemption } from './evolve.ts';
import { nextRedemptionStep, redemptionKind } from './redemption-kind.ts';
import {
  detected,
  DUST,
  effect,
  held,
  pick,
  promised,
  REDEMPTION,
  requested,
  settled,
  signed,
  toJournal,
  TOKEN,
  unowned,
} from './samples.ts';
import type { RedemptionEvent } from './state.ts';

const facts = { id: REDEMPTION, version: 1, createdMs: 0, updatedMs: 0, sinceMs: 0 };

function given(...events: readonly RedemptionEvent[]) {
  const state = events.reduce(evolveRedemption, redemptionKind.initialState);
  const rows = redemptionKind.rows(state, facts);
  const shares = (table: string) => rows.find((it) => it.table === table)?.row['shares'] ?? 0n;
  return {
    state,
    when: (command: RedemptionCommand) => decideRedemption(command, state),
    promise: shares('promise'),
    owed: shares('owed'),
  };
}

describe('a redemption that an operator ends', () => {
  test('closes nothing whose transaction may land before that is over', () => {
    const close = { type: 'close', why: 'proof', isLive: true } as const;
    const closed = given(detected, ...given(detected).when(close));
    expect(closed.state.kind).toBe('closed');
    expect(closed.owed).toBe(5n * TOKEN + DUST);
    const pending = [...toJournal, signed('tx-1', [pick(1n, 5n * TOKEN)], DUST)];
    const closing: RedemptionEvent = { type: 'RedemptionClosing', data: { why: 'proof' } };
    for (const before of [pending, [...pending, held]]) {
      expect(given(...before).when(close)).toEqual([closing]);
      expect(nextRedemptionStep(given(...before, closing).state)).toMatchObject({ for: 'closing' });
      const end = given(...before, closing).when({
        type: 'release',
        transactionId: 'tx-1',
        why: 'cancelled',
      });
      const { state, owed, promise: left } = given(...before, closing, ...end);
      expect([state.kind, owed, left]).toEqual(['closed', 5n * TOKEN + DUST, 0n]);
    }
    expect(given(...pending, closing, settled('tx-1')).state.kind).toBe('completed');
  });

  test('whose burn takes effect after it was closed is held; without effect its receipts are freed', () => {
    const pending = [...toJournal, signed('tx-1', [pick(1n, 5n * TOKEN)], DUST)];
    const closed: RedemptionEvent = { type: 'RedemptionClosed', data: { why: 'by hand' } };
    const late = given(...pending, closed).when({ type: 'settle', transactionId: 'tx-1', effect: effect() });
    expect(given(...pending, closed, ...late).state).toMatchObject({
      kind: 'held',
      from: { kind: 'burning' },
    });
    const freed = given(...pending, closed).when({
      type: 'release',
      transactionId: 'tx-1',
      why: 'cancelled',
    });
    expect(given(...pending, closed, ...freed).state).toMatchObject({
      kind: 'closed',
      redemption: { parts: [] },
    });
  });

  const started = { type: 'startRefund', refundId: 'refund-1', found: [] } as const;
  const refunded = { type: 'settleRefund', refundId: 'refund-1', transactionHash: '0x7a' } as const;

  test.each([
    ['rejected', [detected, promised, requested, { type: 'RedemptionRejected', data: { reason: null } }]],
    ['detected', [detected]],
    ['held before Alpaca was asked', [unowned, held]],
    [
      'closed as Alpaca had not taken it',
      [detected, promised, held, { type: 'RedemptionClosed', data: { why: 'x' } }],
    ],
    ['closed before Alpaca was asked', [detected, { type: 'RedemptionClosed', data: { why: 'x' } }]],
  ] as const)('that is %s may be refunded: its tokens are owed until that is settled', (_name, events) => {
    const before = given(...events);
    const starting = before.when(started);
    const during = given(...events, ...starting);
    expect(during.state).toMatchObject({ kind: 'refunding', refundId: 'refund-1' });
    expect([during.owed, during.promise]).toEqual([5n * TOKEN + DUST, 0n]);
    expect(during.when(started)).toEqual([]);
    const end = during.when(refunded);
    const after = given(...events, ...starting, ...end);
    expect(after.state).toMatchObject({ kind: 'refunded', transactionHash: '0x7a' });
    expect(after.owed).toBe(0n);
    expect(after.when(refunded)).toEqual([]);
    expect(() => after.when(started)).toThrow(/cannot refund/);
    const back = after.when({ type: 'vanishRefund', refundId: 'refund-1', why: 'reorg' });
    const again = given(...events, ...starting, ...end, ...back);
    expect(again.owed).toBe(5n * TOKEN + DUST);
    const givenUp = again.when({ type: 'endRefund', refundId: 'refund-1', why: 'closed', doubt: null });
    expect(given(...events, ...starting, ...end, ...back, ...givenUp).state).toEqual(before.state);
  });

  test('whose refund did something unplanned is held, and not taken up by itself', () => {
    const starting = given(detected).when(started);
    const end = { type: 'endRefund', refundId: 'refund-1', why: 'closed', doubt: 'it may be back' } as const;
    const ended = given(detected, ...starting, ...given(detected, ...starting).when(end));
    expect(ended.state).toMatchObject({ kind: 'held', why: 'it may be back' });
    expect(nextRedemptionStep(ended.state)).toMatchObject({ for: 'operator' });
  });

  test.each([
    ['promised', [detected, promised]],
    ['requested', [detected, promised, requested]],
    ['journaled', toJournal],
    ['burning', [...toJournal, signed('tx-1', [pick(1n, 5n * TOKEN)], DUST)]],
    ['held after that', [...toJournal, held]],
  ] as const)('that is %s may not be refunded', (_name, events) => {
    expect(() => given(...events).when(started)).toThrow(/cannot refund/);
  });
});
