import type { Timers } from '../../ports/ports.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { createAlpacaMetrics } from './alpaca-metrics.ts';
import { createChainMetrics } from './chain-metrics.ts';
import { createCustodianMetrics } from './custodian-metrics.ts';
import { createCustodyMetrics } from './custody-metrics.ts';
import { createEngineMetrics } from './engine-metrics.ts';
import { createHttpMetrics } from './http-metrics.ts';
import { createInventoryMetrics } from './inventory-metrics.ts';
import { createLaneMetrics } from './lane-metrics.ts';
import { createOperationMetrics } from './operation-metrics.ts';
import { createStoreMetrics } from './store-metrics.ts';

/** Every figure of the service, by what it is about; each part is told of its own. */
export type ServiceMetrics = ReturnType<typeof createServiceMetrics>;

export function createServiceMetrics(metrics: Metrics, timers: Pick<Timers, 'monotonicMs'>) {
  const build = metrics.gauge({
    name: 'issuer_build_info',
    help: 'Always 1; the version of the service and of Node.',
    labels: ['version', 'node'],
  });
  const lines = metrics.counter({
    name: 'issuer_log_lines_total',
    help: 'Lines of the log that ask for attention, by level: warn and error.',
    labels: ['level'],
  });
  for (const level of ['warn', 'error']) lines.add([level], 0);
  const spans = metrics.counter({
    name: 'issuer_trace_spans_total',
    help: 'Spans that were sent to the collector, or lost since it did not take them.',
    labels: ['outcome'],
  });
  return {
    build,
    spans,
    lines,
    operations: createOperationMetrics(metrics),
    lanes: createLaneMetrics(metrics),
    chains: createChainMetrics(metrics, timers),
    alpaca: createAlpacaMetrics(metrics),
    engine: createEngineMetrics(metrics),
    store: createStoreMetrics(metrics),
    http: createHttpMetrics(metrics),
    custody: createCustodyMetrics(metrics),
    custodians: createCustodianMetrics(metrics, timers),
    inventory: createInventoryMetrics(metrics),
  };
}
