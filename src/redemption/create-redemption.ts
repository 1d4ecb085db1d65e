import type { Address } from 'viem';
import type { AlpacaClient } from '../alpaca/types.ts';
import type { RpcClient } from '../chain/rpc/types.ts';
import type { LogConsumer } from '../chain/watcher/types.ts';
import type { Worker } from '../engine/work.ts';
import type { EventStore } from '../event-store/event-store.ts';
import type { Ledger } from '../event-store/ledger.ts';
import type { Catalog, Directory } from '../operation/directory.ts';
import type { OperationActions } from '../operation/actions.ts';
import { readWork } from '../operation/look-at-work.ts';
import type { RefundedBook, RefundOpener } from '../operation/refund-terms.ts';
import type { Standing } from '../operation/standing.ts';
import type { ForwardedBook, TransferOpener } from '../operation/transfer-terms.ts';
import type { Clock } from '../ports/ports.ts';
import { createReadFresh } from '../receipt/fresh-balances.ts';
import type { Inventory } from '../receipt/inventory.ts';
import type { Splits } from '../receipt/splits.ts';
import type { Log } from '../telemetry/log.ts';
import type { TransactionDesk } from '../transaction/desk.ts';
import type { LaneFeature } from '../transaction/lane-feature.ts';
import { createRedemptionActions } from './actions/create-redemption-actions.ts';
import { createRedemptionConsumer } from './consumer.ts';
import { createRedemptionLane } from './lane.ts';
import { handOverAll } from './hand-over.ts';
import { createForwardBook } from './forward-book.ts';
import { createRefundBook } from './refund-book.ts';
import { watchReceipts } from './receipts-free.ts';
import { owedShares, wakeRedemptions } from './waiting.ts';
import { createRedemptionWorker } from './worker.ts';

export interface RedemptionOptions {
  readonly ledger: Ledger;
  readonly store: EventStore;
  readonly directory: Directory;
  readonly catalog: Catalog;
  readonly inventory: Inventory;
  readonly splits: Splits;
  readonly rpcOf: (network: string) => Pick<RpcClient, 'pinned' | 'endpointCount' | 'network'>;
  readonly alpaca: AlpacaClient;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes these operations due now, as the engine's `wake` does. */
  readonly engineWake: (ids: readonly string[]) => void;
  /** Our signers on a network, retired ones too, in lower case. */
  readonly wallets: (network: string) => readonly Address[];
  /** What is to be done with shares that lie in this wallet of ours. */
  readonly standing: (chainId: number, wallet: Address) => Standing;
  /** Begins transfers of shares to another signer of ours. */
  readonly transfers: TransferOpener;
  readonly desk: Pick<TransactionDesk, 'cancel' | 'forgotten' | 'isQuarantined'>;
}

export interface RedemptionFeature {
  readonly consumer: LogConsumer;
  readonly worker: Worker;
  readonly lane: LaneFeature;
  /** What operators can do to redemptions. */
  actions(desk: TransactionDesk, refunds: RefundOpener): OperationActions;
  /** What refunds ask of their redemptions. */
  readonly refundBook: RefundedBook;
  /** What transfers between our signers ask of redemptions. */
  readonly forwardBook: ForwardedBook;
  /** Has the shares handed over that redemptions have with `from` on a vault, as far as they need not stay. */
  handOver(
    place: { readonly chainId: number; readonly vault: Address },
    from: Address,
    to: Address,
    moveId: string | null,
  ): ReturnType<typeof handOverAll>;
  /** A wallet was linked: what waits for its owner goes on. */
  walletLinked(wallet: Address): Promise<void>;
  /** Shares of a vault that must lie in our wallets, in 10⁻¹⁸. */
  owedShares(chainId: number, vault: Address): Promise<bigint>;
  /** Stops listening to the store. */
  close(): void;
}

/** Creates the redemption feature. */
export function createRedemption(options: RedemptionOptions): RedemptionFeature {
  const { store, log, engineWake } = options;
  const { rpcOf, wallets, catalog } = options;
  const receiptOf = async (chainId: number, vault: Address): Promise<Address | null> =>
    (await catalog.vault(chainId, vault))?.receipt ?? null;
  const readFresh = createReadFresh({ store, rpcOf, wallets, receiptOf });
  const receipts = watchReceipts({ store, log, wake: engineWake });
  return {
    consumer: createRedemptionConsumer(options),
    worker: createRedemptionWorker(options),
    lane: createRedemptionLane(options),
    actions: (desk, refunds) =>
      createRedemptionActions({ ...options, readFresh, desk, refunds, work: (id) => readWork(store, id) }),
    refundBook: createRefundBook(options),
    forwardBook: createForwardBook(options),
    handOver: (...what) => handOverAll(options, ...what),
    async walletLinked(wallet) {
      await wakeRedemptions(options, 'wallet_unknown', wallet);
    },
    owedShares: (chainId, vault) => owedShares(store, chainId, vault),
    close: () => {
      receipts.close();
    },
  };
}
