import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IssuanceError } from '../primitives/failures.ts';
import type { RedemptionCommand } from './decide.ts';
import { decideRedemption } from './decide.ts';
import { evolveRedemption } from './evolve.ts';
import { nextRedemptionStep, redemptionKind } from './redemption-kind.ts';
import {
  detected,
  DUST,
  effect,
  held,
  journaled,
  pick,
  promised,
  REDEMPTION,
  requested,
  settled,
  SIGNER,
  signed,
  splits,
  toJournal,
  TOKEN,
  transfer,
  unowned,
} from './samples.ts';
import type { RedemptionEvent, RedemptionState } from './state.ts';

const REFUSALS = new Set(['operation_state', 'burn_mismatch']);
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

const detect = {
  type: 'detect',
  transfer,
  fromOurselves: false,
  isHistoric: false,
  clientId: 'client-1',
  splits,
} as const;
const sign = (transactionId: string, shares: bigint, dust: bigint): RedemptionCommand => ({
  type: 'sign',
  transactionId,
  picks: [pick(1n, shares)],
  dust,
});
const settle = (transactionId: string): RedemptionCommand => ({
  type: 'settle',
  transactionId,
  effect: effect(),
});

describe('a transfer to our wallet', () => {
  test('is a redemption of what Alpaca can express, with the rest as dust', () => {
    expect(given().when(detect)).toEqual([detected]);
    const { state, owed, promise } = given(detected);
    expect(state).toMatchObject({ redemption: { quantity: 5n * TOKEN, dust: DUST, clientId: 'client-1' } });
    expect({ owed, promise }).toEqual({ owed: 5n * TOKEN + DUST, promise: 0n });
  });

  test('seen again is nothing new', () => {
    expect(given(detected).when(detect)).toEqual([]);
    expect(given(...toJournal).when({ ...detect, isHistoric: true })).toEqual([]);
  });

  test.each([
    ['zero', { transfer: { ...transfer, amount: 0n } }, 0n],
    ['dust_only', { transfer: { ...transfer, amount: 999_999_999n } }, 999_999_999n],
    ['self_transfer', { fromOurselves: true }, 0n],
    ['historic', { isHistoric: true }, 0n],
  ] as const)('that is %s is recorded and never redeemed', (why, change, owed) => {
    const events = given().when({ ...detect, ...change });
    expect(events).toMatchObject([{ type: 'TransferRecorded', data: { why } }]);
    const recorded = given(...events);
    expect(nextRedemptionStep(recorded.state)).toEqual({ kind: 'none' });
    expect(recorded.owed).toBe(owed);
    expect(recorded.when(detect)).toEqual([]);
  });

  test('of the least that Alpaca can express is redeemed', () => {
    const events = given().when({ ...detect, transfer: { ...transfer, amount: 10n ** 9n } });
    expect(events).toMatchObject([{ type: 'TransferDetected' }]);
  });
});

describe('before Alpaca is asked', () => {
  test('a wait is recorded when it changes', () => {
    const wait = { type: 'wait', for: 'frozen' } as const;
    const events = given(detected).when(wait);
    expect(events).toEqual([{ type: 'RedemptionWaiting', data: { for: 'frozen' } }]);
    expect(given(detected, ...events).when(wait)).toEqual([]);
    expect(nextRedemptionStep(given(detected, ...events).state)).toMatchObject({
      kind: 'wait',
      for: 'frozen',
    });
  });

  test('the client is bound once', () => {
    const bind = { type: 'bind', clientId: 'client-1' } as const;
    expect(given(unowned).when(bind)).toEqual([{ type: 'OwnerBound', data: { clientId: 'client-1' } }]);
    expect(given(detected).when(bind)).toEqual([]);
    expect(() => given(detected).when({ ...bind, clientId: 'client-2' })).toThrow(
      /cannot bind another client/,
    );
    expect(() => given(...toJournal, held).when(bind)).toThrow(/cannot bind/);
  });

  test('the amount is promised once, and only with a client', () => {
    const promise = { type: 'promise', idempotencyKey: 'key-1', body: '{}' } as const;
    expect(given(detected).when(promise)).toEqual([promised]);
    expect(given(detected, promised).promise).toBe(5n * TOKEN);
    expect(() => given(unowned).when(promise)).toThrow(/without a client/);
    expect(() => given(detected, promised).when(promise)).toThrow(/cannot promise/);
    expect(() => given(detected, promised).when({ type: 'wait', for: 'frozen' })).toThrow(/cannot let wait/);
  });

  test('it is not requested without a promise, nor journaled without a request', () => {
    const request = { type: 'request', tokenizationRequestId: 'tkr-1', mismatch: null } as const;
    expect(() => given(detected).when(request)).toThrow(/cannot request/);
    const journal = { type: 'journal', fees: null, mismatch: null } as const;
    expect(() => given(detected, promised).when(journal)).toThrow(/cannot journal/);
    expect(() => given(detected, promised).when({ type: 'reject', reason: null })).toThrow(/cannot reject/);
    expect(() => given(...toJournal).when(journal)).toThrow(/cannot journal/);
  });
});

