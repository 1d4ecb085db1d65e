import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TransferTerms } from '../../operation/transfer-terms.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import type { TransferCommand } from './decide.ts';
import { decideTransfer } from './decide.ts';
import { evolveTransfer } from './evolve.ts';
import type { TransferEffect, TransferEvent, TransferState } from './state.ts';
import { sharesOf } from './state.ts';
import { nextTransferStep, transferKind } from './transfer-kind.ts';

const terms: TransferTerms = {
  chainId: 8453,
  network: 'base',
  vault: '0x00000000000000000000000000000000000000cc',
  receipt: '0x00000000000000000000000000000000000000ee',
  underlying: 'AAPL',
  token: 'tAAPL',
  from: '0x0000000000000000000000000000000000000001',
  to: '0x0000000000000000000000000000000000000002',
  what: { kind: 'receipts' },
  moveId: 'm-1',
  splits: null,
};
const rest: TransferTerms = { ...terms, what: { kind: 'rest', amount: 7n } };
const effect: TransferEffect & { readonly transactionId: string } = {
  transactionHash: '0x7a',
  blockNumber: 7n,
  blockHash: '0xb7',
  ordinal: 0,
  transactionId: 'tx-1',
};
const receipts = [
  { receiptId: 1n, shares: 5n },
  { receiptId: 4n, shares: 3n },
];
const requested: TransferEvent = { type: 'TransferRequested', data: terms };
const submitted: TransferEvent = { type: 'TransferSubmitted', data: { transactionId: 'tx-1', receipts } };
const settled: TransferEvent = { type: 'TransferSettled', data: effect };
const held: TransferEvent = { type: 'TransferHeld', data: { why: 'look' } };
const closing: TransferEvent = { type: 'TransferClosing', data: { why: 'x', found: [] } };
const close = { type: 'close', why: 'x', isLive: true, found: [] } as const;
const settle = { type: 'settle', effect } as const;
const find = { type: 'find', effect: { ...effect, transactionId: null } } as const;
const release = { type: 'release', transactionId: 'tx-1', why: 'cancelled' } as const;

function given(...events: readonly TransferEvent[]) {
  const state = events.reduce(evolveTransfer, transferKind.initialState);
  return { state, when: (command: TransferCommand) => decideTransfer(command, state) };
}

/** None where the command is refused, which is never but for the state. */
function eventsOf(command: TransferCommand, state: TransferState): readonly TransferEvent[] {
  try {
    return decideTransfer(command, state);
  } catch (error) {
    if (error instanceof IssuanceError && error.code === 'operation_state') return [];
    throw error;
  }
}

