import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IssuanceError } from '../primitives/failures.ts';
import type { MintCommand } from './decide.ts';
import { decideMint } from './decide.ts';
import { decideConfirm, decideRequest } from './decide-request.ts';
import { evolveMint } from './evolve.ts';
import { mintKind, nextMintStep } from './mint-kind.ts';
import type { SplitReading } from '../vault/split-count.ts';
import {
  closed,
  completed,
  confirm,
  early,
  effect,
  given,
  held,
  id,
  journaled,
  laneOf,
  minted,
  rejected,
  requested,
  settle,
  started,
  submitted,
  terms,
} from './samples.ts';
import type { ConfirmFacts, MintEvent, MintState } from './state.ts';

describe('a request', () => {
  test('of a new mint is recorded, of a known one is not', () => {
    expect(given().requested()).toEqual([requested]);
    expect(given(requested).requested()).toEqual([]);
  });

  test('after its confirm takes the journal along', () => {
    expect(given(early('completed')).requested()).toEqual([requested, journaled]);
    expect(given(early('rejected')).requested()).toEqual([requested, rejected]);
  });

  test('after a confirm with another issuer id waits for a right one', () => {
    expect(given(early('completed', 'someone')).requested()).toEqual([requested]);
  });

  test('after two confirms that contradict each other is held', () => {
    const events = given(early('completed'), early('rejected')).requested();
    expect(events.map((it) => it.type)).toEqual([
      'MintRequested',
      'JournalCompleted',
      'ConfirmContradicted',
      'MintHeld',
    ]);
  });
});

describe('a stock split of the vault', () => {
  const at = (count: bigint | null, blockNumber: bigint): SplitReading => ({ count, blockNumber });
  const stamped = (splits: SplitReading): readonly MintEvent[] => [
    { type: 'MintRequested', data: { ...terms, source: 'request', splits } },
    journaled,
  ];
  const check = (reading: SplitReading) => ({ type: 'checkSplits', reading }) as const;

  test('is seen against the count that was last known at the request', () => {
    const splits = at(2n, 40n);
    expect(given().requested(splits)).toEqual([
      { type: 'MintRequested', data: { ...terms, source: 'request', splits } },
    ]);
    expect(given(...stamped(splits)).when(check(at(2n, 50n)))).toEqual([]);
    const why = 'the vault split between block 40 and block 50: 2 → 3; quantities must be judged by a person';
    expect(given(...stamped(splits)).when(check(at(3n, 50n)))).toEqual([
      { type: 'MintHeld', data: { why, splits: at(3n, 50n) } },
    ]);
  });

  test('before anything was known is not seen: the first count is recorded, and compared from then on', () => {
    const first = given(requested, journaled).when(check(at(1n, 50n)));
    expect(first).toEqual([{ type: 'SplitCountRecorded', data: at(1n, 50n) }]);
    const next = given(requested, journaled, ...first);
    expect(next.when(check(at(1n, 60n)))).toEqual([]);
    expect(next.when(check(at(2n, 60n)))).toMatchObject([{ type: 'MintHeld' }]);
  });

  test('cannot happen to a vault without a count, nor by an upgrade that brings one', () => {
    expect(given(...stamped(at(null, 40n))).when(check(at(null, 50n)))).toEqual([]);
    expect(given(...stamped(at(null, 40n))).when(check(at(0n, 50n)))).toEqual([]);
    expect(given(...stamped(at(1n, 40n))).when(check(at(null, 50n)))).toMatchObject([{ type: 'MintHeld' }]);
  });

  test('is not concluded from an older block', () => {
    expect(given(...stamped(at(1n, 40n))).when(check(at(0n, 39n)))).toEqual([]);
  });

  test('that a person judged holds it no more; the next one does', () => {
    const events = [...stamped(at(0n, 40n)), ...given(...stamped(at(0n, 40n))).when(check(at(1n, 50n)))];
    const resumed = given(...events, ...given(...events).when({ type: 'resume' }));
    expect(resumed.state.kind).toBe('journaled');
    expect(resumed.when(check(at(1n, 60n)))).toEqual([]);
    expect(resumed.when(check(at(2n, 60n)))).toMatchObject([{ type: 'MintHeld' }]);
  });

  test('is asked about only right before the mint is signed', () => {
    expect(() => given(requested).when(check(at(0n, 1n)))).toThrow(/cannot compare splits/);
    expect(() => given(requested, journaled, submitted).when(check(at(0n, 1n)))).toThrow(/cannot compare/);
  });
});

