import type { Address, Hex } from 'viem';
import type { SplitReading } from '../vault/split-count.ts';

/** The states and events of a redemption: a transfer of shares to one of our wallets. */

/** The transfer, as the chain has it. Fixed for ever; addresses and hashes in lower case. */
export type TransferFacts = {
  chainId: number;
  network: string;
  vault: Address;
  underlying: string;
  token: string;
  /** Who held the tokens. */
  from: Address;
  /** Our wallet that received them. */
  holder: Address;
  /** 10⁻¹⁸ of a token. */
  amount: bigint;
  transactionHash: Hex;
  blockNumber: bigint;
  blockHash: Hex;
  blockTimeMs: number;
  /** Among all `Transfer` logs of the vault in the transaction. */
  ordinal: number;
};

/** Why a transfer is recorded and never redeemed. */
export type RecordedWhy = 'zero' | 'dust_only' | 'self_transfer' | 'historic';

/** What a detected redemption waits for before Alpaca is asked. */
export type WaitReason = 'wallet_unknown' | 'signer_retired' | 'quarantine' | 'frozen' | 'receipts_short';

/** A receipt's share of a burn; `information` are the deposit's bytes. */
export type Pick = { receiptId: bigint; shares: bigint; information: Hex };

/** A burn on chain, by its `Withdraw` logs. */
export type BurnEffect = {
  transactionHash: Hex;
  blockNumber: bigint;
  blockHash: Hex;
  /** Of its `Withdraw` logs among the vault's in the transaction. */
  ordinals: readonly number[];
};

export type RedemptionEvent =
  /** `splits`: the vault's split count right before the transfer's block; absent where it could not be told. */
  | { type: 'TransferDetected'; data: TransferFacts & { clientId: string | null; splits?: SplitReading } }
  | { type: 'TransferRecorded'; data: TransferFacts & { why: RecordedWhy } }
  | { type: 'OwnerBound'; data: { clientId: string } }
  /** Its shares go to another signer of ours first; the transfer is an operation of its own. */
  | { type: 'ForwardStarted'; data: { transferId: string; to: Address } }
  /** They lie with that signer now. */
  | { type: 'SharesForwarded'; data: { transferId: string; to: Address; transactionHash: Hex } }
  /** A reorg took the transfer away; its bytes go out again. */
  | { type: 'ForwardVanished'; data: { transferId: string; from: Address; why: string } }
  /** The transfer ended without effect. */
  | { type: 'ForwardEnded'; data: { transferId: string; why: string } }
  | { type: 'RedemptionWaiting'; data: { for: WaitReason } }
  /** The amount is promised on the inventory; exactly this body is sent under this key, any number of times. */
  | { type: 'RedeemPromised'; data: { idempotencyKey: string; body: string } }
  | { type: 'RedemptionRequested'; data: { tokenizationRequestId: string } }
  | { type: 'RedemptionJournaled'; data: { fees: string | null } }
  | { type: 'RedemptionRejected'; data: { reason: string | null } }
  | { type: 'BurnSigned'; data: { transactionId: string; picks: readonly Pick[]; dust: bigint } }
  | { type: 'BurnSettled'; data: { transactionId: string; effect: BurnEffect } }
  /** A burn that a forgotten transaction of ours did. */
  | {
      type: 'BurnFound';
      data: { transactionId: string; picks: readonly Pick[]; dust: bigint; effect: BurnEffect };
    }
  | { type: 'BurnUnsettled'; data: { transactionId: string; why: string } }
  | { type: 'BurnReleased'; data: { transactionId: string; why: string } }
  /** The first split count that was read for it: none could be told of its block. */
  | { type: 'SplitCountRecorded'; data: SplitReading }
  /** `splits`: the count that it was held for, and that it goes on with when a person resumes it. */
  | { type: 'RedemptionHeld'; data: { why: string; splits?: SplitReading } }
  | { type: 'RedemptionResumed'; data: { found?: readonly string[] } }
  /** An operator had it looked at: its next step is due at once. */
  | { type: 'RecoveryAsked'; data: { found: readonly string[] } }
  /** To be closed as soon as its nonce is used for something else; a burn would win. */
  | { type: 'RedemptionClosing'; data: { why: string; found?: readonly string[] } }
  /** `gone`: final blocks show that its transfer was undone, so that nothing came to our wallet. */
  | { type: 'RedemptionClosed'; data: { why: string; found?: readonly string[]; gone?: true } }
  /** The refund is an operation of its own; until its end nothing else is done with the tokens. */
  | { type: 'RefundStarted'; data: { refundId: string; found: readonly string[] } }
  /**
   * The tokens are back with their sender. `returned`: not by the refund, but by a transfer that a person named; its
   * `ordinal` among the `Transfer` logs of the vault in the transaction, and what it moved in 10⁻¹⁸ of a token.
   */
  | {
      type: 'RedemptionRefunded';
      data: {
        refundId: string;
        transactionHash: Hex;
        returned?: { ordinal: number; amount: bigint; found: readonly string[] };
      };
    }
  /** A reorg took the refund away; its bytes go out again. */
  | { type: 'RefundVanished'; data: { refundId: string; why: string } }
  /** The refund ended without effect: everything is as it was before it. */
  | { type: 'RefundEnded'; data: { refundId: string; why: string } };

