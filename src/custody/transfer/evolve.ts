import type { SoleStage } from '../../operation/sole-stage.ts';
import { bareStage, stageOf } from '../../operation/sole-stage.ts';
import { IssuanceError, unreachable } from '../../primitives/failures.ts';
import type { KnownTransfer, Transfer, TransferEvent, TransferState } from './state.ts';

/** Folds one event into a transfer. Throws `log_corrupt` for an event that no decision can have put there. */
export function evolveTransfer(state: TransferState, event: TransferEvent): TransferState {
  if (event.type === 'TransferRequested') {
    if (state.kind !== 'none') throw corrupt(state, event);
    const terms = event.data;
    const { splits } = terms;
    return { kind: 'requested', transfer: { terms, splits, receipts: [], reason: null, closing: null } };
  }
  if (state.kind === 'none') throw corrupt(state, event);
  return evolveKnown(state, event);
}

function evolveKnown(
  state: KnownTransfer,
  event: Exclude<TransferEvent, { type: 'TransferRequested' }>,
): TransferState {
  const { transfer } = state;
  switch (event.type) {
    case 'RecoveryAsked':
      return state;
    case 'SplitCountRecorded':
      return { ...state, transfer: { ...transfer, splits: event.data } };
    case 'TransferSubmitted': {
      const { transactionId, receipts } = event.data;
      return withStage(state, { ...transfer, receipts, reason: null }, { kind: 'submitted', transactionId });
    }
    case 'TransferSettled':
      // There is nothing to do after it, so that a hold has nothing to hold any more.
      return { kind: 'completed', transfer: { ...transfer, closing: null }, effect: event.data };
    case 'TransferUnsettled': {
      const { transactionId, why } = event.data;
      return { kind: 'submitted', transactionId, transfer: { ...transfer, reason: why } };
    }
    case 'TransferReleased': {
      const freed = { ...transfer, receipts: [], reason: event.data.why };
      return withStage(state, freed, { kind: 'requested' });
    }
    case 'TransferHeld': {
      const from = stageOf(state);
      if (from === null) throw corrupt(state, event);
      const { why, splits = transfer.splits } = event.data;
      return { kind: 'held', transfer: { ...transfer, splits }, why, from: bareStage(from) };
    }
    case 'TransferResumed':
      if (state.kind !== 'held') throw corrupt(state, event);
      return { ...state.from, transfer };
    case 'TransferClosing':
      return { ...state, transfer: { ...transfer, closing: event.data.why } };
    case 'TransferClosed':
      return { kind: 'closed', transfer: { ...transfer, closing: null }, why: event.data.why };
    default:
      return unreachable(event);
  }
}

/** A held transfer stays held while what happens on chain moves it underneath. */
function withStage(state: KnownTransfer, transfer: Transfer, stage: SoleStage): TransferState {
  return state.kind === 'held' ? { ...state, transfer, from: stage } : { ...stage, transfer };
}

function corrupt(state: TransferState, event: TransferEvent): IssuanceError {
  return new IssuanceError('log_corrupt', `a transfer that is ${state.kind} has the event ${event.type}`);
}
