import type { Address } from 'viem';
import { createAccounts } from '../account/accounts.ts';
import { accountRoutes, connectRoutes } from '../account/routes.ts';
import { createAlpacaClient } from '../alpaca/client.ts';
import { createAssets } from '../asset/assets.ts';
import { assetRoutes, tokenRoutes } from '../asset/routes.ts';
import { createWatchWorker } from '../chain/watcher/watch-worker.ts';
import type { Config } from '../config/config.ts';
import { createEngine } from '../engine/engine.ts';
import type { Engine } from '../engine/engine.ts';
import { anyKind, createLedger } from '../event-store/create-ledger.ts';
import type { SqliteStore } from '../event-store/sqlite/open-sqlite-store.ts';
import { createServer, listen } from '../http/server.ts';
import { createMint } from '../mint/create-mint.ts';
import { mintKind } from '../mint/mint-kind.ts';
import { mintRoutes } from '../mint/routes.ts';
import { createOperations } from '../operation/operations.ts';
import { tellHeld } from '../operation/tell-held.ts';
import { operationRoutes } from '../operation/routes.ts';
import { endsWithin } from '../ports/ends-within.ts';
import type { Ports } from '../ports/ports.ts';
import { invariant } from '../primitives/failures.ts';
import { createInventory } from '../receipt/inventory.ts';
import { createReceiptConsumer } from '../receipt/receipt-consumer.ts';
import { createReconciliation } from '../receipt/reconciliation.ts';
import { createSplits } from '../receipt/splits.ts';
import { createRedemption } from '../redemption/create-redemption.ts';
import { redemptionKind } from '../redemption/redemption-kind.ts';
import type { Signer } from '../signer/signer.ts';
import type { Log } from '../telemetry/log.ts';
import { createFoundConsumer } from '../transaction/found-consumer.ts';
import { laneId } from '../transaction/lane-id.ts';
import { createLanes } from '../transaction/lanes.ts';
import { createCatalog, createDirectory, createReservedAddress } from './directories.ts';
import {
  createNetworkHints,
  createNetworkParts,
  createNetworkWatcher,
  inventoryNetworkOf,
  laneNetworkOf,
} from './network-parts.ts';
import { createHintTaker, createOpenWork } from './open-work.ts';
import { createReadVault } from './read-vault.ts';
import { createReadiness } from './readiness.ts';
import { SCHEMA } from './schema.ts';
import { createWallets } from './wallets.ts';
import { laneRoutes, statusRoutes } from './status-routes.ts';

/** The composed service; nothing of it runs before `start`. */
export interface Service {
  /** Listens and begins to work; resolves with the URL. Listens at once: catching up goes on behind it. */
  start(): Promise<string>;
  /** Refuses new calls, lets running ones and running steps end, and closes the store. May be called more than once. */
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly config: Config;
  readonly ports: Ports;
  readonly log: Log;
  readonly store: SqliteStore;
  readonly signer: Signer;
  /** The database came from a backup: no lane signs before it has read from the chain what it forgot. */
  readonly restored: boolean;
}

/**
 * Longest wait for running steps at a stop: a node or partner that hangs may not hold it up. Whatever they bring later
 * the closed store refuses, and nothing is sent that was not committed before.
 */
const STEPS_END_WITHIN_MS = 10_000;

