import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RefundTerms } from '../operation/refund-terms.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { RefundCommand } from './decide.ts';
import { decideRefund } from './decide.ts';
import { evolveRefund } from './evolve.ts';
import { nextRefundStep, refundKind } from './refund-kind.ts';
import type { RefundEffect, RefundEvent, RefundState } from './state.ts';

const terms: RefundTerms = {
  redemptionId: '6b0f0b2e-0000-5000-8000-00000000000a',
  chainId: 8453,
  network: 'base',
  vault: '0x00000000000000000000000000000000000000cc',
  underlying: 'AAPL',
  token: 'tAAPL',
  holder: '0x0000000000000000000000000000000000000001',
  to: '0x00000000000000000000000000000000000000aa',
  amount: 5n * 10n ** 18n + 7n,
  clientId: null,
  splits: null,
};
const effect: RefundEffect & { readonly transactionId: string } = {
  transactionHash: '0x7a',
  blockNumber: 7n,
  blockHash: '0xb7',
  ordinal: 0,
  transactionId: 'tx-1',
};
const requested: RefundEvent = { type: 'RefundRequested', data: { ...terms, found: [] } };
const submitted: RefundEvent = { type: 'RefundSubmitted', data: { transactionId: 'tx-1' } };
const held: RefundEvent = { type: 'RefundHeld', data: { why: 'look' } };
const settled: RefundEvent = { type: 'RefundSettled', data: effect };
const closing: RefundEvent = { type: 'RefundClosing', data: { why: 'x', found: [] } };
const close = { type: 'close', why: 'x', isLive: true, found: [] } as const;
const settle = { type: 'settle', effect } as const;
const release = { type: 'release', transactionId: 'tx-1', why: 'cancelled' } as const;

function given(...events: readonly RefundEvent[]) {
  const state = events.reduce(evolveRefund, refundKind.initialState);
  return { state, when: (command: RefundCommand) => decideRefund(command, state) };
}

describe('a refund', () => {
  test('is begun once, waits for its lane, and is completed by its transfer', () => {
    const begin = { type: 'request', terms, found: [] } as const;
    expect(given().when(begin)).toEqual([requested]);
    expect(() => given(requested).when(begin)).toThrow(/cannot begin/);
    expect(nextRefundStep(given(requested).state)).toEqual({ kind: 'lane', lane: `8453/${terms.holder}` });
    expect(given(requested).when({ type: 'submit', transactionId: 'tx-1' })).toEqual([submitted]);
    expect(() => given(requested, submitted).when({ type: 'submit', transactionId: 'tx-2' })).toThrow(
      /cannot submit/,
    );
    expect(given(requested, submitted).when(settle)).toEqual([settled]);
    expect(given(requested, submitted, settled).when(settle)).toEqual([]);
    expect(nextRefundStep(given(requested, submitted, settled).state)).toEqual({ kind: 'none' });
  });

  test('counts no second transfer', () => {
    const other = { type: 'find', isLive: true, effect: { ...effect, transactionHash: '0x7b' } } as const;
    expect(() => given(requested, submitted, settled).when(other)).toThrow(/second effect/);
    expect(() => given(requested, submitted).when(other)).toThrow(/cannot settle/);
    expect(() => given(requested).when(settle)).toThrow(/cannot settle/);
    expect(given(requested).when(other)).toMatchObject([{ type: 'RefundSettled' }]);
  });

  test('whose block vanished waits for the same transaction', () => {
    const back = given(requested, submitted, settled).when({
      type: 'unsettle',
      transactionId: 'tx-1',
      why: 'reorg',
    });
    expect(given(requested, submitted, settled, ...back).state).toMatchObject({
      kind: 'submitted',
      transactionId: 'tx-1',
    });
  });

  test('is freed by what used its nonce, and then closed if that was asked for', () => {
    const freed = given(requested, submitted).when(release);
    expect(given(requested, submitted, ...freed).state).toMatchObject({ kind: 'requested' });
    const events = [requested, submitted, closing];
    expect(given(requested, submitted).when(close)).toMatchObject([{ type: 'RefundClosing' }]);
    expect(nextRefundStep(given(...events).state)).toMatchObject({ kind: 'wait', for: 'closing' });
    expect(given(...events, ...given(...events).when(release)).state).toMatchObject({
      kind: 'closed',
      why: 'x',
    });
    expect(given(...events, settled).state.kind).toBe('completed');
  });

  test('that was closed may be begun anew', () => {
    const closed = given(requested).when(close);
    expect(closed).toMatchObject([{ type: 'RefundClosed' }]);
    const again = given(requested, ...closed);
    expect(() => again.when(close)).toThrow(/cannot close/);
    expect(given(requested, ...closed, ...again.when({ type: 'request', terms, found: [] })).state.kind).toBe(
      'requested',
    );
  });

  test('that was closed although its transaction did something unplanned is never begun anew', () => {
    const before = [requested, submitted, held];
    const closed = given(...before).when({ ...close, isLive: false });
    expect(closed).toMatchObject([
      { type: 'RefundClosed', data: { doubt: expect.stringContaining('tx-1') } },
    ]);
    const over = given(...before, ...closed);
    expect(() => over.when({ type: 'request', terms, found: [] })).toThrow(/tokens may be back already/);
    expect(over.when({ type: 'find', isLive: true, effect })).toMatchObject([{ type: 'RefundSettled' }]);
  });

  test('that is held goes on where it stood, and for the split count that it was held for', () => {
    const reading = { count: 1n, blockNumber: 9n };
    const counted: RefundEvent = { type: 'SplitCountRecorded', data: { count: 0n, blockNumber: 5n } };
    const hold = given(requested, counted).when({ type: 'checkSplits', reading });
    expect(hold).toMatchObject([{ type: 'RefundHeld', data: { splits: reading } }]);
    const resume = { type: 'resume', found: [] } as const;
    const on = given(requested, counted, ...hold);
    expect(on.when({ type: 'hold', why: 'again' })).toEqual([]);
    const after = given(requested, counted, ...hold, ...on.when(resume));
    expect(after.state).toMatchObject({ kind: 'requested', refund: { splits: reading } });
    expect(after.when({ type: 'checkSplits', reading })).toEqual([]);
    expect(() => given(requested).when(resume)).toThrow(/cannot resume/);
    expect(given(requested, submitted, held, settled).state.kind).toBe('completed');
  });

  test('whose own transaction is over may be ended by another one', () => {
    const other = { ...effect, transactionHash: '0x7b', transactionId: null } as const;
    const astray = given(requested, submitted, held);
    expect(() => astray.when({ type: 'find', isLive: true, effect: other })).toThrow(/cannot settle/);
    const found = astray.when({ type: 'find', isLive: false, effect: other });
    expect(found).toEqual([{ type: 'RefundSettled', data: other }]);
    expect(given(requested, submitted, held, ...found).state.kind).toBe('completed');
    expect(() => given().when({ type: 'find', isLive: false, effect: other })).toThrow(/cannot settle/);
  });

  test('whose log is out of order is refused', () => {
    expect(() => given(submitted)).toThrow(/has the event/);
    expect(() => given(requested, requested)).toThrow(/has the event/);
  });
});

