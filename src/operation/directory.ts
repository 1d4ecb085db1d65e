import type { Address } from 'viem';
import type { Change } from '../event-store/ledger.ts';

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

/** Whether a hold stands on an underlying at this moment. */
export interface Freeze {
  /** The holds that do, for operators; null when none does. */
  readonly by: string | null;
  /** What a commit must require that acts on `by: null`, so that a hold which comes in between makes it fail. */
  readonly requires: readonly Change[];
}

/** The asset that a mint request names. */
export type NamedAsset =
  | {
      /** `disabled`: its new mints are refused; what was accepted before goes on. */
      readonly kind: 'enabled' | 'disabled';
      readonly vault: Address;
      readonly chainId: number;
      readonly token: string;
      readonly underlying: string;
      /** What a commit must require that acts on `enabled`. */
      readonly requires: readonly Change[];
    }
  /** There is no such asset, or its network is not configured. */
  | { readonly kind: 'unknown'; readonly why: string };

export interface Catalog {
  /** A freeze is asked for separately. Rejects when it cannot tell; that is never taken for "enabled". */
  asset(underlying: string, token: string, network: string): Promise<NamedAsset>;
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
   * stops everything. From memory. Rejects when it cannot tell; that is never taken for "no".
   */
  freeze(underlying: string, scope: FreezeScope): Promise<Freeze>;
}
