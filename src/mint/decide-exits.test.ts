import { describe, expect, test } from 'vitest';
import { nextMintStep } from './mint-kind.ts';
import {
  closed,
  early,
  effect,
  given,
  held,
  journaled,
  minted,
  rejected,
  requested,
  settle,
  submitted,
} from './samples.ts';
import type { MintEvent } from './state.ts';

describe('a mint that an operator ends or moves', () => {
  const close = { type: 'close', why: 'x', isLive: true } as const;
  const closing: MintEvent = { type: 'MintClosing', data: { why: 'x' } };

  test('is closed only when its transaction cannot land, and never with an effect, nor twice', () => {
    expect(given(requested, journaled).when(close)).toMatchObject([{ type: 'MintClosed' }]);
    expect(given(requested, journaled, submitted).when(close)).toEqual([closing]);
    expect(given(requested, journaled, submitted, held).when(close)).toEqual([closing]);
    expect(given(requested, journaled, submitted).when({ ...close, isLive: false })).toMatchObject([
      { type: 'MintClosed' },
    ]);
    expect(() => given(requested, journaled, submitted, minted).when(close)).toThrow(/cannot close/);
    expect(() => given(requested, closed).when(close)).toThrow(/cannot close/);
    expect(() => given(requested, rejected).when({ type: 'hold', why: 'x' })).toThrow(/cannot hold/);
    expect(given(requested, held).when({ type: 'hold', why: 'again' })).toEqual([]);
  });

  test.each([
    ['submitted', [requested, journaled, submitted, closing]],
    ['held', [requested, journaled, submitted, held, closing]],
  ] as const)('that is %s and to be closed waits for that, and its release ends it', (_name, events) => {
    const { state, when } = given(...events);
    expect(nextMintStep(state)).toMatchObject({ kind: 'wait', for: 'closing' });
    const end = when({ type: 'release', transactionId: 'tx-1', why: 'cancelled', alone: false });
    expect(given(...events, ...end).state).toMatchObject({
      kind: 'closed',
      why: 'x',
      mint: { closing: null },
    });
  });

  test('that is to be closed and takes effect first goes on', () => {
    const { state } = given(requested, journaled, submitted, closing, minted);
    expect(state).toMatchObject({ kind: 'minted', mint: { closing: null } });
    expect(nextMintStep(state)).toEqual({ kind: 'step', dependency: 'alpaca' });
  });

  test('that takes effect after it was closed is held for a person', () => {
    const events = [requested, journaled, submitted, closed];
    const late = given(...events).when(settle);
    expect(given(...events, ...late).state).toMatchObject({ kind: 'held', from: { kind: 'minted', effect } });
  });

  test('whose confirm was given up is opened again by its request or another confirm, not by the same', () => {
    const dismissed: MintEvent = { type: 'ConfirmDismissed', data: { why: 'x' } };
    expect(given(early('completed')).when(close)).toEqual([dismissed]);
    const givenUp = given(early('completed'), dismissed);
    expect(nextMintStep(givenUp.state)).toEqual({ kind: 'none' });
    expect(givenUp.confirmed('completed')).toEqual({ answer: 'unknown', why: null, events: [] });
    expect(given(early('completed'), dismissed, early('rejected')).state.kind).toBe('unrequested');
    expect(given(early('completed'), dismissed, ...givenUp.requested()).state.kind).toBe('journaled');
  });

  test('goes to another vault only while no nonce is promised to it', () => {
    const vault = '0x00000000000000000000000000000000000000dd';
    const retarget = { type: 'retarget', vault, splits: null } as const;
    const events = given(requested, journaled).when(retarget);
    expect(given(requested, journaled, ...events).state).toMatchObject({
      kind: 'journaled',
      mint: { terms: { vault }, splits: null },
    });
    expect(() => given(requested, journaled, submitted).when(retarget)).toThrow(/cannot retarget/);
    expect(() => given(requested).when(retarget)).toThrow(/cannot retarget/);
  });
});
