import type { Address, Hex } from 'viem';
import type { Change } from '../event-store/ledger.ts';
import type { SplitReading } from '../vault/split-count.ts';

/** What redemptions and their refunds tell each other; both features are composed in above. */

/** What goes back, fixed when the refund begins. Addresses in lower case. */
export type RefundTerms = {
  redemptionId: string;
  chainId: number;
  network: string;
  vault: Address;
  underlying: string;
  token: string;
  /** Our wallet that has the tokens. */
  holder: Address;
  /** Who sent them, and gets them back. */
  to: Address;
  /** All that was sent, dust included, in 10⁻¹⁸ of a token. */
  amount: bigint;
  clientId: string | null;
  /** The vault's split count for which the amount holds; null where none was read. */
  splits: SplitReading | null;
};

/** The redemptions as their refunds see them. What gives `Change`s commits nothing. */
export interface RefundedBook {
  /** For the commit that signs a refund: the redemption still waits for it. @throws IssuanceError `operation_state` */
  waiting(redemptionId: string, refundId: string): Promise<Change>;
  /**
   * For the commit that settles a refund; `found`: one that only the chain remembers, so that the redemption may not
   * know of it. @throws IssuanceError `operation_state`
   */
  settled(
    redemptionId: string,
    refundId: string,
    how: { readonly transactionHash: Hex; readonly found: boolean },
  ): Promise<readonly Change[]>;
  /** For the commit that records that a settled refund vanished and is being sent again. */
  vanished(redemptionId: string, refundId: string, why: string): Promise<readonly Change[]>;
  /** For the commit that ends a refund. `doubt`: why the tokens may have gone back all the same. */
  ended(
    redemptionId: string,
    refundId: string,
    how: { readonly why: string; readonly doubt: string | null },
  ): Promise<readonly Change[]>;
  /** What the refund of this id would send back: of a redemption on this vault whose tokens we owe; null for none. */
  termsOf(chainId: number, vault: Address, refundId: string): Promise<RefundTerms | null>;
}

/** The refunds as redemptions see them. */
export interface RefundOpener {
  /** For the commit that begins the refund of a redemption. @throws IssuanceError `operation_state` */
  open(refundId: string, terms: RefundTerms, found: readonly string[]): Promise<Change>;
}