describe('a confirm', () => {
  test('of a requested mint ends the wait for the journal', () => {
    expect(given(requested).confirmed('completed')).toEqual({ answer: 'ok', why: null, events: [journaled] });
    expect(given(requested).confirmed('rejected')).toEqual({ answer: 'ok', why: null, events: [rejected] });
  });

  test.each([
    ['journaled', [requested, journaled]],
    ['submitted', [requested, journaled, submitted]],
    ['minted', [requested, journaled, submitted, minted]],
    ['completed', [requested, journaled, submitted, minted, completed]],
    ['held', [requested, journaled, held]],
    ['closed', [requested, journaled, closed]],
  ] as const)('repeated when the mint is %s is answered the same', (_name, events) => {
    expect(given(...events).confirmed('completed')).toEqual({ answer: 'ok', why: null, events: [] });
  });

  test('of an unknown mint is stored once', () => {
    expect(given().confirmed('completed')).toMatchObject({ answer: 'unknown', events: [early('completed')] });
    expect(given(early('completed')).confirmed('completed')).toMatchObject({ answer: 'unknown', events: [] });
    expect(given(early('completed')).confirmed('rejected')).toMatchObject({ events: [early('rejected')] });
  });

  test('that contradicts an earlier one is stored once, and is a conflict each time', () => {
    const first = given(requested, rejected).confirmed('completed');
    expect(first).toMatchObject({ answer: 'conflict', events: [{ type: 'ConfirmContradicted' }] });
    const again = given(requested, rejected, ...first.events).confirmed('completed');
    expect(again).toMatchObject({ answer: 'conflict', events: [] });
  });

  test('that calls a journaled mint rejected holds it before it is signed', () => {
    const { events } = given(requested, journaled).confirmed('rejected');
    expect(events.map((it) => it.type)).toEqual(['ConfirmContradicted', 'MintHeld']);
  });

  test('that calls a signed mint rejected holds it once it is free of its transaction', () => {
    const { events } = given(requested, journaled, submitted).confirmed('rejected');
    expect(events.map((it) => it.type)).toEqual(['ConfirmContradicted']);
    const release = { type: 'release', transactionId: 'tx-1', why: 'reverted', alone: true } as const;
    const after = given(requested, journaled, submitted, ...events).when(release);
    expect(after.map((it) => it.type)).toEqual(['MintReleased', 'MintHeld']);
  });

  test('with another issuer id is a conflict and changes nothing else', () => {
    const decision = given(requested).confirmed('completed', 'someone');
    expect(decision).toMatchObject({ answer: 'conflict', events: [{ type: 'ConfirmContradicted' }] });
    expect(given(requested, ...decision.events).confirmed('completed')).toMatchObject({
      events: [journaled],
    });
  });

  test('of a mint that an operator closed before its journal is taken, and the mint held for a person', () => {
    const { answer, events } = given(requested, closed).confirmed('completed');
    expect(answer).toBe('ok');
    expect(given(requested, closed, ...events).state).toMatchObject({
      kind: 'held',
      mint: { journal: 'completed' },
      from: { kind: 'journaled' },
    });
    expect(given(requested, closed).confirmed('rejected')).toMatchObject({ events: [rejected] });
    expect(given(requested, journaled, closed).confirmed('rejected')).toMatchObject({ answer: 'conflict' });
  });

  test('reaches a mint that is held since before its journal', () => {
    const decision = given(requested, held).confirmed('completed');
    expect(decision.events).toEqual([journaled]);
    expect(given(requested, held, journaled).state).toMatchObject({
      kind: 'held',
      from: { kind: 'journaled' },
    });
  });
});

