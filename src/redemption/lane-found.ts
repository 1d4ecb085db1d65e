import type { Address } from 'viem';
import type { TransactionReceipt } from '../chain/rpc/types.ts';
import type { Ledger } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { Inventory } from '../receipt/inventory.ts';
import type { LaneContext, Outcome } from '../transaction/lane-feature.ts';
import { readBurnEffect } from '../vault/burn-effects.ts';
import { vaultMoments } from '../vault/moments.ts';
import { decideRedemption } from './decide.ts';
import { redemptionKind } from './redemption-kind.ts';
import type { BurnEffect, Pick, RedemptionEvent, RedemptionState } from './state.ts';

/**
 * Settles a burn that only the chain remembers. A burn's logs do not name its redemption, the transaction's tag does;
 * so the tag must name this one alone, and the logs must be receipts of ours burned, then dust to its sender, and
 * nothing else, in amounts that fit what is left of it.
 */
export async function settleFoundBurn(
  { ledger, inventory }: { readonly ledger: Ledger; readonly inventory: { burned: Inventory['burned'] } },
  found: { readonly lane: LaneContext; readonly vault: Address; readonly operationIds: readonly string[] },
  receipt: TransactionReceipt,
): Promise<Outcome & { readonly unexplained: readonly string[] }> {
  const [id, ...others] = found.operationIds;
  const unexplained = { changes: [], unexplained: found.operationIds };
  if (id === undefined || others.length > 0) return unexplained;
  const loaded = await ledger.load(redemptionKind, id);
  const proven = proveBurn(loaded.state, found, receipt, id);
  if (proven === null) return unexplained;
  const { burn, events } = proven;
  if (events.length === 0) return { changes: [], unexplained: [] };
  const { chainId } = found.lane;
  const { transactionHash, blockNumber } = receipt;
  const burned = await inventory.burned(id, chainId, found.vault, burn.picks, {
    transactionHash,
    blockNumber,
  });
  return { changes: [change(redemptionKind, loaded, events), ...burned], unexplained: [] };
}

/** A burn of this redemption that a transaction's receipt proves, and its events; null when it proves none. */
export function proveBurn(
  state: RedemptionState,
  place: { readonly lane: LaneContext; readonly vault: Address },
  receipt: TransactionReceipt,
  id: string,
): { readonly burn: FoundBurn; readonly events: readonly RedemptionEvent[] } | null {
  const burn = readBurn(state, place, receipt, id);
  const events = burn === null ? null : foundEvents(state, burn);
  return burn === null || events === null ? null : { burn, events };
}

export interface FoundBurn {
  readonly transactionId: string;
  readonly picks: readonly Pick[];
  readonly dust: bigint;
  readonly effect: BurnEffect;
}

function readBurn(
  state: RedemptionState,
  { lane, vault }: { readonly lane: LaneContext; readonly vault: Address },
  receipt: TransactionReceipt,
  id: string,
): FoundBurn | null {
  if (!('redemption' in state)) return null;
  const { transfer, holder } = state.redemption;
  if (transfer.vault !== vault || transfer.chainId !== lane.chainId) return null;
  if (holder !== lane.signer.toLowerCase()) return null;
  const read = vaultMoments(receipt.logs, vault);
  if (read.kind === 'unusable') return null;
  const picks = read.moments.flatMap(({ decoded }) =>
    decoded.kind === 'withdraw'
      ? [{ receiptId: decoded.id, shares: decoded.shares, information: decoded.information }]
      : [],
  );
  const last = read.moments.at(-1)?.decoded;
  const dust = last?.kind === 'transfer' && last.to === transfer.from ? last.value : 0n;
  const reading = readBurnEffect(receipt.logs, vault, lane.signer, {
    operationId: id,
    burns: picks,
    dust: dust === 0n ? undefined : { to: transfer.from, amount: dust },
  });
  if (reading.kind === 'unexpected') return null;
  const { transactionHash, blockNumber, blockHash } = receipt;
  const ordinals = reading.effect.burned.map((it) => it.withdrawOrdinal);
  const effect = { transactionHash, blockNumber, blockHash, ordinals };
  return { transactionId: `found/${transactionHash}`, picks, dust, effect };
}

/** Null where the redemption's own state contradicts the burn: a person must see it, and the lane alarms. */
function foundEvents(state: RedemptionState, burn: FoundBurn): readonly RedemptionEvent[] | null {
  try {
    return decideRedemption({ type: 'find', ...burn }, state);
  } catch (error) {
    const isMisfit =
      error instanceof IssuanceError && ['operation_state', 'burn_mismatch'].includes(error.code);
    if (isMisfit) return null;
    throw error;
  }
}
