import type { NextStep } from '../../engine/work.ts';
import { workRow } from '../../engine/work.ts';
import type { ImpliedRow, StreamFacts, StreamKind } from '../../event-store/ledger.ts';
import { CLOSING_RECHECK_MS } from '../../operation/closing.ts';
import { effectRow } from '../../operation/effect-row.ts';
import { operationRow } from '../../operation/operation-row.ts';
import { unreachable } from '../../primitives/failures.ts';
import { laneId } from '../../transaction/lane-id.ts';
import { evolveTransfer } from './evolve.ts';
import type { KnownTransfer, TransferEvent, TransferState } from './state.ts';
import { sharesOf } from './state.ts';

/** What a transfer does next. */
export function nextTransferStep(state: TransferState): NextStep {
  switch (state.kind) {
    case 'none':
    case 'completed':
    case 'closed':
      return { kind: 'none' };
    case 'requested': {
      const { chainId, from } = state.transfer.terms;
      return { kind: 'lane', lane: laneId(chainId, from) };
    }
    case 'submitted':
    case 'held': {
      const { closing, terms } = state.transfer;
      if (closing === null) return { kind: 'wait', for: state.kind === 'held' ? 'operator' : 'transaction' };
      const dependency = `chain:${terms.network}`;
      return { kind: 'wait', for: 'closing', dependency, recheckMs: CLOSING_RECHECK_MS };
    }
    default:
      return unreachable(state);
  }
}

function rows(state: TransferState, facts: StreamFacts): readonly ImpliedRow[] {
  if (state.kind === 'none') return [];
  const next = nextTransferStep(state);
  const { network, underlying, token, chainId, vault, receipt, to, what } = state.transfer.terms;
  const effect = state.kind === 'completed' ? state.effect : null;
  const shares = sharesOf(state.transfer);
  const operation = operationRow(
    {
      kind: 'transfer',
      state: state.kind,
      next,
      reason: reasonOf(state),
      underlying,
      token,
      network,
      chainId,
      vault,
      wallet: to,
      clientId: null,
      quantity: null,
      shares: shares === 0n ? null : shares,
      burned: null,
      dust: null,
      transactionHash: effect?.transactionHash ?? null,
      receiptId: null,
      tokenizationRequestId: null,
    },
    facts,
  );
  const work = workRow({ kind: 'transfer', phase: state.kind, next, network, underlying }, facts);
  if (effect === null) return [operation, ...work];
  const { transactionHash, ordinal } = effect;
  const contract = what.kind === 'receipts' ? receipt : vault;
  const place = { chainId, transactionHash, vault: contract, kind: 'transfer', ordinal } as const;
  return [operation, effectRow(place, facts.id), ...work];
}

function reasonOf(state: KnownTransfer): string {
  const { what, from } = state.transfer.terms;
  const of = {
    receipts: `receipts of ${from}`,
    redemption: `shares of redemption ${what.kind === 'redemption' ? what.redemptionId : ''} that lie with ${from}`,
    rest: `shares of no redemption that lie with ${from}`,
  }[what.kind];
  const why = state.kind === 'held' || state.kind === 'closed' ? state.why : state.transfer.reason;
  return why === null ? of : `${why} (${of})`;
}

export const transferKind: StreamKind<TransferState, TransferEvent> = {
  category: 'transfer',
  initialState: { kind: 'none' },
  evolve: evolveTransfer,
  phase: (state) => state.kind,
  rows,
};