describe('a mint', () => {
  test('goes from its journal to its end', () => {
    expect(given(requested, journaled).when({ type: 'submit', transactionId: 'tx-1' })).toEqual([submitted]);
    expect(given(requested, journaled, submitted).when(settle)).toEqual([minted]);
    const start = { type: 'startCallback', transactionHash: '0x7a' } as const;
    const done = { type: 'completeCallback', transactionHash: '0x7a' } as const;
    expect(given(requested, journaled, submitted, minted).when(start)).toEqual([started]);
    expect(given(requested, journaled, submitted, minted, started).when(start)).toEqual([]);
    expect(given(requested, journaled, submitted, minted, started).when(done)).toEqual([completed]);
  });

  test.each([
    ['nothing', []],
    ['a request', [requested]],
    ['a transaction', [requested, journaled, submitted]],
    ['a hold', [requested, journaled, held]],
    ['an end', [requested, rejected]],
  ] as const)('given %s, is not signed', (_name, events) => {
    expect(() => given(...events).when({ type: 'submit', transactionId: 'tx-2' })).toThrow(/cannot submit/);
  });

  test('counts no second effect, and the same one once', () => {
    const state = given(requested, journaled, submitted, minted);
    expect(state.when(settle)).toEqual([]);
    const other = { ...settle.effect, transactionHash: '0x7b' } as const;
    expect(() => state.when({ type: 'settle', effect: other })).toThrow(/cannot settle/);
    expect(() => state.when({ type: 'find', effect: other })).toThrow(/cannot settle/);
  });

  test('does not settle through a transaction it is not in', () => {
    expect(() => given(requested, journaled).when(settle)).toThrow(/cannot settle/);
  });

  test.each([
    ['requested', [requested]],
    ['journaled', [requested, journaled]],
    ['submitted', [requested, journaled, submitted]],
  ] as const)('that is %s settles by an effect found on chain', (_name, events) => {
    const found = given(...events).when({ type: 'find', effect: { ...effect, transactionId: null } });
    expect(found).toMatchObject([{ type: 'Minted', data: { transactionId: null } }]);
  });

  test('whose effect vanished waits for the same transaction, and does not tell the same hash twice', () => {
    const all = [requested, journaled, submitted, minted, completed];
    const back = given(...all).when({ type: 'unsettle', transactionId: 'tx-1', why: 'reorg' });
    expect(given(...all, ...back).state).toMatchObject({ kind: 'submitted', transactionId: 'tx-1' });
    expect(given(...all, ...back, minted).state).toMatchObject({ kind: 'completed' });
    const other: MintEvent = { type: 'Minted', data: { ...effect, transactionHash: '0x7b' } };
    expect(given(...all, ...back, other).state).toMatchObject({ kind: 'minted' });
  });

  test('released after a revert is ready again, alone', () => {
    const release = { type: 'release', transactionId: 'tx-1', why: 'reverted', alone: true } as const;
    const events = given(requested, journaled, submitted).when(release);
    const { state } = given(requested, journaled, submitted, ...events);
    expect(state).toMatchObject({ kind: 'journaled', mint: { alone: true, reason: 'reverted' } });
    expect(nextMintStep(state)).toEqual({ kind: 'lane', lane: laneOf(8453) });
    expect(given(requested, journaled).when(release)).toEqual([]);
  });

  test('that is held settles underneath, and resumes where it then stands', () => {
    const { state } = given(requested, journaled, submitted, held, minted);
    expect(state).toMatchObject({ kind: 'held', from: { kind: 'minted' } });
    expect(evolveMint(state, { type: 'MintResumed', data: {} })).toMatchObject({ kind: 'minted', effect });
    expect(() => given(requested).when({ type: 'resume' })).toThrow(/cannot resume/);
  });

  test('that never minted calls nobody back', () => {
    const start = { type: 'startCallback', transactionHash: '0x7a' } as const;
    expect(() => given(requested, journaled).when(start)).toThrow(/cannot call Alpaca back/);
    const other = { type: 'completeCallback', transactionHash: '0x7b' } as const;
    expect(() => given(requested, journaled, submitted, minted).when(other)).toThrow(
      /cannot call Alpaca back/,
    );
  });

  test('moves to another lane only before it is signed', () => {
    const move = { type: 'move', lane: '8453/0x02' } as const;
    const events = given(requested, journaled).when(move);
    const { state, when } = given(requested, journaled, ...events);
    expect(nextMintStep(state)).toEqual({ kind: 'lane', lane: '8453/0x02' });
    expect(when(move)).toEqual([]);
    expect(() => given(requested, journaled, submitted).when(move)).toThrow(/cannot move/);
  });

  test('whose log is out of order is refused', () => {
    expect(() => given(journaled)).toThrow(/log_corrupt|has the event/);
    expect(() => given(requested, requested)).toThrow(/has the event MintRequested/);
  });
});