describe("Alpaca's word", () => {
  test('is taken as it comes', () => {
    const request = { type: 'request', tokenizationRequestId: 'tkr-1', mismatch: null } as const;
    expect(given(detected, promised).when(request)).toEqual([requested]);
    const journal = { type: 'journal', fees: null, mismatch: null } as const;
    expect(given(detected, promised, requested).when(journal)).toEqual([journaled]);
  });

  test('that differs from what we asked holds the redemption, with the id kept', () => {
    const request = { type: 'request', tokenizationRequestId: 'tkr-1', mismatch: 'quantity' } as const;
    const events = given(detected, promised).when(request);
    expect(events).toEqual([requested, { type: 'RedemptionHeld', data: { why: 'quantity' } }]);
    expect(given(detected, promised, ...events).state).toMatchObject({
      kind: 'held',
      from: { kind: 'requested' },
      redemption: { tokenizationRequestId: 'tkr-1' },
    });
    const journal = { type: 'journal', fees: null, mismatch: 'symbol' } as const;
    const late = given(detected, promised, requested).when(journal);
    expect(late).toEqual([{ type: 'RedemptionHeld', data: { why: 'symbol' } }]);
  });

  test('of a rejection ends it, frees the promise, and the tokens stay owed', () => {
    const events = given(detected, promised, requested).when({ type: 'reject', reason: 'no' });
    const rejected = given(detected, promised, requested, ...events);
    expect(rejected.state.kind).toBe('rejected');
    expect(rejected.promise).toBe(0n);
    expect(rejected.owed).toBe(5n * TOKEN + DUST);
  });
});

describe('a burn', () => {
  test('in one part returns the dust and ends the redemption', () => {
    const events = given(...toJournal).when(sign('tx-1', 5n * TOKEN, DUST));
    const pending = given(...toJournal, ...events);
    expect(nextRedemptionStep(pending.state)).toEqual({ kind: 'wait', for: 'transaction' });
    expect(pending.promise).toBe(0n);
    const done = given(...toJournal, ...events, ...pending.when(settle('tx-1')));
    expect(done.state.kind).toBe('completed');
    expect(done.owed).toBe(0n);
  });

  test('in several parts returns the dust with the last', () => {
    expect(() => given(...toJournal).when(sign('tx-1', 2n * TOKEN, DUST))).toThrow(/does not fit/);
    const first = [...toJournal, signed('tx-1', [pick(1n, 2n * TOKEN)], 0n)];
    expect(given(...first).promise).toBe(3n * TOKEN);
    expect(() => given(...first).when(sign('tx-2', 3n * TOKEN, DUST))).toThrow(/another part/);
    const between = given(...first, settled('tx-1'));
    expect(nextRedemptionStep(between.state)).toEqual({ kind: 'lane', lane: `8453/${SIGNER}` });
    expect(between.owed).toBe(3n * TOKEN + DUST);
    expect(() => between.when(sign('tx-2', 3n * TOKEN, 0n))).toThrow(/does not fit/);
    const last = between.when(sign('tx-2', 3n * TOKEN, DUST));
    expect(given(...first, settled('tx-1'), ...last, settled('tx-2')).state.kind).toBe('completed');
  });

  test.each([
    ['more than is left', 6n * TOKEN],
    ['nothing', 0n],
  ])('of %s is refused', (_name, shares) => {
    expect(() => given(...toJournal).when(sign('tx-1', shares, DUST))).toThrow(/does not fit/);
  });

  test.each([
    ['detected', [detected]],
    ['promised', [detected, promised]],
    ['requested', [detected, promised, requested]],
    ['held', [...toJournal, held]],
    ['rejected', [detected, promised, requested, { type: 'RedemptionRejected', data: { reason: null } }]],
  ] as const)('is never signed for a redemption that is %s', (_name, events) => {
    expect(() => given(...events).when(sign('tx-1', 5n * TOKEN, DUST))).toThrow(/cannot burn/);
  });

  test('settles once, and only its own transaction', () => {
    const events = [...toJournal, signed('tx-1', [pick(1n, 5n * TOKEN)], DUST)];
    expect(() => given(...events).when(settle('tx-2'))).toThrow(/cannot settle/);
    expect(given(...events, settled('tx-1')).when(settle('tx-1'))).toEqual([]);
    const other = { type: 'settle', transactionId: 'tx-1', effect: effect('0x7b') } as const;
    expect(() => given(...events, settled('tx-1')).when(other)).toThrow(/settle twice/);
  });

  test('that vanishes reopens a completed redemption and waits for the same transaction', () => {
    const events = [...toJournal, signed('tx-1', [pick(1n, 5n * TOKEN)], DUST), settled('tx-1')];
    const back = given(...events).when({ type: 'unsettle', transactionId: 'tx-1', why: 'reorg' });
    const open = given(...events, ...back);
    expect(nextRedemptionStep(open.state)).toEqual({ kind: 'wait', for: 'transaction' });
    expect(open.owed).toBe(5n * TOKEN + DUST);
  });

  test('that is released leaves exactly its part to be signed again', () => {
    const first = [...toJournal, signed('tx-1', [pick(1n, 2n * TOKEN)], 0n), settled('tx-1')];
    const both = [...first, signed('tx-2', [pick(2n, 3n * TOKEN)], DUST), settled('tx-2')];
    const unsettled: RedemptionEvent = {
      type: 'BurnUnsettled',
      data: { transactionId: 'tx-1', why: 'reorg' },
    };
    const released = given(...both, unsettled).when({ type: 'release', transactionId: 'tx-1', why: 'gone' });
    const open = given(...both, unsettled, ...released);
    expect(open.promise).toBe(2n * TOKEN);
    expect(() => open.when(sign('tx-3', 2n * TOKEN, DUST))).toThrow(/does not fit/);
    expect(open.when(sign('tx-3', 2n * TOKEN, 0n))).toMatchObject([{ type: 'BurnSigned' }]);
    expect(given(...both).when({ type: 'release', transactionId: 'tx-1', why: 'x' })).toEqual([]);
  });

  test('that only the chain remembers is counted once, and only if it fits', () => {
    const find = (shares: bigint, dust: bigint): RedemptionCommand => ({
      type: 'find',
      transactionId: 'found/0x7a',
      picks: [pick(1n, shares)],
      dust,
      effect: effect(),
    });
    const events = given(...toJournal).when(find(5n * TOKEN, DUST));
    expect(given(...toJournal, ...events).state.kind).toBe('completed');
    expect(given(...toJournal, ...events).when(find(5n * TOKEN, DUST))).toEqual([]);
    expect(() => given(...toJournal).when(find(6n * TOKEN, DUST))).toThrow(/does not fit/);
    expect(() => given().when(find(5n * TOKEN, DUST))).toThrow(/cannot settle/);
  });
});

