import type { Address } from 'viem';

/** What mint and redemption ask of accounts and assets; both features are composed in above. */

export interface ClientIdentity {
  /** Our id of the AP. */
  readonly clientId: string;
  readonly accountNumber: string | null;
  /** Linked to an account at Alpaca. */
  readonly linked: boolean;
}

export interface Directory {
  byClientId(clientId: string): Promise<ClientIdentity | null>;
  /** By Alpaca's account id or account number. */
  byAlpacaAccount(idOrNumber: string): Promise<ClientIdentity | null>;
  /** Client whose wallet it is now. */
  walletOwner(wallet: Address): Promise<string | null>;
  /** Client whose wallet it was at this moment. */
  walletOwnerAt(wallet: Address, timeMs: number): Promise<string | null>;
}

/** How much a freeze must stop to matter: `new` or wider, or only `all`. */
export type FreezeScope = 'new' | 'all';

export interface Catalog {
  /** The enabled asset that a mint request names. A freeze is asked for separately. */
  mintable(
    underlying: string,
    token: string,
    network: string,
  ): Promise<
    | {
        readonly kind: 'ok';
        readonly vault: Address;
        readonly chainId: number;
        readonly token: string;
        readonly underlying: string;
      }
    | { readonly kind: 'unavailable'; readonly why: string }
  >;
  /** A vault that serves or ever served an asset. */
  vault(
    chainId: number,
    vault: Address,
  ): Promise<{
    readonly network: string;
    readonly underlying: string;
    readonly token: string;
    readonly receipt: Address;
  } | null>;
  /**
   * Whether a hold of this scope stands on the underlying: with `new` one of either scope, with `all` only one that
   * stops everything. Rejects when it cannot tell; that is never taken for "no".
   */
  frozen(underlying: string, scope: FreezeScope): Promise<boolean>;
}
