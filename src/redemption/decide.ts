import { IssuanceError, unreachable } from '../primitives/failures.ts';
import { splitDust } from '../primitives/quantity.ts';
import type { SplitReading } from '../vault/split-count.ts';
import { splitEvents } from '../vault/split-count.ts';
import type { BurnCommand } from './decide-burn.ts';
import { decideBurn } from './decide-burn.ts';
import type { ForwardCommand } from './decide-forward.ts';
import { decideForward } from './decide-forward.ts';
import type { RefundCommand } from './decide-refund.ts';
import { decideRefund } from './decide-refund.ts';
import type { RecordedWhy, RedemptionEvent, RedemptionState, TransferFacts, WaitReason } from './state.ts';
import { isGone, stageOf } from './state.ts';

export type RedemptionCommand =
  | {
      readonly type: 'detect';
      readonly transfer: TransferFacts;
      /** Sent by one of our own wallets. */
      readonly fromOurselves: boolean;
      /** Older than the block from which transfers are redeemed. */
      readonly isHistoric: boolean;
      /** Whose wallet it was at the block's time; null when that is not known. */
      readonly clientId: string | null;
      /** The vault's split count right before the block; null where it could not be told. */
      readonly splits: SplitReading | null;
    }
  /** The vault's split count was read anew, right before Alpaca is asked or a burn is signed. */
  | { readonly type: 'checkSplits'; readonly reading: SplitReading }
  | { readonly type: 'wait'; readonly for: WaitReason }
  /** The wallet was nobody's when the tokens came; it is this client's now. */
  | { readonly type: 'bind'; readonly clientId: string }
  | { readonly type: 'promise'; readonly idempotencyKey: string; readonly body: string }
  | {
      readonly type: 'request';
      readonly tokenizationRequestId: string;
      /** What Alpaca understood otherwise than we said; it is then held, with the id kept. */
      readonly mismatch: string | null;
    }
  | { readonly type: 'journal'; readonly fees: string | null; readonly mismatch: string | null }
  | { readonly type: 'reject'; readonly reason: string | null }
  | { readonly type: 'hold'; readonly why: string }
  | { readonly type: 'resume'; readonly found?: readonly string[] }
  /**
   * `isLive`: a burn of it may still take effect, so that it is closed only when that is out of the question.
   * `isGone`: final blocks show that its transfer was undone.
   */
  | {
      readonly type: 'close';
      readonly why: string;
      readonly isLive: boolean;
      readonly found?: readonly string[];
      readonly isGone?: true;
    }
  | BurnCommand
  | ForwardCommand
  | RefundCommand;

/**
 * Decides what a command makes of a redemption. No events: it is done already.
 *
 * @throws IssuanceError `operation_state` when the command does not fit the state, `burn_mismatch` when a burn is not
 *   what is left of it
 */
export function decideRedemption(
  command: RedemptionCommand,
  state: RedemptionState,
): readonly RedemptionEvent[] {
  switch (command.type) {
    case 'detect':
      return state.kind === 'none' || isGone(state) ? [detected(command)] : [];
    case 'checkSplits':
      return decideSplits(command.reading, state);
    case 'wait':
      return decideWait(command.for, state);
    case 'bind':
      return decideBind(command.clientId, state);
    case 'promise': {
      if (state.kind !== 'detected' || state.redemption.promise !== null) throw misfit('promise', state);
      if (state.redemption.clientId === null) throw misfit('promise without a client', state);
      if (state.redemption.forwarding !== null) throw misfit('promise before its shares arrived', state);
      const { idempotencyKey, body } = command;
      return [{ type: 'RedeemPromised', data: { idempotencyKey, body } }];
    }
    case 'request':
    case 'journal':
    case 'reject':
      return decideAlpaca(command, state);
    case 'hold':
      if (state.kind === 'held') return [];
      if (stageOf(state) === null) throw misfit('hold', state);
      return [held(command.why)];
    case 'resume':
      if (state.kind !== 'held') throw misfit('resume', state);
      return [
        { type: 'RedemptionResumed', data: command.found === undefined ? {} : { found: command.found } },
      ];
    case 'close':
      return decideClose(command, state);
    case 'startForward':
    case 'settleForward':
    case 'vanishForward':
    case 'endForward':
      return decideForward(command, state);
    case 'startRefund':
    case 'settleRefund':
    case 'findRefund':
    case 'returnByHand':
    case 'vanishRefund':
    case 'endRefund':
      return decideRefund(command, state);
    case 'sign':
    case 'settle':
    case 'find':
    case 'unsettle':
    case 'release':
      return decideBurn(command, state);
    default:
      return unreachable(command);
  }
}