describe('a stock split of the vault', () => {
  const check = (count: bigint | null, blockNumber = 20n) =>
    ({ type: 'checkSplits', reading: { count, blockNumber } }) as const;

  test.each([
    ['before Alpaca is asked', [detected]],
    ['after the journal', toJournal],
    ['between two parts of the burn', [...toJournal, signed('tx-1', [pick(1n, TOKEN)], 0n), settled('tx-1')]],
  ] as const)('%s holds the redemption', (_name, events) => {
    expect(given(...events).when(check(0n))).toEqual([]);
    const why = 'the vault split between block 5 and block 20: 0 → 1; quantities must be judged by a person';
    const reading = { count: 1n, blockNumber: 20n };
    expect(given(...events).when(check(1n))).toEqual([
      { type: 'RedemptionHeld', data: { why, splits: reading } },
    ]);
  });

  test('that a person judged holds it no more; the next one does', () => {
    const events = [...toJournal, ...given(...toJournal).when(check(1n))];
    const resumed = given(...events, ...given(...events).when({ type: 'resume' }));
    expect(resumed.state.kind).toBe('journaled');
    expect(resumed.when(check(1n, 30n))).toEqual([]);
    expect(resumed.when(check(2n, 30n))).toMatchObject([{ type: 'RedemptionHeld' }]);
  });

  test('is seen from the first count on, where none could be told of the transfer', () => {
    const events = given().when({ ...detect, splits: null });
    expect(events).toEqual([{ type: 'TransferDetected', data: { ...transfer, clientId: 'client-1' } }]);
    const first = given(...events).when(check(4n));
    expect(first).toEqual([{ type: 'SplitCountRecorded', data: { count: 4n, blockNumber: 20n } }]);
    expect(given(...events, ...first).when(check(5n))).toMatchObject([{ type: 'RedemptionHeld' }]);
  });

  test('is not concluded from an older block, nor of a vault that cannot split', () => {
    expect(given(detected).when(check(1n, 4n))).toEqual([]);
    const old = given(...given().when({ ...detect, splits: { count: null, blockNumber: 5n } }));
    expect(old.when(check(null))).toEqual([]);
  });
});

