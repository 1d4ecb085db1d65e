import { createAssetReads } from '../asset/assets.ts';
import { availabilityVerdict } from '../asset/availability.ts';
import { createEngine } from '../engine/engine.ts';
import type { Engine } from '../engine/engine.ts';
import type { Config } from '../config/config.ts';
import { createInCharge } from '../custody/in-charge.ts';
import { createLedger } from '../event-store/create-ledger.ts';
import type { SqliteStore } from '../event-store/sqlite/open-sqlite-store.ts';
import type { CreateServer, Listen } from '../http/server.ts';
import { createOperationTeller } from '../operation/tell-changes.ts';
import { endsWithin } from '../ports/ends-within.ts';
import type { Ports } from '../ports/ports.ts';
import type { Custodian } from '../signer/custodian.ts';
import type { Signer } from '../signer/signer.ts';
import { invariant } from '../primitives/failures.ts';
import type { TransactionDesk } from '../transaction/desk.ts';
import type { Log } from '../telemetry/log.ts';
import { createBooks } from './books.ts';
import { createChainWork } from './chain-work.ts';
import { addChecks } from './checks/check-kind.ts';
import { createChecks } from './checks/create-checks.ts';
import { createCommitWatch } from './commit-watch.ts';
import { createEdge } from './edge.ts';
import { createFeatures } from './features.ts';
import { createHindrances } from './hindrances.ts';
import { collectAtScrape } from './metrics/scrape.ts';
import { createNetworkParts } from './network-parts.ts';
import { createReadiness } from './readiness.ts';
import { SCHEMA } from './schema.ts';
import type { SharedParts } from './shared-parts.ts';
import type { Telemetry } from './telemetry.ts';
import { traceCommits } from './traces/trace-commits.ts';
import { traceWorker } from './traces/trace-worker.ts';
import { createRegisterTeller } from './tell-registers.ts';
import { createWallets } from './wallets.ts';

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
  readonly telemetry: Telemetry;
  readonly store: SqliteStore;
  readonly signer: Signer | Custodian;
  /** Signers before it whose keys are at hand. */
  readonly retired: readonly (Signer | Custodian)[];
  /** The database came from a backup: no lane signs before it has read from the chain what it forgot. */
  readonly restored: boolean;
  readonly createServer: CreateServer;
  /** Makes the server reachable; resolves with its URL. */
  readonly listen: Listen;
}

/**
 * Longest wait for running steps at a stop: a node or partner that hangs may not hold it up. Whatever they bring later
 * the closed store refuses, and nothing is sent that was not committed before.
 */
const STEPS_END_WITHIN_MS = 10_000;

/** Composes the service from its settings, its ports and an open store. */
export async function createService(options: ServiceOptions): Promise<Service> {
  const { config, ports, log, telemetry, store, signer, retired, createServer, listen } = options;
  const { metrics, tracer } = telemetry;
  // What wakes the engine is made before it, since it needs their workers: bound when it exists.
  let bound: Engine | null = null;
  let boundDesk: TransactionDesk | null = null;
  const assetReads = createAssetReads(store);
  const commits = createCommitWatch(log);
  commits.add(createOperationTeller(log));
  commits.add(createRegisterTeller(log));
  if (tracer.isOn) commits.add(traceCommits(tracer));
  const books = await createBooks({ config, ports, log, store, metrics, commits });
  const ledger = createLedger(store, SCHEMA, commits.onCommitted);
  const signers = [signer, ...retired];
  const keys = new Set(signers.map((it) => it.address));
  const inCharge = createInCharge({ ledger, store, log, signer: signer.address, keys });
  const shared: SharedParts = {
    config,
    ports,
    log,
    telemetry,
    store,
    ledger,
    inCharge,
    signer: signer.address,
    keys,
    wallets: await createWallets(store, [signer.address, ...config.retiredSigners.map((it) => it.address)]),
    networks: config.networks.map((it) =>
      createNetworkParts(it, { ...ports, onRequest: metrics.chains.onRequest(it.network) }, (network) =>
        assetReads.vaults(network),
      ),
    ),
    wake: (ids) => bound?.wake(ids),
    desk() {
      invariant(boundDesk !== null, 'the lanes are made before anything runs');
      return boundDesk;
    },
  };
  const features = createFeatures(shared);
  const { mint, redemption, refund } = features;
  const chainWork = await createChainWork(shared, features, { signers, restored: options.restored });
  const { watchers, hints, lanes } = chainWork;
  boundDesk = chainWork.desk;
  const dependencies = (): ReturnType<Engine['dependencies']> => bound?.dependencies() ?? [];
  const hindrances = createHindrances({ dependencies, lanes, clock: ports.clock });
  const checks = createChecks(shared, features, {
    hindrances,
    sums: books.sums,
    moves: chainWork.moves,
  });
  const workers = [
    checks.worker,
    mint.worker,
    redemption.worker,
    refund.worker,
    features.transfers.worker,
    features.freezeWorker,
    mint.restoreWorker(chainWork.desk),
    ...chainWork.workers,
  ];
  const { count, onStep, onDependency } = metrics.engine;
  const engine = createEngine({
    ...ports,
    store,
    log,
    workers: workers.map((it) => count(traceWorker(tracer, it))),
    onStep,
    onDependency,
  });
  bound = engine;
  collectAtScrape(telemetry, {
    ...books,
    differences: checks.differences,
    config,
    store,
    clock: ports.clock,
    engine,
    lanes,
    watchers,
    hints,
  });
  const readiness = createReadiness({
    store,
    watchers,
    hints,
    lanes,
    engine,
    assets: () => availabilityVerdict(features.assets, features.holds),
  });
  const watchfulness = { readiness, hindrances, dependencies, checks };
  const server = createEdge(shared, features, chainWork, watchfulness, createServer);

  const stop = async (): Promise<void> => {
    readiness.stopping();
    books.stop();
    for (const it of hints) it.stop();
    await server.close();
    if (!(await endsWithin(ports.timers, STEPS_END_WITHIN_MS, engine.stop())))
      log.warn({}, 'stopping with steps under way; the next start goes on with them, as after a crash');
    chainWork.close();
    redemption.close();
    inCharge.close();
    await store.close();
    log.info({}, 'stopped');
  };
  let stopping: Promise<void> | null = null;
  return {
    async start() {
      // First, since the last event of before says how old the database is.
      if (options.restored) await mint.noticeRestore();
      await mint.open();
      await inCharge.open(config.networks);
      await addChecks(shared.ledger);
      await lanes.openAll();
      // The quarantine is in the log by now, so the stamp has done its work.
      if (options.restored) await store.clearBackupStamp();
      // Mints that were ready for the lane of a signer that was replaced since go on with the present one.
      for (const { network, chainId } of config.networks) {
        // A bounded number at a time.
        while ((await mint.moveStranded(network, chainId)) > 0);
      }
      for (const watcher of watchers) await watcher.start();
      const url = await listen(server, { host: config.host, port: config.port });
      engine.start();
      // Whoever asked for a reading of receipts before may have been cut off before it was made due.
      chainWork.reconciliation.hint();
      for (const it of hints) it.start();
      books.start();
      return url;
    },
    stop: () => (stopping ??= stop()),
  };
}
