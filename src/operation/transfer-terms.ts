import type { Address, Hex } from 'viem';
import type { Change } from '../event-store/ledger.ts';
import type { SplitReading } from '../vault/split-count.ts';

/** What transfers between our own signers and redemptions tell each other; both features are composed in above. */

/** What goes over. Amounts in 10⁻¹⁸ shares. */
export type TransferWhat =
  /** Receipts of which nothing is reserved, as many as one transaction takes; which, its lane chooses. */
  | { kind: 'receipts' }
  /** All shares that a redemption still has with us. */
  | { kind: 'redemption'; redemptionId: string; amount: bigint }
  /** Shares that are of no redemption: recorded remainders, and whatever else came. */
  | { kind: 'rest'; amount: bigint };

/** Fixed when the transfer begins. Addresses in lower case. */
export type TransferTerms = {
  chainId: number;
  network: string;
  vault: Address;
  /** The vault's receipt contract. */
  receipt: Address;
  underlying: string;
  token: string;
  from: Address;
  to: Address;
  what: TransferWhat;
  /** The move that it belongs to; null outside of one. */
  moveId: string | null;
  /** The vault's split count for which an amount holds; null where none was read. */
  splits: SplitReading | null;
};

/** The redemptions as transfers of their shares see them. What gives `Change`s commits nothing. */
export interface ForwardedBook {
  /** For the commit that signs: the redemption still waits for it. @throws IssuanceError `operation_state` */
  waiting(redemptionId: string, transferId: string): Promise<Change>;
  /**
   * For the commit that settles; `found`: one that only the chain remembers. @throws IssuanceError `operation_state`
   */
  forwarded(
    redemptionId: string,
    transferId: string,
    how: { readonly to: Address; readonly transactionHash: Hex; readonly found: boolean },
  ): Promise<readonly Change[]>;
  /** For the commit that records that a settled transfer vanished and is being sent again. */
  vanished(redemptionId: string, transferId: string, from: Address, why: string): Promise<readonly Change[]>;
  /** For the commit that ends a transfer without effect. */
  ended(redemptionId: string, transferId: string, why: string): Promise<readonly Change[]>;
  /** The redemption whose next transfer has this id: one whose shares lie with `from`; null for none. */
  redemptionOf(
    place: { readonly chainId: number; readonly vault: Address; readonly from: Address },
    transferId: string,
  ): Promise<{ readonly redemptionId: string; readonly amount: bigint } | null>;
}

/** The transfers as redemptions see them. */
export interface TransferOpener {
  /** For the commit that begins a transfer. @throws IssuanceError `operation_state` */
  open(transferId: string, terms: TransferTerms): Promise<Change>;
}
