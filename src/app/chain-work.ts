import type { Hints } from '../chain/hints.ts';
import type { Watcher } from '../chain/watcher/create-watcher.ts';
import { createWatchWorker } from '../chain/watcher/watch-worker.ts';
import type { Worker } from '../engine/work.ts';
import { createReceiptConsumer } from '../receipt/receipt-consumer.ts';
import type { Reconciliation } from '../receipt/reconciliation.ts';
import { createReconciliation } from '../receipt/reconciliation.ts';
import type { Custodian } from '../signer/custodian.ts';
import type { Signer } from '../signer/signer.ts';
import { createFoundConsumer } from '../transaction/found-consumer.ts';
import type { TransactionDesk } from '../transaction/desk.ts';
import { createTransactionDesk } from '../transaction/desk.ts';
import type { Lanes } from '../transaction/lanes.ts';
import { createLanes } from '../transaction/lanes.ts';
import type { Moves } from '../custody/move/create-moves.ts';
import { createNetworkMoves } from './custody/network-moves.ts';
import type { Features } from './features.ts';
import {
  createNetworkHints,
  createNetworkWatcher,
  inventoryNetworkOf,
  laneNetworkOf,
} from './network-parts.ts';
import { createHintTaker, createOpenWork } from './open-work.ts';
import type { SharedParts } from './shared-parts.ts';

/** What works on the chains: watchers with their hints, lanes, reconciliation. */
export interface ChainWork {
  readonly watchers: readonly Watcher[];
  readonly hints: readonly Hints[];
  readonly lanes: Lanes;
  readonly desk: TransactionDesk;
  readonly reconciliation: Reconciliation;
  /** Moves from one signer to another. */
  readonly moves: Moves;
  readonly workers: readonly Worker[];
  /** The vaults that are watched have changed. */
  vaultsChanged(): void;
  /** Stops listening to the store; for after the engine has stopped. */
  close(): void;
}

export async function createChainWork(
  shared: SharedParts,
  features: Pick<
    Features,
    'assets' | 'mint' | 'redemption' | 'refund' | 'transfers' | 'inventory' | 'splits'
  >,
  how: { readonly signers: readonly (Signer | Custodian)[]; readonly restored: boolean },
): Promise<ChainWork> {
  const { ports, log, store, ledger, wallets, networks, wake } = shared;
  const { metrics } = shared.telemetry;
  const { clock, random, timers } = ports;
  const { assets, mint, redemption, refund, transfers } = features;
  const watcherOf = (network: string): Watcher | undefined => watchers.find((it) => it.network === network);
  const hintWatcher = (network: string): void => watcherOf(network)?.hint();
  const openWork = await createOpenWork(store, timers, hintWatcher);
  const { activity } = openWork;
  const consumers = [
    redemption.consumer,
    createReceiptConsumer({ ledger, wallets: wallets.of }),
    createFoundConsumer({ store, ledger }),
  ];
  const isHinted = (network: string): boolean => hints.some((it) => it.network === network && it.isAlive());
  const watchers = networks.map((it) => {
    const own = () => wallets.of(it.config.network);
    return createNetworkWatcher(it, {
      ledger,
      store,
      log,
      timers,
      wallets: own,
      consumers,
      activity,
      isHinted,
      wake,
    });
  });
  const takeHint = createHintTaker({ openWork, wake, hintWatcher, log });
  const onHint = (network: string): void => {
    metrics.chains.onHint(network);
    takeHint(network);
  };
  const hints = networks.flatMap((it) => {
    const own = () => wallets.of(it.config.network);
    return createNetworkHints(it, { ...ports, log, wallets: own, activity, onHint }) ?? [];
  });
  const reconciliation = createReconciliation({
    ledger,
    store,
    log,
    timers,
    networks: networks.map((it) => inventoryNetworkOf(it, () => wallets.of(it.config.network))),
    // While tokens may be on their way back, what is owed and what is there are not of one moment.
    owedShares: async (chainId, vault) =>
      (await refund.isUnderWay(chainId, vault)) ? null : redemption.owedShares(chainId, vault),
    wake,
  });
  const laneNetworks = networks.flatMap((it) => how.signers.map((signer) => laneNetworkOf(it, signer)));
  const lanes = createLanes({
    ledger,
    store,
    clock,
    timers,
    random,
    log,
    meter: metrics.lanes.meter,
    features: [mint.lane, redemption.lane, refund.lane, transfers.lane],
    networks: laneNetworks,
    restored: how.restored,
    scannedTo: async (network, vault) => (await watcherOf(network)?.scannedToFinal(vault)) ?? null,
    isWatchedVault: async (network, address) =>
      (await assets.vaults(network)).some((it) => it.vault === address),
    engineWake: wake,
  });
  const moves = createNetworkMoves(shared, features, {
    lanes,
    reconciliation,
    signers: how.signers,
  });
  return {
    watchers,
    hints,
    lanes,
    moves,
    desk: createTransactionDesk({ ledger, store, lanes, networks: laneNetworks, wake }),
    reconciliation,
    workers: [createWatchWorker(watchers), reconciliation.worker, moves.worker, ...lanes.workers],
    vaultsChanged() {
      for (const watcher of watchers) watcher.hint();
      for (const it of hints) it.vaultsChanged();
      reconciliation.hint();
    },
    close() {
      lanes.close();
      reconciliation.close();
      openWork.stop();
    },
  };
}
