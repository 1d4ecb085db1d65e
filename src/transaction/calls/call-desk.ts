import type { Hex } from 'viem';
import { IssuanceError, unreachable } from '../../primitives/failures.ts';
import type { TransactionLook } from '../desk.ts';
import { toldText } from './call-decider.ts';
import type { CallState, KnownCall } from './call-state.ts';

/** A call, for operators and for what they may do. */
export function lookAtCall(id: string, state: CallState): TransactionLook {
  if (state.phase === 'none') throw new IssuanceError('log_corrupt', `there is no call ${id}`);
  const { externalId, hashes, told } = state;
  const words =
    told === null ? '' : `; the custodian has ${told.custodianId ?? 'nothing'}: ${toldText(told)}`;
  const place = `call ${externalId}${hashes.length === 0 ? '' : ` (${hashes.join(', ')})`}`;
  return {
    isLive: state.phase !== 'final',
    // Where there is no hash, the external id stands for what was asked.
    hashes: hashes.length === 0 ? [externalId] : hashes,
    operations: 1,
    used: state.phase === 'final' ? state.mined : null,
    text: `${place} ${whereText(state)}${words}`,
  };
}

function whereText(state: KnownCall): string {
  switch (state.phase) {
    case 'requested':
    case 'refused':
      return state.filler === null ? 'is not known to be taken by the custodian' : 'is being cancelled';
    case 'pending':
      return 'waits for a block';
    case 'held':
      return 'ended at the custodian, and no block shows it';
    case 'mined':
      return `is in block ${String(state.mined.blockNumber)}, with status ${String(state.mined.status)}`;
    case 'final':
      return state.mined === null
        ? `ended without a transaction (${state.outcome}): ${state.why ?? 'no reason recorded'}`
        : `is in the final block ${String(state.mined.blockNumber)} (${state.outcome})`;
    default:
      return unreachable(state);
  }
}

/** Null when the chain or the custodian can tell what becomes of it, now or in time. */
export function whyCallUnanswerable(state: CallState): string | null {
  const isEnded =
    state.phase === 'pending' && (state.told?.stage === 'failed' || state.told?.stage === 'refused');
  if (state.phase !== 'held' && !isEnded) return null;
  const words = state.told === null ? 'nothing' : toldText(state.told);
  return `the custodian says ${words} of ${state.externalId}, and no block shows a transaction for it`;
}

/** What proves that a hash of a call can never be in a block any more; null when nothing does. */
export function callVoidProof(state: CallState, hash: Hex): string | null {
  if (state.phase !== 'final') return null;
  if (state.outcome === 'effect' && state.mined?.hash === hash) return null;
  if (state.outcome === 'effect') return `${state.mined?.hash ?? 'another'} was mined in its place`;
  return state.outcome === 'reverted' ? 'it reverted' : (state.why ?? null);
}
