import type { NextStep } from '../engine/work.ts';
import { workRow } from '../engine/work.ts';
import type { ImpliedRow, StreamFacts, StreamKind } from '../event-store/ledger.ts';
import { effectRow } from '../operation/effect-row.ts';
import { nextSoleStep } from '../operation/sole-stage.ts';
import { operationRow } from '../operation/operation-row.ts';
import { laneId } from '../transaction/lane-id.ts';
import { evolveRefund } from './evolve.ts';
import type { KnownRefund, RefundEvent, RefundState } from './state.ts';

/** What a refund does next. */
export function nextRefundStep(state: RefundState): NextStep {
  if (state.kind === 'none') return { kind: 'none' };
  return nextSoleStep(state, () => {
    const { terms, closing } = state.refund;
    return { lane: laneId(terms.chainId, terms.holder), network: terms.network, closing };
  });
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