test('whatever is decided can be folded, and no two transfers are ever counted', () => {
  const transactionId = fc.constantFrom('tx-1', 'tx-2');
  const why = fc.constant('why');
  const hash = fc.constantFrom('0x7a', '0x7b') as fc.Arbitrary<`0x${string}`>;
  const anEffect = fc.record({ transactionHash: hash, transactionId }).map((it) => ({ ...effect, ...it }));
  const command: fc.Arbitrary<RefundCommand> = fc.oneof(
    fc.constant({ type: 'request' as const, terms, found: [] }),
    fc.record({ type: fc.constant('submit' as const), transactionId }),
    fc.record({ type: fc.constantFrom('settle' as const), effect: anEffect }),
    fc.record({ type: fc.constant('find' as const), effect: anEffect, isLive: fc.boolean() }),
    fc.record({ type: fc.constantFrom('unsettle' as const, 'release' as const), transactionId, why }),
    fc.record({ type: fc.constant('hold' as const), why }),
    fc.record({ type: fc.constant('close' as const), why, isLive: fc.boolean(), found: fc.constant([]) }),
    fc.constant({ type: 'resume' as const, found: [] }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 30, size: 'max' }), (commands) => {
      let state: RefundState = refundKind.initialState;
      for (const it of commands) {
        const before = state;
        state = tryDecide(it, state).reduce(evolveRefund, state);
        const isSecond = before.kind === 'completed' && state.kind === 'completed' && state !== before;
        expect(isSecond).toBe(false);
        const rows = refundKind.rows(state, { id: 'r', version: 1, createdMs: 0, updatedMs: 0, sinceMs: 0 });
        expect(rows.length > 0).toBe(state.kind !== 'none');
      }
    }),
    { numRuns: 500 },
  );

  function tryDecide(it: RefundCommand, state: RefundState): readonly RefundEvent[] {
    try {
      return decideRefund(it, state);
    } catch (error) {
      if (error instanceof IssuanceError && error.code === 'operation_state') return [];
      throw error;
    }
  }
});
