import type { NextStep } from '../engine/work.ts';
import { workRow } from '../engine/work.ts';
import type { ImpliedRow, StreamFacts, StreamKind } from '../event-store/ledger.ts';
import { CLOSING_RECHECK_MS } from '../operation/closing.ts';
import { effectRow } from '../operation/effect-row.ts';
import { operationRow } from '../operation/operation-row.ts';
import { unreachable } from '../primitives/failures.ts';
import { laneId } from '../transaction/lane-id.ts';
import { evolveRefund } from './evolve.ts';
import type { KnownRefund, RefundEvent, RefundState } from './state.ts';

/** What a refund does next. */
export function nextRefundStep(state: RefundState): NextStep {
  switch (state.kind) {
    case 'none':
    case 'completed':
    case 'closed':
      return { kind: 'none' };
    case 'requested': {
      const { chainId, holder } = state.refund.terms;
      return { kind: 'lane', lane: laneId(chainId, holder) };
    }
    case 'submitted':
    case 'held': {
      const { closing, terms } = state.refund;
      if (closing === null) return { kind: 'wait', for: state.kind === 'held' ? 'operator' : 'transaction' };
      const dependency = `chain:${terms.network}`;
      return { kind: 'wait', for: 'closing', dependency, recheckMs: CLOSING_RECHECK_MS };
    }
    default:
      return unreachable(state);
  }
}

function rows(state: RefundState, facts: StreamFacts): readonly ImpliedRow[] {
  if (state.kind === 'none') return [];
  const next = nextRefundStep(state);
  const { terms } = state.refund;
  const { network, underlying, token, chainId, vault, to, clientId, amount } = terms;
  const effect = state.kind === 'completed' ? state.effect : null;
  const operation = operationRow(
    {
      kind: 'refund',
      state: state.kind,
      next,
      reason: reasonOf(state),
      underlying,
      token,
      network,
      chainId,
      vault,
      wallet: to,
      clientId,
      quantity: null,
      shares: amount,
      burned: null,
      dust: null,
      transactionHash: effect?.transactionHash ?? null,
      receiptId: null,
      tokenizationRequestId: null,
    },
    facts,
  );
  const work = workRow({ kind: 'refund', phase: state.kind, next, network, underlying }, facts);
  if (effect === null) return [operation, ...work];
  const { transactionHash, ordinal } = effect;
  const claim = effectRow({ chainId, transactionHash, vault, kind: 'transfer', ordinal }, facts.id);
  return [operation, claim, ...work];
}

function reasonOf(state: KnownRefund): string {
  const of = `refund of redemption ${state.refund.terms.redemptionId}`;
  const why = state.kind === 'held' || state.kind === 'closed' ? state.why : state.refund.reason;
  return why === null ? of : `${why} (${of})`;
}

export const refundKind: StreamKind<RefundState, RefundEvent> = {
  category: 'refund',
  initialState: { kind: 'none' },
  evolve: evolveRefund,
  phase: (state) => state.kind,
  rows,
};
