import type { Address, Hex } from 'viem';

/**
 * Whoever holds the key, signs **and broadcasts** by itself, and so owns the nonces. What the nonce is to a lane of
 * ours, the external id is here: one request, one id, and at most one transaction for it, for ever.
 */
export interface Custodian {
  readonly kind: 'fireblocks';
  /** The account's address, in lower case; the same on every network. */
  readonly address: Address;
  /**
   * The whole request for a call, as text: it is committed, and then sent to the letter by whatever process.
   *
   * Rejects with `asset_unknown`, `contract_not_whitelisted`, `DependencyDown`.
   */
  prepare(terms: CallTerms): Promise<string>;
  /**
   * Why it would not call those of these contracts that it would not call at present, in a sentence each.
   *
   * Rejects with `asset_unknown`, `DependencyDown`.
   */
  whyNotCalled(chainId: number, contracts: readonly Address[]): Promise<readonly string[]>;
  /**
   * A request that uses up an external id and does nothing else: whichever of the two the custodian has under the id,
   * it never takes the other.
   */
  prepareFiller(terms: Pick<CallTerms, 'chainId' | 'externalId'>): string;
  /** Sends a committed request. Rejects with `DependencyDown` when it did not serve: then nothing is known. */
  submit(request: string): Promise<Submitted>;
  /** What it has under the id. Null: it shows nothing, which proves nothing. Rejects with `DependencyDown`. */
  look(call: {
    readonly externalId: string;
    readonly custodianId: string | null;
  }): Promise<CallReport | null>;
  /**
   * Asks it to give up what it has not signed. What came of it, its status tells.
   *
   * Rejects with `custodian_signed` when it says no, `DependencyDown`.
   */
  cancel(custodianId: string): Promise<void>;
  /** Names what of a report is not as the request says; none where it is the same. */
  differences(request: string, report: CallReport): readonly string[];
  /** Whether it calls the coin of this chain so. */
  isAssetOf(chainId: number, assetId: string): boolean;
  /** Every transaction of the account that was made since, oldest first. Rejects with `DependencyDown`. */
  list(sinceMs: number): Promise<readonly CallReport[]>;
}

/** One call of a contract. */
export interface CallTerms {
  readonly chainId: number;
  readonly externalId: string;
  readonly to: Address;
  readonly data: Hex;
  /** Gas limit. */
  readonly gas: bigint;
}

/** What came of sending a request. */
export type Submitted =
  | { readonly kind: 'accepted'; readonly custodianId: string; readonly status: string }
  /** The id is used already: by this request sent before, or by another. */
  | { readonly kind: 'duplicate'; readonly message: string }
  /** It does not take this request; whether an earlier one of the same id was taken, a look tells. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly code: string | null;
      readonly message: string;
    };

/**
 * How far a transaction has come by the custodian's word. `refused`: policy, rejection or cancellation ended it before
 * anything was signed. `failed`: it ended, and may have been signed. `signed`: it is on its way, whether a hash is
 * named or not. Whatever is not known is `open`.
 */
export type CallStage = 'open' | 'signed' | 'completed' | 'refused' | 'failed';

/** What the custodian says of one of its transactions. */
export interface CallReport {
  readonly custodianId: string;
  readonly externalId: string | null;
  /** In the custodian's own words, as is `subStatus`. */
  readonly status: string;
  readonly subStatus: string | null;
  /** Its reason, where it gives one. */
  readonly message: string | null;
  readonly stage: CallStage;
  /** All that it names, replacements included; in lower case, newest last. */
  readonly hashes: readonly Hex[];
  readonly nonce: number | null;
  readonly createdMs: number | null;
  /** What it is to do, as far as the report says so: names and values as in the request. */
  readonly content: Readonly<Record<string, string>>;
}
