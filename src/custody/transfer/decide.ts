import { stageOf } from '../../operation/sole-stage.ts';
import type { TransferTerms } from '../../operation/transfer-terms.ts';
import { IssuanceError, unreachable } from '../../primitives/failures.ts';
import type { SplitReading } from '../../vault/split-count.ts';
import { splitEvents } from '../../vault/split-count.ts';
import type { MovedReceipt, TransferEffect, TransferEvent, TransferState } from './state.ts';

export type TransferCommand =
  | { readonly type: 'request'; readonly terms: TransferTerms }
  /** The vault's split count was read anew, right before shares are signed for. */
  | { readonly type: 'checkSplits'; readonly reading: SplitReading }
  | { readonly type: 'submit'; readonly transactionId: string; readonly receipts: readonly MovedReceipt[] }
  /** Our transaction has this effect in a confirmed block. */
  | { readonly type: 'settle'; readonly effect: TransferEffect & { readonly transactionId: string } }
  /** A final block holds this effect, by a transaction that the database forgot. */
  | { readonly type: 'find'; readonly effect: TransferEffect }
  | { readonly type: 'unsettle'; readonly transactionId: string; readonly why: string }
  | { readonly type: 'release'; readonly transactionId: string; readonly why: string }
  | { readonly type: 'hold'; readonly why: string }
  | { readonly type: 'resume'; readonly found: readonly string[] }
  /** `isLive`: its transaction may still take effect, so that it is closed only when that is out of the question. */
  | {
      readonly type: 'close';
      readonly why: string;
      readonly isLive: boolean;
      readonly found: readonly string[];
    };

/**
 * Decides what a command makes of a transfer. No events: it is done already, or not this transfer's concern any more.
 *
 * @throws IssuanceError `operation_state` when the command does not fit the state
 */
export function decideTransfer(command: TransferCommand, state: TransferState): readonly TransferEvent[] {
  switch (command.type) {
    case 'request':
      if (state.kind !== 'none') throw misfit('begin', state);
      return [{ type: 'TransferRequested', data: command.terms }];
    case 'checkSplits':
      if (state.kind !== 'requested') throw misfit('compare splits for', state);
      return splitEvents(state.transfer.splits, command.reading, (why) => ({
        type: 'TransferHeld' as const,
        data: { why, splits: command.reading },
      }));
    case 'submit': {
      const { transactionId, receipts } = command;
      if (state.kind === 'submitted' && state.transactionId === transactionId) return [];
      if (state.kind !== 'requested') throw misfit('submit', state);
      return [{ type: 'TransferSubmitted', data: { transactionId, receipts } }];
    }
    case 'settle':
    case 'find':
      return decideEffect(command, state);
    case 'unsettle': {
      const { transactionId, why } = command;
      const isOurs = state.kind === 'completed' && state.effect.transactionId === transactionId;
      return isOurs ? [{ type: 'TransferUnsettled', data: { transactionId, why } }] : [];
    }
    case 'release':
      return decideRelease(command, state);
    case 'hold':
      if (state.kind === 'held') return [];
      if (stageOf(state) === null) throw misfit('hold', state);
      return [{ type: 'TransferHeld', data: { why: command.why } }];
    case 'resume':
      if (state.kind !== 'held') throw misfit('resume', state);
      return [{ type: 'TransferResumed', data: { found: command.found } }];
    case 'close': {
      const { why, isLive, found } = command;
      if (stageOf(state) === null) throw misfit('close', state);
      // While a transaction may still land, nothing is over.
      return [{ type: isLive ? 'TransferClosing' : 'TransferClosed', data: { why, found } }];
    }
    default:
      return unreachable(command);
  }
}

function decideEffect(
  { type, effect }: Extract<TransferCommand, { type: 'settle' | 'find' }>,
  state: TransferState,
): readonly TransferEvent[] {
  if (state.kind === 'completed') {
    if (state.effect.transactionHash === effect.transactionHash) return [];
    throw misfit('settle a second effect of', state);
  }
  const stage = stageOf(state);
  const isSubmitted = stage?.kind === 'submitted';
  if (type === 'settle' && !(isSubmitted && stage.transactionId === effect.transactionId)) {
    throw misfit('settle', state);
  }
  // While another transaction of it may land, a person must look.
  if (type === 'find' && (state.kind === 'none' || isSubmitted)) throw misfit('settle', state);
  return [{ type: 'TransferSettled', data: effect }];
}

function decideRelease(
  { transactionId, why }: Extract<TransferCommand, { type: 'release' }>,
  state: TransferState,
): readonly TransferEvent[] {
  const stage = stageOf(state);
  if (stage?.kind !== 'submitted' || stage.transactionId !== transactionId) return [];
  const released: TransferEvent = { type: 'TransferReleased', data: { transactionId, why } };
  const closing = state.kind === 'none' ? null : state.transfer.closing;
  return closing === null
    ? [released]
    : [released, { type: 'TransferClosed', data: { why: closing, found: [why] } }];
}

function misfit(verb: string, state: TransferState): IssuanceError {
  return new IssuanceError('operation_state', `cannot ${verb} a transfer that is ${state.kind}`);
}
