import type { Hex } from 'viem';
import type { RefundTerms } from '../operation/refund-terms.ts';
import type { SoleStage } from '../operation/sole-stage.ts';
import type { SplitReading } from '../vault/split-count.ts';

/** The states and events of a refund: the tokens of one redemption on their way back to their sender. */

/** The transfer on chain. */
export type RefundEffect = {
  transactionHash: Hex;
  blockNumber: bigint;
  blockHash: Hex;
  /** Among all `Transfer` logs of the vault in the transaction. */
  ordinal: number;
  /** The transaction of ours that did it; null where only the chain knew of it. */
  transactionId: string | null;
};

export type RefundEvent =
  /** Also of one that ended without effect before. `found`: what was found at Alpaca and on the chain. */
  | { type: 'RefundRequested'; data: RefundTerms & { found: readonly string[] } }
  /** The first split count that was read for it: none was known. */
  | { type: 'SplitCountRecorded'; data: SplitReading }
  | { type: 'RefundSubmitted'; data: { transactionId: string } }
  | { type: 'RefundSettled'; data: RefundEffect }
  | { type: 'RefundUnsettled'; data: { transactionId: string; why: string } }
  | { type: 'RefundReleased'; data: { transactionId: string; why: string } }
  | { type: 'RefundHeld'; data: { why: string; splits?: SplitReading } }
  | { type: 'RefundResumed'; data: { found: readonly string[] } }
  /** An operator had it looked at: its next step is due at once. */
  | { type: 'RecoveryAsked'; data: { found: readonly string[] } }
  /** To be closed as soon as its nonce is used for something else; its effect would win. */
  | { type: 'RefundClosing'; data: { why: string; found: readonly string[] } }
  /** `doubt`: why the tokens may have gone back all the same; it is never begun anew then. */
  | { type: 'RefundClosed'; data: { why: string; found: readonly string[]; doubt?: string } };

/** What every refund carries. */
export interface Refund {
  readonly terms: RefundTerms;
  readonly splits: SplitReading | null;
  /** Why its last transaction had no effect. */
  readonly reason: string | null;
  /** Why an operator wants it closed, while its nonce is not used yet. */
  readonly closing: string | null;
}

export type RefundState =
  | { readonly kind: 'none' }
  | (SoleStage & { readonly refund: Refund })
  | { readonly kind: 'held'; readonly refund: Refund; readonly why: string; readonly from: SoleStage }
  | { readonly kind: 'completed'; readonly refund: Refund; readonly effect: RefundEffect }
  | {
      readonly kind: 'closed';
      readonly refund: Refund;
      readonly why: string;
      readonly doubt: string | null;
    };

export type KnownRefund = Exclude<RefundState, { readonly kind: 'none' }>;
