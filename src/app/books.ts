import type { Config } from '../config/config.ts';
import type { EventStore } from '../event-store/event-store.ts';
import type { OperationCounts } from '../operation/operation-counts.ts';
import { countOperations } from '../operation/operation-counts.ts';
import type { Ports } from '../ports/ports.ts';
import type { InventoryTotals } from '../receipt/inventory-totals.ts';
import type { SupplySums } from './differences/supply-sums.ts';
import { createSupplySums } from './differences/supply-sums.ts';
import { createInventoryTotals } from '../receipt/inventory-totals.ts';
import type { Log } from '../telemetry/log.ts';
import type { CommitWatch } from './commit-watch.ts';
import type { ServiceMetrics } from './metrics/service-metrics.ts';

/** Sums that commits keep up to date, so that a scrape need not add them up. */
export interface Books {
  readonly counts: OperationCounts;
  readonly totals: InventoryTotals;
  readonly sums: SupplySums;
  /** Begins to add up the inventory and the supplies, behind whatever else goes on. */
  start(): void;
  /** The store is about to close: what was not added up stays so. */
  stop(): void;
}

/** Opens the books, and has commits written into them and into the metrics. Before anything commits. */
export async function createBooks({
  config,
  ports,
  log,
  store,
  metrics,
  commits,
}: {
  readonly config: Config;
  readonly ports: Pick<Ports, 'timers'>;
  readonly log: Log;
  readonly store: EventStore;
  readonly metrics: ServiceMetrics;
  readonly commits: CommitWatch;
}): Promise<Books> {
  const { networks } = config;
  const names = new Map(networks.map((it) => [it.chainId, it.network]));
  const counts = await countOperations(store);
  const totals = createInventoryTotals({
    store,
    timers: ports.timers,
    chainIds: networks.map((it) => it.chainId),
  });
  const sums = createSupplySums({ store, timers: ports.timers });
  commits.add(counts.onCommitted);
  commits.add(sums.onCommitted);
  commits.add(totals.onCommitted);
  commits.add(metrics.operations.onCommitted);
  commits.add(metrics.lanes.onCommitted);
  commits.add(metrics.custodians.onCommitted);
  commits.add((report) => {
    metrics.inventory.onCommitted(report, (chainId) => names.get(chainId) ?? String(chainId));
  });
  let stopped = false;
  const fill = async (): Promise<void> => {
    try {
      await totals.fill();
      await sums.fill();
    } catch (error) {
      if (!stopped)
        log.warn(
          { err: error },
          'the inventory and the supplies could not be added up; their figures are missing',
        );
    }
  };
  return {
    counts,
    totals,
    sums,
    start() {
      void fill();
    },
    stop() {
      stopped = true;
    },
  };
}
