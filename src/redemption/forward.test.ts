import { describe, expect, test } from 'vitest';
import type { RedemptionCommand } from './decide.ts';
import { decideRedemption } from './decide.ts';
import { evolveRedemption } from './evolve.ts';
import { nextRedemptionStep, redemptionKind } from './redemption-kind.ts';
import {
  detected,
  held,
  promised,
  REDEMPTION,
  requested,
  SIGNER,
  toJournal,
  transfer,
  unowned,
} from './samples.ts';
import type { RedemptionEvent } from './state.ts';

const NEXT = '0x0000000000000000000000000000000000000002';
const start = { type: 'startForward', transferId: 't-1', to: NEXT } as const;
const settle = {
  type: 'settleForward',
  transferId: 't-1',
  to: NEXT,
  transactionHash: '0x7a',
  found: false,
} as const;
const started: RedemptionEvent = { type: 'ForwardStarted', data: { transferId: 't-1', to: NEXT } };
const forwarded: RedemptionEvent = {
  type: 'SharesForwarded',
  data: { transferId: 't-1', to: NEXT, transactionHash: '0x7a' },
};
const rejected: RedemptionEvent = { type: 'RedemptionRejected', data: { reason: 'no' } };
const toRejected: readonly RedemptionEvent[] = [detected, promised, requested, rejected];
const facts = { id: REDEMPTION, version: 1, createdMs: 0, updatedMs: 0, sinceMs: 0 };

function given(...events: readonly RedemptionEvent[]) {
  const state = events.reduce(evolveRedemption, redemptionKind.initialState);
  const owed = redemptionKind.rows(state, facts).find((it) => it.table === 'owed')?.row;
  return { state, owed, when: (command: RedemptionCommand) => decideRedemption(command, state) };
}

describe('a redemption whose shares lie with another signer of ours', () => {
  test('waits for their transfer, and goes on with the signer that has them then', () => {
    expect(given(detected).when(start)).toEqual([started]);
    expect(nextRedemptionStep(given(detected, started).state)).toEqual({ kind: 'wait', for: 'transfer' });
    expect(given(detected, started).owed).toMatchObject({ holder: SIGNER, shares: transfer.amount });
    expect(given(detected, started).when(settle)).toEqual([forwarded]);
    const after = given(detected, started, forwarded);
    expect(after.owed).toMatchObject({ holder: NEXT, shares: transfer.amount });
    expect(nextRedemptionStep(after.state)).toEqual({ kind: 'step', dependency: 'alpaca' });
    const burning = given(...toJournal.toSpliced(1, 0, started, forwarded));
    expect(nextRedemptionStep(burning.state)).toEqual({ kind: 'lane', lane: `8453/${NEXT}` });
  });

  test('is not brought before Alpaca, nor sent back, while they are on their way', () => {
    const promise = { type: 'promise', idempotencyKey: 'key-1', body: '{}' } as const;
    expect(() => given(detected, started).when(promise)).toThrow(/before its shares arrived/);
    const refund = { type: 'startRefund', refundId: 'r-1', found: [] } as const;
    expect(() => given(detected, started).when(refund)).toThrow(/cannot refund/);
    expect(() => given(...toRejected, started).when(refund)).toThrow(/cannot refund/);
    expect(given(...toRejected, started, forwarded).when(refund)).toMatchObject([{ type: 'RefundStarted' }]);
  });

  test.each([
    ['of nobody’s wallet', [unowned]],
    ['that is held before Alpaca was asked', [detected, held]],
    ['that Alpaca rejected', toRejected],
    ['that was closed', [detected, { type: 'RedemptionClosed', data: { why: 'x' } }]],
  ] as const)('%s may be handed over', (_what, events) => {
    expect(given(...events).when(start)).toEqual([started]);
  });

  test.each([
    ['that was promised to Alpaca', [detected, promised]],
    ['that Alpaca journaled', toJournal],
    ['that goes back already', [detected, { type: 'RefundStarted', data: { refundId: 'r-1', found: [] } }]],
    ['that is being handed over', [detected, { ...started, data: { transferId: 't-0', to: NEXT } }]],
  ] as const)('%s stays', (_what, events) => {
    expect(() => given(...events).when(start)).toThrow(/cannot hand over/);
  });

  test('is as it was when a reorg takes the transfer away', () => {
    const vanish = { type: 'vanishForward', transferId: 't-1', from: SIGNER, why: 'reorg' } as const;
    const events = given(detected, started, forwarded).when(vanish);
    expect(events).toMatchObject([{ type: 'ForwardVanished' }]);
    const after = given(detected, started, forwarded, ...events);
    expect(after.owed).toMatchObject({ holder: SIGNER });
    expect(after.when(settle)).toEqual([forwarded]);
  });

  test('is held when an operator ends the transfer, which would else begin anew', () => {
    const events = given(detected, started).when({ type: 'endForward', transferId: 't-1', why: 'no' });
    expect(events).toMatchObject([{ type: 'ForwardEnded' }, { type: 'RedemptionHeld' }]);
    const resumed = given(detected, started, ...events, { type: 'RedemptionResumed', data: {} });
    expect(resumed.when({ ...start, transferId: 't-2' })).toMatchObject([{ type: 'ForwardStarted' }]);
  });

  test('whose transfer only the chain remembers takes it in', () => {
    expect(given(detected).when({ ...settle, found: true })).toEqual([started, forwarded]);
    expect(() => given(detected).when(settle)).toThrow(/cannot settle/);
    expect(() => given(...toJournal).when({ ...settle, found: true })).toThrow(/cannot settle/);
  });
});
