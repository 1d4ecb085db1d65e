import type { Hex } from 'viem';
import type { TransferTerms } from '../../operation/transfer-terms.ts';
import type { SoleStage } from '../../operation/sole-stage.ts';
import type { SplitReading } from '../../vault/split-count.ts';

/** The states and events of a transfer between two of our own signers. */

/** A whole receipt that goes over, in 10⁻¹⁸ shares. */
export type MovedReceipt = { receiptId: bigint; shares: bigint };

/** The transfer on chain. */
export type TransferEffect = {
  transactionHash: Hex;
  blockNumber: bigint;
  blockHash: Hex;
  /** Among all `Transfer` logs of the vault in the transaction; 0 for receipts, which are one call. */
  ordinal: number;
  /** The transaction of ours that did it; null where only the chain knew of it. */
  transactionId: string | null;
};

export type TransferEvent =
  | { type: 'TransferRequested'; data: TransferTerms }
  /** The first split count that was read for it: none was known. */
  | { type: 'SplitCountRecorded'; data: SplitReading }
  /** `receipts`: which go over; empty where shares do. */
  | { type: 'TransferSubmitted'; data: { transactionId: string; receipts: readonly MovedReceipt[] } }
  | { type: 'TransferSettled'; data: TransferEffect }
  | { type: 'TransferUnsettled'; data: { transactionId: string; why: string } }
  | { type: 'TransferReleased'; data: { transactionId: string; why: string } }
  | { type: 'TransferHeld'; data: { why: string; splits?: SplitReading } }
  | { type: 'TransferResumed'; data: { found: readonly string[] } }
  /** An operator had it looked at: its next step is due at once. */
  | { type: 'RecoveryAsked'; data: { found: readonly string[] } }
  /** To be closed as soon as its nonce is used for something else; its effect would win. */
  | { type: 'TransferClosing'; data: { why: string; found: readonly string[] } }
  | { type: 'TransferClosed'; data: { why: string; found: readonly string[] } };

/** What every transfer carries. */
export interface Transfer {
  readonly terms: TransferTerms;
  readonly splits: SplitReading | null;
  /** What its transaction carries; empty where shares go over, and before it is signed. */
  readonly receipts: readonly MovedReceipt[];
  /** Why its last transaction had no effect. */
  readonly reason: string | null;
  /** Why an operator wants it closed, while its nonce is not used yet. */
  readonly closing: string | null;
}

export type TransferState =
  | { readonly kind: 'none' }
  | (SoleStage & { readonly transfer: Transfer })
  | { readonly kind: 'held'; readonly transfer: Transfer; readonly why: string; readonly from: SoleStage }
  | { readonly kind: 'completed'; readonly transfer: Transfer; readonly effect: TransferEffect }
  | { readonly kind: 'closed'; readonly transfer: Transfer; readonly why: string };

export type KnownTransfer = Exclude<TransferState, { readonly kind: 'none' }>;

/** What goes over, as far as it is known. */
export function sharesOf({ terms, receipts }: Transfer): bigint {
  const { what } = terms;
  return what.kind === 'receipts' ? receipts.reduce((sum, it) => sum + it.shares, 0n) : what.amount;
}
