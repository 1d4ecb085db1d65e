import type { SoleStage } from '../operation/sole-stage.ts';
import { bareStage, stageOf } from '../operation/sole-stage.ts';
import { IssuanceError, unreachable } from '../primitives/failures.ts';
import type { KnownRefund, Refund, RefundEvent, RefundState } from './state.ts';

/** Folds one event into a refund. Throws `log_corrupt` for an event that no decision can have put there. */
export function evolveRefund(state: RefundState, event: RefundEvent): RefundState {
  if (event.type === 'RefundRequested') {
    if (state.kind !== 'none' && state.kind !== 'closed') throw corrupt(state, event);
    const { found: _found, ...terms } = event.data;
    return { kind: 'requested', refund: { terms, splits: terms.splits, reason: null, closing: null } };
  }
  if (state.kind === 'none') throw corrupt(state, event);
  return evolveKnown(state, event);
}

function evolveKnown(
  state: KnownRefund,
  event: Exclude<RefundEvent, { type: 'RefundRequested' }>,
): RefundState {
  const { refund } = state;
  switch (event.type) {
    case 'RecoveryAsked':
      return state;
    case 'SplitCountRecorded':
      return { ...state, refund: { ...refund, splits: event.data } };
    case 'RefundSubmitted':
      return withStage(state, { ...refund, reason: null }, { kind: 'submitted', ...event.data });
    case 'RefundSettled':
      // There is nothing to do after it, so that a hold has nothing to hold any more.
      return { kind: 'completed', refund: { ...refund, closing: null }, effect: event.data };
    case 'RefundUnsettled': {
      const { transactionId, why } = event.data;
      return { kind: 'submitted', transactionId, refund: { ...refund, reason: why } };
    }
    case 'RefundReleased':
      return withStage(state, { ...refund, reason: event.data.why }, { kind: 'requested' });
    case 'RefundHeld': {
      const from = stageOf(state);
      if (from === null) throw corrupt(state, event);
      const { why, splits = refund.splits } = event.data;
      return { kind: 'held', refund: { ...refund, splits }, why, from: bareStage(from) };
    }
    case 'RefundResumed':
      if (state.kind !== 'held') throw corrupt(state, event);
      return { ...state.from, refund };
    case 'RefundClosing':
      return { ...state, refund: { ...refund, closing: event.data.why } };
    case 'RefundClosed': {
      const { why, doubt = null } = event.data;
      return { kind: 'closed', refund: { ...refund, closing: null }, why, doubt };
    }
    default:
      return unreachable(event);
  }
}

/** A held refund stays held while what happens on chain moves it underneath. */
function withStage(state: KnownRefund, refund: Refund, stage: SoleStage): RefundState {
  return state.kind === 'held' ? { ...state, refund, from: stage } : { ...stage, refund };
}

function corrupt(state: RefundState, event: RefundEvent): IssuanceError {
  return new IssuanceError('log_corrupt', `a refund that is ${state.kind} has the event ${event.type}`);
}
