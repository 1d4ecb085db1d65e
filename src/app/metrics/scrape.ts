import type { FastifyPluginAsync } from 'fastify';
import { z } from 'zod';
import type { Hints } from '../../chain/hints.ts';
import type { Watcher } from '../../chain/watcher/create-watcher.ts';
import type { Config } from '../../config/config.ts';
import type { Engine } from '../../engine/engine.ts';
import type { EventStore } from '../../event-store/event-store.ts';
import type { OperationCounts } from '../../operation/operation-counts.ts';
import type { Clock } from '../../ports/ports.ts';
import type { InventoryTotals } from '../../receipt/inventory-totals.ts';
import type { Differences } from '../differences/create-differences.ts';
import type { Prometheus } from '../../telemetry/prometheus.ts';
import type { Lanes } from '../../transaction/lanes.ts';
import type { ServiceMetrics } from './service-metrics.ts';

/** What is asked at a scrape. All of it answers from memory or along an index; no node and no partner is asked. */
export interface ScrapeSources {
  readonly config: Config;
  readonly store: EventStore;
  readonly clock: Clock;
  readonly counts: OperationCounts;
  readonly differences: Pick<Differences, 'standing'>;
  readonly totals: InventoryTotals;
  readonly engine: Pick<Engine, 'dependencies'>;
  readonly lanes: Pick<Lanes, 'status'>;
  readonly watchers: readonly Watcher[];
  readonly hints: readonly Hints[];
}

/** Has the figures that are not counted as they happen collected before each answer to a scrape. */
export function collectAtScrape(
  { prometheus, metrics }: { readonly prometheus: Prometheus; readonly metrics: ServiceMetrics },
  sources: ScrapeSources,
): void {
  const { networks, database } = sources.config;
  const path = database.kind === 'file' ? database.path : null;
  prometheus.onScrape(() => metrics.custody.collect(sources.differences));
  prometheus.onScrape(() => metrics.custodians.collect(sources));
  prometheus.onScrape(() => metrics.operations.collect(sources));
  prometheus.onScrape(() => metrics.lanes.collect({ ...sources, networks }));
  prometheus.onScrape(() => metrics.chains.collect({ ...sources, networks }));
  prometheus.onScrape(() => metrics.engine.collect(sources));
  prometheus.onScrape(() => metrics.inventory.collect({ ...sources, networks }));
  prometheus.onScrape(() => metrics.store.collect({ ...sources, path }));
}

/** `GET /metrics`, in the text format of Prometheus. */
export function metricsRoute(prometheus: Prometheus): FastifyPluginAsync {
  return async (app) => {
    const schema = {
      operationId: 'getMetrics',
      tags: ['service'],
      summary: 'Figures for Prometheus',
      description: 'In its text format; docs/metrics.md says what each of them is.',
      response: { 200: { description: 'The figures.', content: { 'text/plain': { schema: z.string() } } } },
    };
    app.get('/metrics', { schema }, async (_request, reply) =>
      reply.header('content-type', prometheus.contentType).send(await prometheus.render()),
    );
  };
}
