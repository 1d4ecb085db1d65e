import type { Address } from 'viem';
import type { TransactionReceipt } from '../chain/rpc/types.ts';
import type { Change, Loaded } from '../event-store/ledger.ts';
import type { Inventory } from '../receipt/inventory.ts';
import type { LaneContext } from '../transaction/lane-feature.ts';
import type { MintEffect as ReadEffect, PlannedMint } from '../vault/mint-effects.ts';
import type { MintEffect, MintState } from './state.ts';
import { isKnown } from './state.ts';

/** What lanes and operators' evidence share: what a mint must have done, and what is recorded of it. */

/** What a forgotten mint would have to have done; a mint that is not known matches nothing. */
export function plannedOf({ id, state }: Loaded<MintState>): PlannedMint {
  if (!isKnown(state)) {
    return { operationId: id, shares: -1n, recipient: '0x' };
  }
  const { quantity, wallet } = state.mint.terms;
  return { operationId: id, shares: quantity, recipient: wallet };
}

/** A proven deposit as the mint counts it. */
export function mintEffectOf(
  effect: ReadEffect,
  receipt: TransactionReceipt,
): Omit<MintEffect, 'transactionId'> {
  return {
    transactionHash: receipt.transactionHash,
    blockNumber: receipt.blockNumber,
    blockHash: receipt.blockHash,
    ordinal: effect.depositOrdinal,
    receiptId: effect.receiptId,
    shares: effect.shares,
  };
}

/** Records the deposit of a proven mint; nothing when it is recorded already. */
export async function depositChange(
  inventory: Pick<Inventory, 'deposited'>,
  lane: LaneContext,
  vault: Address,
  effect: ReadEffect,
  receipt: TransactionReceipt,
): Promise<readonly Change[]> {
  const recorded = await inventory.deposited({
    chainId: lane.chainId,
    vault,
    receiptId: effect.receiptId,
    sender: lane.signer,
    owner: lane.signer,
    shares: effect.shares,
    information: effect.information,
    operationId: effect.operationId,
    blockNumber: receipt.blockNumber,
    blockHash: receipt.blockHash,
    transactionHash: receipt.transactionHash,
    ordinal: effect.depositOrdinal,
  });
  return recorded === null ? [] : [recorded];
}
