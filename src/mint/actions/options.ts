import type { Address } from 'viem';
import type { AlpacaClient } from '../../alpaca/types.ts';
import type { RpcClient } from '../../chain/rpc/types.ts';
import type { WorkRow } from '../../engine/work.ts';
import type { EventStore } from '../../event-store/event-store.ts';
import type { Ledger } from '../../event-store/ledger.ts';
import type { Catalog } from '../../operation/directory.ts';
import type { Clock } from '../../ports/ports.ts';
import type { Inventory } from '../../receipt/inventory.ts';
import type { Splits } from '../../receipt/splits.ts';
import type { TransactionDesk } from '../../transaction/desk.ts';
import type { LaneId } from '../../transaction/lane-feature.ts';

/** What operators' actions on mints ask, and where they write. */
export interface MintActionOptions {
  readonly ledger: Ledger;
  readonly store: Pick<EventStore, 'find'>;
  readonly alpaca: Pick<AlpacaClient, 'getRequest' | 'journals'>;
  readonly alpacaAccount: { readonly accountId: string };
  readonly inventory: Pick<Inventory, 'depositOf' | 'deposited'>;
  readonly catalog: Pick<Catalog, 'asset'>;
  readonly splits: Pick<Splits, 'now' | 'lastKnown'>;
  readonly rpcOf: (network: string) => Pick<RpcClient, 'pinned'>;
  readonly desk: TransactionDesk;
  readonly laneOf: (chainId: number) => LaneId;
  /** Our signers on a network, retired ones too, in lower case. */
  readonly wallets: (network: string) => readonly Address[];
  /** The row of work of an operation; null at its end. */
  readonly work: (id: string) => Promise<WorkRow | null>;
  readonly clock: Clock;
}
