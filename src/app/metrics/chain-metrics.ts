import type { RpcMetric } from '../../chain/rpc/types.ts';
import type { Watcher } from '../../chain/watcher/create-watcher.ts';
import { DEAD_LETTER_TABLE } from '../../chain/watcher/dead-letter.ts';
import type { Hints } from '../../chain/hints.ts';
import type { NetworkConfig } from '../../config/config.ts';
import type { EventStore } from '../../event-store/event-store.ts';
import type { Timers } from '../../ports/ports.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { SECONDS_OF_A_CALL } from '../../telemetry/metrics.ts';
import { MOST_COUNTED } from './operation-metrics.ts';
import { createHourlyCount } from './hourly-count.ts';

interface ChainSources {
  readonly store: Pick<EventStore, 'count'>;
  readonly networks: readonly NetworkConfig[];
  readonly watchers: readonly Pick<Watcher, 'network' | 'status'>[];
  readonly hints: readonly Pick<Hints, 'network' | 'isAlive'>[];
}

/** Nodes, how far their logs were taken in, and hints of new blocks. */
export function createChainMetrics(metrics: Metrics, timers: Pick<Timers, 'monotonicMs'>) {
  const rpc = createRpcMetrics(metrics, timers);
  const scan = createScanGauges(metrics);
  const alive = metrics.gauge({
    name: 'issuer_hints_alive',
    help: '1 while the WebSocket of the network brings hints, 0 while polls do without.',
    labels: ['network'],
  });
  const received = metrics.counter({
    name: 'issuer_hints_received_total',
    help: 'Hints that now is a good moment to look.',
    labels: ['network'],
  });
  return {
    /** For the RPC client of one network. */
    onRequest: rpc.onRequest,
    onHint(network: string): void {
      received.add([network]);
    },
    async collect({ store, networks, watchers, hints }: ChainSources): Promise<void> {
      rpc.collect(networks.map((it) => it.network));
      alive.clear();
      for (const it of hints) alive.set([it.network], it.isAlive() ? 1 : 0);
      scan.clear();
      for (const it of watchers) scan.set(await it.status());
      for (const { network, chainId } of networks) {
        const where = { chain_id: chainId };
        const letters = await store.count({ table: DEAD_LETTER_TABLE.name, where, limit: MOST_COUNTED });
        scan.deadLetters.set([network], letters);
      }
    },
  };
}

function createRpcMetrics(metrics: Metrics, timers: Pick<Timers, 'monotonicMs'>) {
  const requests = metrics.counter({
    name: 'issuer_rpc_requests_total',
    help: 'JSON-RPC requests to nodes. answered_error: the node refused; busy: 429 or 5xx.',
    labels: ['network', 'endpoint', 'method', 'outcome'],
  });
  const duration = metrics.histogram({
    name: 'issuer_rpc_request_duration_seconds',
    help: 'How long nodes took to answer, or to fail.',
    labels: ['network', 'endpoint', 'method'],
    buckets: SECONDS_OF_A_CALL,
  });
  const lastHour = metrics.gauge({
    name: 'issuer_rpc_requests_last_hour',
    help: 'JSON-RPC requests within the last hour: what a provider bills.',
    labels: ['network'],
  });
  const hours = new Map<string, ReturnType<typeof createHourlyCount>>();
  const hourOf = (network: string) => {
    const known = hours.get(network) ?? createHourlyCount(timers);
    hours.set(network, known);
    return known;
  };
  return {
    onRequest: (network: string) => (it: RpcMetric) => {
      const endpoint = String(it.endpoint);
      requests.add([network, endpoint, it.method, it.outcome]);
      duration.observe([network, endpoint, it.method], it.durationMs / 1000);
      hourOf(network).add();
    },
    collect(networks: readonly string[]): void {
      for (const network of networks) lastHour.set([network], hourOf(network).count());
    },
  };
}

function createScanGauges(metrics: Metrics) {
  const gauge = (name: string, help: string) => metrics.gauge({ name, help, labels: ['network'] });
  const head = gauge('issuer_scan_head_block', 'Confirmed head at the last look.');
  const lag = gauge('issuer_scan_lag_blocks', 'Confirmed blocks that the slowest vault was not read for.');
  const finalLag = gauge('issuer_scan_final_lag_blocks', 'The same of the second reading, of final blocks.');
  const vaults = gauge('issuer_scan_lagging_vaults', 'Vaults that catch up on their own.');
  const stopped = gauge('issuer_scan_stopped', '1 while the network is stopped by a deep reorg.');
  const deadLetters = gauge(
    'issuer_scan_dead_letters',
    'Logs of our contracts that could not be read: a person must look.',
  );
  const all = [head, lag, finalLag, vaults, stopped];
  return {
    deadLetters,
    clear(): void {
      for (const it of all) it.clear();
    },
    set(status: Awaited<ReturnType<Watcher['status']>>): void {
      const of = [status.network];
      const { headBlock, scannedBlock, finalBlock } = status;
      stopped.set(of, status.state === 'stopped' ? 1 : 0);
      vaults.set(of, status.lagging);
      if (headBlock === null) return;
      head.set(of, Number(headBlock));
      if (scannedBlock !== null) lag.set(of, behind(headBlock, scannedBlock));
      if (finalBlock !== null) finalLag.set(of, behind(headBlock, finalBlock));
    },
  };
}

function behind(head: bigint, block: bigint): number {
  return head > block ? Number(head - block) : 0;
}