describe('an operator', () => {
  test('holds and resumes; what settled meanwhile is counted', () => {
    const events = [...toJournal, signed('tx-1', [pick(1n, 5n * TOKEN)], DUST), held, settled('tx-1')];
    expect(given(...events).state).toMatchObject({ kind: 'held', from: { kind: 'burning' } });
    const resumed = given(...events).when({ type: 'resume' });
    expect(given(...events, ...resumed).state.kind).toBe('completed');
    expect(() => given(...toJournal).when({ type: 'resume' })).toThrow(/cannot resume/);
    expect(given(...toJournal, held).when({ type: 'hold', why: 'again' })).toEqual([]);
    expect(() => given().when({ type: 'hold', why: 'x' })).toThrow(/cannot hold/);
  });

  test('a log that is out of order is refused', () => {
    expect(() => given(journaled)).toThrow(/has the event/);
    expect(() => given(detected, detected)).toThrow(/has the event TransferDetected/);
  });
});

test('whatever is decided can be folded, burns never more than was journaled, and returns its dust once', () => {
  const transactionId = fc.constantFrom('tx-1', 'tx-2', 'tx-3');
  const why = fc.constant('why');
  const burn = {
    transactionId,
    picks: fc.constantFrom(2n, 3n, 5n).map((shares) => [pick(1n, shares * TOKEN)]),
    dust: fc.constantFrom(0n, DUST),
  };
  const anEffect = fc.constantFrom('0x7a', '0x7b', '0x7c').map((hash) => effect(hash as `0x${string}`));
  const reading = fc.record({ count: fc.constantFrom(null, 0n, 1n), blockNumber: fc.constantFrom(4n, 9n) });
  const mismatch = fc.constantFrom(null, 'other');
  const command: fc.Arbitrary<RedemptionCommand> = fc.oneof(
    fc.constant(detect),
    fc.constant({ type: 'promise' as const, idempotencyKey: 'key-1', body: '{}' }),
    fc.constant({ type: 'request' as const, tokenizationRequestId: 'tkr-1', mismatch: null }),
    fc.record({ type: fc.constant('journal' as const), fees: fc.constant(null), mismatch }),
    fc.record({ type: fc.constant('sign' as const), ...burn }),
    fc.record({ type: fc.constant('settle' as const), transactionId, effect: anEffect }),
    fc.record({ type: fc.constant('find' as const), ...burn, effect: anEffect }),
    fc.record({ type: fc.constantFrom('unsettle' as const, 'release' as const), transactionId, why }),
    fc.record({ type: fc.constant('hold' as const), why }),
    fc.record({ type: fc.constant('close' as const), why, isLive: fc.boolean() }),
    fc.constant({ type: 'startRefund' as const, refundId: 'refund-1', found: [] }),
    fc.constant({ type: 'settleRefund' as const, refundId: 'refund-1', transactionHash: '0x7d' as const }),
    fc.constantFrom(
      { type: 'vanishRefund' as const, refundId: 'refund-1', why: 'reorg' },
      { type: 'endRefund' as const, refundId: 'refund-1', why: 'closed', doubt: null },
    ),
    fc.record({
      type: fc.constant('wait' as const),
      for: fc.constantFrom('frozen' as const, 'receipts_short' as const),
    }),
    fc.constant({ type: 'resume' as const }),
    fc.constant({ type: 'reject' as const, reason: null }),
    fc.record({ type: fc.constant('checkSplits' as const), reading }),
  );
  const start = fc.constantFrom<readonly RedemptionEvent[]>([], [detected], toJournal, toJournal);
  fc.assert(
    fc.property(start, fc.array(command, { maxLength: 30, size: 'max' }), (events, commands) => {
      let state: RedemptionState = events.reduce(evolveRedemption, redemptionKind.initialState);
      for (const it of commands) {
        state = tryDecide(it, state).reduce(evolveRedemption, state);
        const rows = redemptionKind.rows(state, facts);
        for (const { row } of rows.filter((it) => it.table === 'owed' || it.table === 'promise')) {
          expect(row['shares']).toBeGreaterThan(0n);
          expect(row['shares']).toBeLessThanOrEqual(transfer.amount);
        }
        const parts = 'redemption' in state ? state.redemption.parts : [];
        const dust = parts.reduce((sum, part) => sum + part.dust, 0n);
        expect([0n, DUST]).toContain(dust);
        expect(state.kind === 'completed' && dust !== DUST).toBe(false);
      }
    }),
    { numRuns: 1_000 },
  );

  function tryDecide(it: RedemptionCommand, state: RedemptionState): readonly RedemptionEvent[] {
    try {
      return decideRedemption(it, state);
    } catch (error) {
      const isRefusal = error instanceof IssuanceError && REFUSALS.has(error.code);
      if (isRefusal) return [];
      throw error;
    }
  }
});