test('whatever is decided can be folded, in any order of commands', () => {
  const hash = fc.constantFrom('0x7a', '0x7b') as fc.Arbitrary<`0x${string}`>;
  const transactionId = fc.constantFrom('tx-1', 'tx-2');
  const why = fc.constant('why');
  const reading = fc.record({ count: fc.constantFrom(null, 0n, 1n), blockNumber: fc.constantFrom(5n, 9n) });
  const anEffect = fc.record({ transactionHash: hash, transactionId }).map((it) => ({ ...effect, ...it }));
  const command: fc.Arbitrary<MintCommand> = fc.oneof(
    fc.record({ type: fc.constant('submit' as const), transactionId }),
    fc.record({ type: fc.constant('settle' as const), effect: anEffect }),
    fc.record({ type: fc.constant('find' as const), effect: anEffect }),
    fc.record({ type: fc.constant('unsettle' as const), transactionId, why }),
    fc.record({ type: fc.constant('release' as const), transactionId, why, alone: fc.boolean() }),
    fc.record({
      type: fc.constantFrom('startCallback' as const, 'completeCallback' as const),
      transactionHash: hash,
    }),
    fc.record({ type: fc.constant('hold' as const), why }),
    fc.record({ type: fc.constant('close' as const), why, isLive: fc.boolean() }),
    fc.constant({ type: 'retarget' as const, vault: terms.vault, splits: null }),
    fc.constant({ type: 'resume' as const }),
    fc.record({ type: fc.constant('checkSplits' as const), reading }),
  );
  const confirms = fc.record({
    status: fc.constantFrom('completed' as const, 'rejected' as const),
    issuer: fc.constantFrom(id, 'someone'),
  });
  const step = fc.oneof({ weight: 5, arbitrary: command }, confirms, fc.constant('request' as const));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (steps) => {
      let state: MintState = mintKind.initialState;
      for (const it of steps) {
        const events = tryDecide(it, state);
        state = events.reduce(evolveMint, state);
        const facts = { id, version: 1, createdMs: 0, updatedMs: 0, sinceMs: 0 };
        const rows = mintKind.rows(state, facts);
        expect(rows.length > 0).toBe(state.kind !== 'none');
      }
    }),
    { numRuns: 500 },
  );

  function tryDecide(
    it: MintCommand | 'request' | { status: ConfirmFacts['status']; issuer: string },
    state: MintState,
  ): readonly MintEvent[] {
    if (it === 'request') {
      return decideRequest({ mintId: id, terms, source: 'request', lane: '1/0x', splits: null }, state);
    }
    if ('issuer' in it) {
      const facts = confirm(it.status, it.issuer);
      return decideConfirm({ mintId: id, tokenizationRequestId: 'tkr-1', confirm: facts, laneOf }, state)
        .events;
    }
    try {
      return decideMint(it, state);
    } catch (error) {
      if (error instanceof IssuanceError && error.code === 'operation_state') return [];
      throw error;
    }
  }
});