/** One transaction of the burn. */
export interface BurnPart {
  readonly transactionId: string;
  readonly picks: readonly Pick[];
  /** Returned to the sender by this part. */
  readonly dust: bigint;
  /** Null while it is signed and not yet in a confirmed block. */
  readonly effect: BurnEffect | null;
}

/** What every redemption carries. */
export interface Redemption {
  readonly transfer: TransferFacts;
  /** What Alpaca journals: the amount rounded down to nine decimals. */
  readonly quantity: bigint;
  /** The rest, returned with the last part of the burn. */
  readonly dust: bigint;
  readonly clientId: string | null;
  /** Our wallet that has the shares now: the one that they were sent to, until they are handed over. */
  readonly holder: Address;
  /** The transfer to another signer of ours that is under way. */
  readonly forwarding: string | null;
  /** Transfers that were begun for it, whatever came of them. */
  readonly forwards: number;
  readonly promise: { readonly idempotencyKey: string; readonly body: string } | null;
  readonly tokenizationRequestId: string | null;
  readonly parts: readonly BurnPart[];
  /** The vault's split count for which its quantity holds; null until one was read. */
  readonly splits: SplitReading | null;
  /** Why its last burn had no effect, or why Alpaca rejected it. */
  readonly reason: string | null;
  /** Why an operator wants it closed, while its nonce is not used yet. */
  readonly closing: string | null;
}

/** Where an open redemption stands; what a held one returns to. */
export type RedemptionStage =
  | { readonly kind: 'detected'; readonly waiting: WaitReason | null }
  | { readonly kind: 'requested' }
  | { readonly kind: 'journaled' }
  /** At least one part is signed; which is next follows from the parts. */
  | { readonly kind: 'burning' };

/** What a redemption was before its refund, and is again should that end without effect. */
export type RefundOrigin =
  | RedemptionStage
  | { readonly kind: 'rejected' }
  | { readonly kind: 'held' | 'closed'; readonly why: string; readonly from: RedemptionStage };

export type RedemptionState =
  | { readonly kind: 'none' }
  | { readonly kind: 'recorded'; readonly transfer: TransferFacts; readonly why: RecordedWhy }
  | (RedemptionStage & { readonly redemption: Redemption })
  | {
      readonly kind: 'held';
      readonly redemption: Redemption;
      readonly why: string;
      readonly from: RedemptionStage;
    }
  | { readonly kind: 'completed'; readonly redemption: Redemption }
  | { readonly kind: 'rejected'; readonly redemption: Redemption }
  | {
      readonly kind: 'refunding';
      readonly redemption: Redemption;
      readonly refundId: string;
      readonly origin: RefundOrigin;
    }
  | {
      readonly kind: 'refunded';
      readonly redemption: Redemption;
      readonly refundId: string;
      readonly transactionHash: Hex;
      /** Of the transfer in its transaction, where a person sent the tokens back past the refund; null else. */
      readonly returnedOrdinal: number | null;
      readonly origin: RefundOrigin;
    }
  | {
      readonly kind: 'closed';
      readonly redemption: Redemption;
      readonly why: string;
      readonly from: RedemptionStage;
      /** Its transfer was undone. Should it happen after all, it begins anew. */
      readonly isGone?: true;
    };

/** States of a transfer that was taken in as a redemption. */
export type KnownRedemption = Extract<RedemptionState, { readonly redemption: Redemption }>;

/** Whether it was closed because final blocks show that its transfer was undone. */
export function isGone(state: RedemptionState): boolean {
  return state.kind === 'closed' && state.isGone === true;
}

/** The stage of an open or held redemption; null for every other state. */
export function stageOf(state: RedemptionState): RedemptionStage | null {
  switch (state.kind) {
    case 'held':
      return state.from;
    case 'detected':
    case 'requested':
    case 'journaled':
    case 'burning':
      return state;
    default:
      return null;
  }
}

export function sharesOf(picks: readonly Pick[]): bigint {
  return picks.reduce((sum, it) => sum + it.shares, 0n);
}

/** What no part burns or is about to burn yet, of the quantity and of the dust. */
export function uncovered({ quantity, dust, parts }: Redemption): { quantity: bigint; dust: bigint } {
  return {
    quantity: quantity - parts.reduce((sum, it) => sum + sharesOf(it.picks), 0n),
    dust: dust - parts.reduce((sum, it) => sum + it.dust, 0n),
  };
}

/** What settled parts burned, and what dust they returned. */
export function burnedBy({ parts }: Redemption): { quantity: bigint; dust: bigint } {
  const settled = parts.filter((it) => it.effect !== null);
  return {
    quantity: settled.reduce((sum, it) => sum + sharesOf(it.picks), 0n),
    dust: settled.reduce((sum, it) => sum + it.dust, 0n),
  };
}
