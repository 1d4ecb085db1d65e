import type { NextStep } from '../../engine/work.ts';
import { workRow } from '../../engine/work.ts';
import type { ImpliedRow, StreamFacts, StreamKind } from '../../event-store/ledger.ts';
import { effectRow } from '../../operation/effect-row.ts';
import { nextSoleStep } from '../../operation/sole-stage.ts';
import { operationRow } from '../../operation/operation-row.ts';
import { laneId } from '../../transaction/lane-id.ts';
import { evolveTransfer } from './evolve.ts';
import type { KnownTransfer, TransferEvent, TransferState } from './state.ts';
import { sharesOf } from './state.ts';

/** What a transfer does next. */
export function nextTransferStep(state: TransferState): NextStep {
  if (state.kind === 'none') return { kind: 'none' };
  return nextSoleStep(state, () => {
    const { terms, closing } = state.transfer;
    return { lane: laneId(terms.chainId, terms.from), network: terms.network, closing };
  });
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