export async function createService(options: ServiceOptions): Promise<Service> {
  const { config, ports, log, store, signer } = options;
  const { clock, random, timers } = ports;
  const ledger = createLedger(store, SCHEMA);
  const signerAddress: Address = signer.address;
  const wallets = await createWallets(store, signerAddress);

  const networks = config.networks.map((it) => createNetworkParts(it, ports, () => assets));
  const rpcs = new Map(networks.map((it) => [it.config.network, it.rpc]));
  const rpcOf = (network: string) => {
    const rpc = rpcs.get(network);
    invariant(rpc !== undefined, `network ${network} is in use and not configured`);
    return rpc;
  };
  const assets = createAssets({ ledger, store, readVault: createReadVault(rpcs) });
  const accounts = createAccounts({
    ledger,
    store,
    clock,
    random,
    reservedAddress: createReservedAddress(assets, () => wallets.all()),
  });
  const directory = createDirectory(accounts);
  const catalog = createCatalog(assets, new Set(rpcs.keys()));
  const inventory = createInventory({ ledger, store, log });
  const splits = createSplits({ store, rpcOf });
  const { baseUrl, accountId, clientIdField, credentials } = config.alpaca;
  invariant(credentials.kind === 'key', 'the settings were checked for what is built');
  const alpaca = createAlpacaClient({
    baseUrl,
    accountId,
    clientIdField,
    credentials: { key: credentials.key.reveal(), secret: credentials.secret.reveal() },
    http: ports.http,
    clock,
  });
  const mint = createMint({
    ledger,
    store,
    directory,
    catalog,
    clock,
    alpacaAccount: { baseUrl, accountId },
    laneOf: (chainId) => laneId(chainId, signerAddress),
    inventory,
    splits,
    alpaca,
    rpcOf,
    log,
  });
  // What wakes the engine is made before it, since it needs their workers: bound when it exists.
  let engine: Engine | null = null;
  const wake = (ids: readonly string[]): void => engine?.wake(ids);
  const redemption = createRedemption({
    ledger,
    store,
    directory,
    catalog,
    inventory,
    splits,
    rpcOf,
    alpaca,
    clock,
    log,
    engineWake: wake,
    wallets: wallets.of,
    canSign: (_chainId, wallet) => wallet === signerAddress,
  });

  const hintWatcher = (network: string): void => watcherOf(network)?.hint();
  const stopTelling = tellHeld({ store, log });
  const openWork = await createOpenWork(store, timers, hintWatcher);
  const consumers = [
    redemption.consumer,
    createReceiptConsumer({ ledger, wallets: wallets.of }),
    createFoundConsumer({ store, ledger }),
  ];
  const watchers = networks.map((it) =>
    createNetworkWatcher(it, {
      ledger,
      store,
      log,
      timers,
      wallets: () => wallets.of(it.config.network),
      consumers,
      activity: openWork.activity,
      isHinted: (network) => hints.some((it) => it.network === network && it.isAlive()),
      wake,
    }),
  );
  const watcherOf = (network: string) => watchers.find((it) => it.network === network);
  const hints = networks.flatMap((it) => {
    const own = () => wallets.of(it.config.network);
    const onHint = createHintTaker({ openWork, wake, hintWatcher, log });
    const { activity } = openWork;
    return createNetworkHints(it, { ...ports, log, wallets: own, activity, onHint }) ?? [];
  });
  const reconciliation = createReconciliation({
    ledger,
    store,
    log,
    timers,
    networks: networks.map((it) => inventoryNetworkOf(it, () => wallets.of(it.config.network))),
    owedShares: (chainId, vault) => redemption.owedShares(chainId, vault),
    wake,
  });
  const lanes = createLanes({
    ledger,
    store,
    clock,
    timers,
    random,
    log,
    features: [mint.lane, redemption.lane],
    networks: networks.map((it) => laneNetworkOf(it, signer)),
    restored: options.restored,
    scannedTo: async (network, vault) => (await watcherOf(network)?.scannedToFinal(vault)) ?? null,
    isWatchedVault: async (network, address) =>
      (await assets.vaults(network)).some((it) => it.vault === address),
    engineWake: wake,
  });
  const running = createEngine({
    store,
    clock,
    timers,
    random,
    log,
    workers: [
      mint.worker,
      redemption.worker,
      createWatchWorker(watchers),
      reconciliation.worker,
      ...lanes.workers,
    ],
  });
  engine = running;

  const operations = createOperations({
    store,
    ledger,
    kinds: [anyKind(mintKind), anyKind(redemptionKind)],
    clock,
  });
  const readiness = createReadiness({ store, watchers, hints, lanes, engine: running });
  const hintVaults = (): void => {
    for (const watcher of watchers) watcher.hint();
    for (const it of hints) it.vaultsChanged();
    reconciliation.hint();
  };
  const server = createServer({
    log,
    timers,
    random,
    trustedProxies: config.trustedProxies,
    alpaca: {
      ranges: config.alpacaIpRanges,
      keys: config.issuerApiKeys.map((key, at) => ({
        name: at === 0 ? 'alpaca' : `alpaca-${String(at + 1)}`,
        key: key.reveal(),
      })),
    },
    internal: {
      ranges: config.internalIpRanges,
      keys: config.adminApiKeys.map(({ name, key }) => ({ name, key: key.reveal() })),
      forwardedOnlyBy: config.trustedProxies,
    },
    routes: {
      alpaca: [connectRoutes(accounts), tokenRoutes(assets, new Set(rpcs.keys())), mintRoutes(mint)],
      internal: [
        accountRoutes(accounts, (wallet) => redemption.walletLinked(wallet as Address)),
        assetRoutes(assets, hintVaults),
        operationRoutes(operations, store),
        laneRoutes({ lanes, watchers, inventory, reconciliation }),
      ],
      open: [statusRoutes(readiness)],
    },
  });

  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    readiness.stopping();
    for (const it of hints) it.stop();
    await server.close();
    if (!(await endsWithin(timers, STEPS_END_WITHIN_MS, running.stop())))
      log.warn({}, 'stopping with steps under way; the next start goes on with them, as after a crash');
    lanes.close();
    reconciliation.close();
    redemption.close();
    stopTelling();
    openWork.stop();
    await store.close();
    log.info({}, 'stopped');
  };
  return {
    async start() {
      await lanes.openAll();
      // The quarantine is in the log by now, so the stamp has done its work.
      if (options.restored) await store.clearBackupStamp();
      // Mints that were ready for the lane of a signer that was replaced since go on with the present one.
      for (const { config: it } of networks) {
        // A bounded number at a time.
        while ((await mint.moveStranded(it.network, it.chainId)) > 0);
      }
      for (const watcher of watchers) await watcher.start();
      const url = await listen(server, { host: config.host, port: config.port });
      running.start();
      for (const it of hints) it.start();
      return url;
    },
    stop: () => (stopping ??= stop()),
  };
}