describe('a transfer between our signers', () => {
  test('is begun once, waits for the lane of the old one, and is completed by its transaction', () => {
    expect(given().when({ type: 'request', terms })).toEqual([requested]);
    expect(() => given(requested).when({ type: 'request', terms })).toThrow(/cannot begin/);
    const lane = `8453/${terms.from}`;
    expect(nextTransferStep(given(requested).state)).toEqual({ kind: 'lane', lane });
    expect(given(requested).when({ type: 'submit', transactionId: 'tx-1', receipts })).toEqual([submitted]);
    expect(given(requested, submitted).when(settle)).toEqual([settled]);
    expect(given(requested, submitted, settled).when(settle)).toEqual([]);
    expect(nextTransferStep(given(requested, submitted, settled).state)).toEqual({ kind: 'none' });
  });

  test('knows what goes over, and forgets it when its transaction had no effect', () => {
    const shares = (...events: readonly TransferEvent[]) => {
      const { state } = given(...events);
      return state.kind === 'none' ? null : sharesOf(state.transfer);
    };
    expect(shares(requested)).toBe(0n);
    expect(shares(requested, submitted)).toBe(8n);
    const released: TransferEvent = { type: 'TransferReleased', data: { transactionId: 'tx-1', why: 'x' } };
    expect(shares(requested, submitted, released)).toBe(0n);
    expect(shares({ type: 'TransferRequested', data: rest })).toBe(7n);
  });

  test('counts no second effect, and none of another transaction', () => {
    const other = { ...effect, transactionHash: '0x7b' as const };
    expect(() => given(requested, submitted, settled).when({ type: 'settle', effect: other })).toThrow(
      /second/,
    );
    const strange = { ...effect, transactionId: 'tx-2' };
    expect(() => given(requested, submitted).when({ type: 'settle', effect: strange })).toThrow(
      /cannot settle/,
    );
    // What was forgotten is not counted while another transaction of it may land.
    expect(() => given(requested, submitted).when(find)).toThrow(/cannot settle/);
    expect(given(requested).when(find)).toMatchObject([{ type: 'TransferSettled' }]);
  });

  test('that vanishes is on its way again, with the same receipts', () => {
    const vanished = { type: 'unsettle', transactionId: 'tx-1', why: 'reorg' } as const;
    const again = given(requested, submitted, settled).when(vanished);
    expect(again).toMatchObject([{ type: 'TransferUnsettled' }]);
    expect(given(requested, submitted, settled, ...again).state).toMatchObject({
      kind: 'submitted',
      transfer: { receipts },
    });
    expect(given(requested, submitted).when(vanished)).toEqual([]);
  });

  test('that an operator closes while it may land ends with its nonce, or is completed by its effect', () => {
    expect(given(requested, submitted).when(close)).toEqual([closing]);
    expect(given(requested, submitted, closing).when(release)).toMatchObject([
      { type: 'TransferReleased' },
      { type: 'TransferClosed' },
    ]);
    expect(given(requested, submitted, closing).when(settle)).toEqual([settled]);
    expect(given(requested).when({ ...close, isLive: false })).toMatchObject([{ type: 'TransferClosed' }]);
    expect(() => given(requested, submitted, settled).when(close)).toThrow(/cannot close/);
  });

  test('of shares is held when its vault split since', () => {
    const splits = { count: 0n, blockNumber: 5n };
    const first: TransferEvent = { type: 'TransferRequested', data: { ...rest, splits } };
    const reading = { count: 1n, blockNumber: 9n };
    const events = given(first).when({ type: 'checkSplits', reading });
    expect(events).toMatchObject([{ type: 'TransferHeld', data: { splits: reading } }]);
    expect(given(first, ...events).state).toMatchObject({ kind: 'held', from: { kind: 'requested' } });
    const resumed = given(first, ...events).when({ type: 'resume', found: [] });
    expect(given(first, ...events, ...resumed).state).toMatchObject({ kind: 'requested' });
  });

  test('no order of commands ends anywhere but in an end, with at most one effect that counts', () => {
    const commands: readonly TransferCommand[] = [
      { type: 'request', terms },
      { type: 'submit', transactionId: 'tx-1', receipts },
      { type: 'submit', transactionId: 'tx-2', receipts },
      settle,
      { type: 'settle', effect: { ...effect, transactionId: 'tx-2', transactionHash: '0x7c' } },
      find,
      { type: 'unsettle', transactionId: 'tx-1', why: 'reorg' },
      release,
      { type: 'hold', why: 'look' },
      { type: 'resume', found: [] },
      close,
      { ...close, isLive: false },
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...commands), { maxLength: 30, size: 'max' }), (given) => {
        let state: TransferState = transferKind.initialState;
        let counted = 0;
        for (const command of given) {
          for (const event of eventsOf(command, state)) {
            if (event.type === 'TransferSettled') counted += 1;
            if (event.type === 'TransferUnsettled') counted -= 1;
            state = evolveTransfer(state, event);
          }
          expect(counted).toBe(state.kind === 'completed' ? 1 : 0);
        }
      }),
    );
    expect(given(requested, submitted, held).when(settle)).toEqual([settled]);
  });
});
