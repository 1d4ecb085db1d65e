import type { Address } from 'viem';
import type { TransactionReceipt } from '../chain/rpc/types.ts';
import type { Ledger, Loaded } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import type { RefundedBook, RefundTerms } from '../operation/refund-terms.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { LaneContext, Outcome } from '../transaction/lane-feature.ts';
import { readTransferEffect } from '../vault/burn-effects.ts';
import { decideRefund } from './decide.ts';
import { evolveRefund } from './evolve.ts';
import { refundKind } from './refund-kind.ts';
import type { RefundEffect, RefundEvent, RefundState } from './state.ts';

interface FoundPlace {
  readonly lane: LaneContext;
  readonly vault: Address;
  readonly operationIds: readonly string[];
}

/**
 * Settles a refund that only the chain remembers. A database that is older than the refund does not know even its
 * beginning: its id follows from its redemption's, so that it is looked for among those whose tokens are owed.
 */
export async function settleFoundRefund(
  options: { readonly ledger: Ledger; readonly book: RefundedBook },
  found: FoundPlace,
  receipt: TransactionReceipt,
): Promise<Outcome & { readonly unexplained: readonly string[] }> {
  const [id, ...others] = found.operationIds;
  const unexplained = { changes: [], unexplained: found.operationIds };
  if (id === undefined || others.length > 0) return unexplained;
  const loaded = await options.ledger.load(refundKind, id);
  const { state } = loaded;
  const terms =
    state.kind === 'none'
      ? await options.book.termsOf(found.lane.chainId, found.vault, id)
      : state.refund.terms;
  if (terms === null) return unexplained;
  const effect = readRefund(terms, found, receipt);
  if (typeof effect === 'string') return unexplained;
  try {
    return { ...(await foundOutcome(options, loaded, terms, effect, true)), unexplained: [] };
  } catch (error) {
    // What it knows contradicts it: a person must see it, and the lane alarms.
    if (error instanceof IssuanceError && error.code === 'operation_state') return unexplained;
    throw error;
  }
}

/** The transfer back in a transaction's receipt; a text tells why it is none. */
export function readRefund(
  { chainId, vault, holder, to, amount }: RefundTerms,
  place: Pick<FoundPlace, 'lane' | 'vault'>,
  receipt: TransactionReceipt,
): RefundEffect | string {
  const { lane } = place;
  if (vault !== place.vault || chainId !== lane.chainId || holder !== lane.signer.toLowerCase()) {
    return `it is not of ${holder} on the vault ${vault}`;
  }
  const reading = readTransferEffect(receipt.logs, vault, lane.signer, { to, amount });
  if (reading.kind === 'unexpected') return reading.why;
  const { transactionHash, blockNumber, blockHash } = receipt;
  return { transactionHash, blockNumber, blockHash, ordinal: reading.transferOrdinal, transactionId: null };
}

/**
 * The commit that counts an effect which a final block proves; `isLive` as of the command.
 *
 * @throws IssuanceError `operation_state`
 */
export async function foundOutcome(
  { book }: { readonly book: RefundedBook },
  loaded: Loaded<RefundState>,
  terms: RefundTerms,
  effect: RefundEffect,
  isLive: boolean,
): Promise<Outcome> {
  const request = { type: 'request', terms, found: ['only the chain remembered it'] } as const;
  const begun: readonly RefundEvent[] =
    loaded.state.kind === 'none' ? decideRefund(request, loaded.state) : [];
  const settled = decideRefund({ type: 'find', effect, isLive }, begun.reduce(evolveRefund, loaded.state));
  if (settled.length === 0) return { changes: [] };
  const { transactionHash } = effect;
  const redemption = await book.settled(terms.redemptionId, loaded.id, { transactionHash, found: true });
  return { changes: [change(refundKind, loaded, [...begun, ...settled]), ...redemption] };
}
