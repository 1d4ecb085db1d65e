import { stageOf } from '../operation/sole-stage.ts';
import type { RefundTerms } from '../operation/refund-terms.ts';
import { IssuanceError, unreachable } from '../primitives/failures.ts';
import type { SplitReading } from '../vault/split-count.ts';
import { splitEvents } from '../vault/split-count.ts';
import type { RefundEffect, RefundEvent, RefundState } from './state.ts';

export type RefundCommand =
  | { readonly type: 'request'; readonly terms: RefundTerms; readonly found: readonly string[] }
  /** The vault's split count was read anew, right before it is signed. */
  | { readonly type: 'checkSplits'; readonly reading: SplitReading }
  | { readonly type: 'submit'; readonly transactionId: string }
  /** Our transaction has this effect in a confirmed block. */
  | { readonly type: 'settle'; readonly effect: RefundEffect & { readonly transactionId: string } }
  /**
   * A final block holds this effect, by whatever transaction of ours. `isLive`: its own one may still take effect, as
   * far as is known.
   */
  | { readonly type: 'find'; readonly effect: RefundEffect; readonly isLive: boolean }
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
 * Decides what a command makes of a refund. No events: it is done already, or not this refund's concern any more.
 *
 * @throws IssuanceError `operation_state` when the command does not fit the state
 */
export function decideRefund(command: RefundCommand, state: RefundState): readonly RefundEvent[] {
  switch (command.type) {
    case 'request':
      if (state.kind !== 'none' && state.kind !== 'closed') throw misfit('begin', state);
      if (state.kind === 'closed' && state.doubt !== null) {
        throw new IssuanceError('operation_state', `cannot begin a refund anew: ${state.doubt}`);
      }
      return [{ type: 'RefundRequested', data: { ...command.terms, found: command.found } }];
    case 'checkSplits':
      return decideSplits(command.reading, state);
    case 'submit':
      if (state.kind === 'submitted' && state.transactionId === command.transactionId) return [];
      if (state.kind !== 'requested') throw misfit('submit', state);
      return [{ type: 'RefundSubmitted', data: { transactionId: command.transactionId } }];
    case 'settle':
    case 'find':
      return decideEffect(command, state);
    case 'unsettle': {
      const { transactionId, why } = command;
      const isOurs = state.kind === 'completed' && state.effect.transactionId === transactionId;
      return isOurs ? [{ type: 'RefundUnsettled', data: { transactionId, why } }] : [];
    }
    case 'release':
      return decideRelease(command, state);
    case 'hold':
      if (state.kind === 'held') return [];
      if (stageOf(state) === null) throw misfit('hold', state);
      return [{ type: 'RefundHeld', data: { why: command.why } }];
    case 'resume':
      if (state.kind !== 'held') throw misfit('resume', state);
      return [{ type: 'RefundResumed', data: { found: command.found } }];
    case 'close':
      return decideClose(command, state);
    default:
      return unreachable(command);
  }
}

function decideClose(
  { why, isLive, found }: Extract<RefundCommand, { type: 'close' }>,
  state: RefundState,
): readonly RefundEvent[] {
  const stage = stageOf(state);
  if (stage === null) throw misfit('close', state);
  if (stage.kind === 'requested') return [{ type: 'RefundClosed', data: { why, found } }];
  // While a transaction may still land, nothing is over.
  if (isLive) return [{ type: 'RefundClosing', data: { why, found } }];
  // One that had no effect would have freed it.
  const doubt = `${stage.transactionId} did something that was not planned, so its tokens may be back already`;
  return [{ type: 'RefundClosed', data: { why, found, doubt } }];
}

function decideSplits(reading: SplitReading, state: RefundState): readonly RefundEvent[] {
  if (state.kind !== 'requested') throw misfit('compare splits for', state);
  return splitEvents(state.refund.splits, reading, (why) => ({
    type: 'RefundHeld' as const,
    data: { why, splits: reading },
  }));
}

function decideEffect(
  command: Extract<RefundCommand, { type: 'settle' | 'find' }>,
  state: RefundState,
): readonly RefundEvent[] {
  const { effect } = command;
  if (state.kind === 'completed') {
    const { transactionHash, ordinal } = state.effect;
    if (transactionHash === effect.transactionHash && ordinal === effect.ordinal) return [];
    throw misfit('settle a second effect of', state);
  }
  const stage = stageOf(state);
  const isSubmitted = stage?.kind === 'submitted';
  // While another transaction of it may land, a person must look.
  const fits =
    command.type === 'settle'
      ? isSubmitted && stage.transactionId === effect.transactionId
      : state.kind !== 'none' && !(isSubmitted && command.isLive);
  if (!fits) throw misfit('settle', state);
  return [{ type: 'RefundSettled', data: effect }];
}

function decideRelease(
  { transactionId, why }: Extract<RefundCommand, { type: 'release' }>,
  state: RefundState,
): readonly RefundEvent[] {
  const stage = stageOf(state);
  if (stage?.kind !== 'submitted' || stage.transactionId !== transactionId) return [];
  const released: RefundEvent = { type: 'RefundReleased', data: { transactionId, why } };
  const closing = state.kind === 'none' ? null : state.refund.closing;
  return closing === null
    ? [released]
    : [released, { type: 'RefundClosed', data: { why: closing, found: [why] } }];
}

function misfit(verb: string, state: RefundState): IssuanceError {
  return new IssuanceError('operation_state', `cannot ${verb} a refund that is ${state.kind}`);
}