function detected(command: Extract<RedemptionCommand, { type: 'detect' }>): RedemptionEvent {
  const { transfer, clientId, splits } = command;
  const why = recordedWhy(command);
  return why === null
    ? { type: 'TransferDetected', data: { ...transfer, clientId, ...(splits === null ? {} : { splits }) } }
    : { type: 'TransferRecorded', data: { ...transfer, why } };
}

function recordedWhy(command: Extract<RedemptionCommand, { type: 'detect' }>): RecordedWhy | null {
  if (command.fromOurselves) return 'self_transfer';
  if (command.isHistoric) return 'historic';
  if (command.transfer.amount === 0n) return 'zero';
  return splitDust(command.transfer.amount).quantity === 0n ? 'dust_only' : null;
}

function decideSplits(reading: SplitReading, state: RedemptionState): readonly RedemptionEvent[] {
  if (state.kind !== 'detected' && state.kind !== 'journaled' && state.kind !== 'burning') {
    throw misfit('compare splits for', state);
  }
  return splitEvents(state.redemption.splits, reading, (why) => ({
    type: 'RedemptionHeld' as const,
    data: { why, splits: reading },
  }));
}

function decideWait(reason: WaitReason, state: RedemptionState): readonly RedemptionEvent[] {
  if (state.kind !== 'detected' || state.redemption.promise !== null) throw misfit('let wait', state);
  return state.waiting === reason ? [] : [{ type: 'RedemptionWaiting', data: { for: reason } }];
}

function decideBind(clientId: string, state: RedemptionState): readonly RedemptionEvent[] {
  if (state.kind !== 'detected') throw misfit('bind a client to', state);
  const bound = state.redemption.clientId;
  if (bound === clientId) return [];
  if (bound !== null) throw misfit('bind another client to', state);
  return [{ type: 'OwnerBound', data: { clientId } }];
}

function decideAlpaca(
  command: Extract<RedemptionCommand, { type: 'request' | 'journal' | 'reject' }>,
  state: RedemptionState,
): readonly RedemptionEvent[] {
  const stage = stageOf(state);
  if (stage === null) throw misfit(command.type, state);
  // A held redemption still learns what Alpaca says; it stays held.
  const hold = (mismatch: string | null): readonly RedemptionEvent[] =>
    mismatch === null || state.kind === 'held' ? [] : [held(mismatch)];
  if (command.type === 'request') {
    if (stage.kind !== 'detected' || !('redemption' in state) || state.redemption.promise === null) {
      throw misfit('request', state);
    }
    const { tokenizationRequestId, mismatch } = command;
    return [{ type: 'RedemptionRequested', data: { tokenizationRequestId } }, ...hold(mismatch)];
  }
  if (stage.kind !== 'requested') throw misfit(command.type, state);
  if (command.type === 'reject') {
    return [{ type: 'RedemptionRejected', data: { reason: command.reason } }];
  }
  // Whatever Alpaca journaled, it is not what was asked: nothing may be burned for it.
  if (command.mismatch !== null) return hold(command.mismatch);
  return [{ type: 'RedemptionJournaled', data: { fees: command.fees } }];
}

function decideClose(
  { why, found, isLive, isGone: gone }: Extract<RedemptionCommand, { type: 'close' }>,
  state: RedemptionState,
): readonly RedemptionEvent[] {
  const hasPending = 'redemption' in state && state.redemption.parts.some((it) => it.effect === null);
  const stage = stageOf(state);
  if (stage === null) throw misfit('close', state);
  if (gone === true) {
    // Once it is promised, Alpaca may have journaled shares for it.
    const isAsked = 'redemption' in state && state.redemption.promise !== null;
    if (stage.kind !== 'detected' || isAsked) throw misfit('close as gone', state);
    return [{ type: 'RedemptionClosed', data: { why, gone, ...(found === undefined ? {} : { found }) } }];
  }
  const data = { why, ...(found === undefined ? {} : { found }) };
  // While a transaction may still land, nothing is over.
  return [{ type: hasPending && isLive ? 'RedemptionClosing' : 'RedemptionClosed', data }];
}

function held(why: string): RedemptionEvent {
  return { type: 'RedemptionHeld', data: { why } };
}

function misfit(verb: string, state: RedemptionState): IssuanceError {
  return new IssuanceError('operation_state', `cannot ${verb} a redemption that is ${state.kind}`);
}
