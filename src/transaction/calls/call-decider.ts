import type { Hex } from 'viem';
import { IssuanceError } from '../../primitives/failures.ts';
import type { CallReport } from '../../signer/custodian.ts';
import type { CallEvent, CallState, MinedCallFacts, Requested } from './call-state.ts';
import { httpStatus } from './call-state.ts';

/** The request is fixed, and nothing was sent. @throws IssuanceError `call_taken` */
export function decideRequested(state: CallState, requested: Requested): readonly CallEvent[] {
  if (state.phase !== 'none') {
    throw new IssuanceError('call_taken', `external id ${requested.externalId} is used already`);
  }
  return [{ type: 'CallRequested', data: requested }];
}

/** The custodian said no to the request itself. No events where it said the same before, or has it by now. */
export function decideRefused(
  state: CallState,
  {
    status,
    code,
    message,
  }: { readonly status: number; readonly code: string | null; readonly message: string },
): readonly CallEvent[] {
  if (state.phase !== 'requested' && state.phase !== 'refused') return [];
  // The words may carry an id of their own each time.
  if (state.told?.status === httpStatus(status) && state.told.subStatus === code) return [];
  return [{ type: 'CallRefused', data: { status, code, message } }];
}

/** The custodian's word. No events where it says nothing new. */
export function decideReported(state: CallState, report: CallReport): readonly CallEvent[] {
  if (state.phase === 'none' || state.phase === 'final') return [];
  const { custodianId, status, subStatus, message, stage, hashes, nonce } = report;
  const { told } = state;
  const isSame =
    told !== null &&
    told.custodianId === custodianId &&
    told.status === status &&
    told.subStatus === subStatus &&
    told.message === message &&
    told.nonce === nonce;
  const isKnown = hashes.every((it) => state.hashes.includes(it));
  if (isSame && isKnown) return [];
  return [{ type: 'CallReported', data: { custodianId, status, subStatus, message, stage, nonce, hashes } }];
}

/** The chain shows it. No events where that is known. */
export function decideSeen(state: CallState, hash: Hex, nonce: number): readonly CallEvent[] {
  if (state.phase === 'none' || state.phase === 'final') return [];
  if (state.nonces[hash] === nonce) return [];
  return [{ type: 'CallSeen', data: { hash, nonce } }];
}

/** Its external id is to be used up by nothing. @throws IssuanceError `transaction_not_pending` */
export function decideCancelling(state: CallState, request: string): readonly CallEvent[] {
  if (state.phase !== 'requested' && state.phase !== 'refused') throw notOpen(state, 'replaced');
  return state.filler === null ? [{ type: 'CallCancelling', data: { request } }] : [];
}

/** It may have been signed, and nobody names a hash: a person must look. */
export function decideHeld(state: CallState, why: string): readonly CallEvent[] {
  if (state.phase !== 'pending' || state.hashes.length > 0) return [];
  return [{ type: 'CallHeld', data: { why } }];
}

/** A confirmed block holds it. @throws IssuanceError `transaction_not_pending` */
export function decideMined(state: CallState, seen: MinedCallFacts): readonly CallEvent[] {
  if (state.phase === 'none' || state.phase === 'final' || state.phase === 'mined') {
    throw notOpen(state, 'mined');
  }
  return [{ type: 'CallMined', data: seen }];
}

/** Another block stands where it was mined. @throws IssuanceError `transaction_not_mined` */
export function decideUnmined(state: CallState, why: string): readonly CallEvent[] {
  if (state.phase !== 'mined') throw notMined(state);
  return [{ type: 'CallUnmined', data: { why } }];
}

/** The block that holds it is final. @throws IssuanceError `transaction_not_mined` */
export function decideFinal(state: CallState): readonly CallEvent[] {
  if (state.phase !== 'mined') throw notMined(state);
  const { hash, status } = state.mined;
  return [{ type: 'CallFinal', data: { outcome: status === 1 ? 'effect' : 'reverted', hash } }];
}

/**
 * The custodian ended it before anything was signed. Its operation may be asked for again at once, under another id.
 *
 * @throws IssuanceError `call_may_live` where it ever was signed by the custodian's word, or a hash was named, or its
 *   last word does not say so
 */
export function decideEndedUnsigned(state: CallState): readonly CallEvent[] {
  if (state.phase !== 'pending') throw notOpen(state, 'ended');
  const { told, hashes, wasSigned, externalId } = state;
  if (told === null || told.stage !== 'refused' || wasSigned || hashes.length > 0) {
    throw new IssuanceError('call_may_live', `call ${externalId} may have been signed, so it is not over`);
  }
  return [{ type: 'CallEnded', data: { outcome: 'refused', why: toldText(told) } }];
}

/** Its nonce, or its external id, is used for ever by something else. */
export function decideDisplaced(state: CallState, why: string): readonly CallEvent[] {
  if (state.phase === 'none' || state.phase === 'final' || state.phase === 'mined') {
    throw notOpen(state, 'displaced');
  }
  return [{ type: 'CallEnded', data: { outcome: 'displaced', why } }];
}

/** The custodian's word in a line. */
export function toldText(told: {
  readonly status: string;
  readonly subStatus: string | null;
  readonly message: string | null;
}): string {
  const { status, subStatus, message } = told;
  const reason = message === null ? '' : `: ${message}`;
  return `${status}${subStatus === null ? '' : ` (${subStatus})`}${reason}`;
}

function notOpen(state: CallState, what: string): IssuanceError {
  return new IssuanceError('transaction_not_pending', `a call that is ${state.phase} cannot be ${what}`);
}

function notMined(state: CallState): IssuanceError {
  return new IssuanceError('transaction_not_mined', `the call is ${state.phase}, not mined`);
}
