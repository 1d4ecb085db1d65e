import type { Address } from 'viem';
import type { FinalitySetting } from '../../chain/finality.ts';
import type { RpcClient } from '../../chain/rpc/types.ts';
import type { EventStore } from '../../event-store/event-store.ts';
import type { Ledger } from '../../event-store/ledger.ts';
import type { Random, Timers } from '../../ports/ports.ts';
import type { Inventory } from '../../receipt/inventory.ts';
import type { Difference } from '../../receipt/reconciliation.ts';
import type { Splits } from '../../receipt/splits.ts';
import type { Log } from '../../telemetry/log.ts';
import type { LaneStatus } from '../../transaction/lane-status.ts';

/** A vault that serves or served an asset. */
export interface MovedVault {
  readonly chainId: number;
  readonly network: string;
  readonly vault: Address;
  readonly receipt: Address;
  readonly underlying: string;
  readonly token: string;
  /** False for one that served before: nothing is minted there. */
  readonly current: boolean;
}

/** A network on which a signer is in charge. */
export interface MoveNetwork {
  readonly network: string;
  readonly chainId: number;
  readonly rpc: RpcClient;
  readonly confirmations: number;
  readonly finality: FinalitySetting;
}

/** What became of the shares that redemptions have with a signer, when they were to be handed over. */
export interface HandedShares {
  /** Transfers that were begun. */
  readonly begun: number;
  /** Redemptions whose shares have to stay for now, with their states; a few of them, for people. */
  readonly staying: readonly string[];
  readonly stayingCount: number;
}

/** What moves ask, and where they write. */
export interface MoveOptions {
  readonly ledger: Ledger;
  readonly store: EventStore;
  readonly log: Log;
  readonly random: Random;
  readonly timers: Pick<Timers, 'monotonicMs'>;
  readonly networks: readonly MoveNetwork[];
  /** Who shall be in charge, by the settings. */
  readonly signer: Address;
  /** Signers whose keys are at hand, that one among them. */
  readonly keys: ReadonlySet<Address>;
  /** Who is in charge on a chain. */
  readonly inCharge: (chainId: number) => Address;
  /** Our signers on a network, retired ones too, in lower case. */
  readonly wallets: (network: string) => readonly Address[];
  readonly vaults: (network: string) => Promise<readonly MovedVault[]>;
  /** Why a signer of ours could not call those of these contracts that it could not, in sentences. */
  readonly whyNotCalled: (
    signer: Address,
    chainId: number,
    contracts: readonly Address[],
  ) => Promise<readonly string[]>;
  readonly lanes: () => Promise<readonly LaneStatus[]>;
  readonly inventory: Pick<Inventory, 'chooseWhole'>;
  readonly splits: Pick<Splits, 'now'>;
  /** Compares all receipts and shares of a network with the chain, and corrects the books. */
  readonly reconcile: (network: string) => Promise<readonly Difference[]>;
  /** Has the shares handed over that redemptions have with `from` on a vault. */
  readonly handOver: (
    place: { readonly chainId: number; readonly vault: Address },
    from: Address,
    to: Address,
    moveId: string | null,
  ) => Promise<HandedShares>;
  /** Moves mints that are ready for another lane than that of who is in charge; resolves with how many of a page. */
  readonly moveMints: (network: string, chainId: number) => Promise<number>;
  /** Makes rows of work due now. */
  readonly wake: (ids: readonly string[]) => void;
}
