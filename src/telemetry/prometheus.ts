import type { LabelValues } from 'prom-client';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Timers } from '../ports/ports.ts';
import type { Log } from './log.ts';
import type { MetricDefinition, Metrics } from './metrics.ts';
import { createSeries } from './series.ts';

/** What one metric is, for documents and their tests. */
export interface MetricDescription {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

export interface Prometheus extends Metrics {
  /** All metrics in Prometheus' text format. Calls that come while one is under way share its answer. */
  render(): Promise<string>;
  readonly contentType: string;
  /** Adds memory, event loop, garbage collection and the like of this process. Once per process. */
  addProcessMetrics(): void;
  describe(): readonly MetricDescription[];
}

/** Creates an empty set of metrics, on prom-client. */
export function createPrometheus(options: {
  readonly timers: Pick<Timers, 'monotonicMs'>;
  readonly log: Pick<Log, 'warn' | 'debug'>;
}): Prometheus {
  const { timers, log } = options;
  const registry = new Registry();
  const collectors: (() => Promise<void>)[] = [];
  let running: Promise<string> | null = null;
  let isFailing = false;

  const of = ({ name, help, labels = [] }: MetricDefinition) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  });

  const counter: Metrics['counter'] = (definition) => {
    const metric = new Counter(of(definition));
    const series = createSeries(definition, (labels: LabelValues<string>) => metric.labels(labels));
    return {
      add(labels, value = 1) {
        series.of(labels).inc(value);
      },
    };
  };

  const gauge: Metrics['gauge'] = (definition) => {
    const metric = new Gauge(of(definition));
    const series = createSeries(definition, (labels: LabelValues<string>) => metric.labels(labels));
    return {
      set(labels, value) {
        series.of(labels).set(value);
      },
      clear() {
        metric.reset();
        series.forget();
      },
    };
  };

  const histogram: Metrics['histogram'] = (definition) => {
    const metric = new Histogram({ ...of(definition), buckets: [...definition.buckets] });
    const series = createSeries(definition, (labels: LabelValues<string>) => metric.labels(labels));
    return {
      observe(labels, value) {
        series.of(labels).observe(value);
      },
    };
  };

  const duration = gauge({
    name: 'issuer_scrape_duration_seconds',
    help: 'How long the figures of the last answer took to collect.',
  });
  const errors = counter({
    name: 'issuer_scrape_errors_total',
    help: 'Groups of figures that could not be collected, and are missing or old in an answer.',
  });
  errors.add([], 0);

  const collect = async (task: () => Promise<void>): Promise<boolean> => {
    try {
      await task();
      return true;
    } catch (error) {
      errors.add([]);
      const fields = { err: error };
      if (isFailing) log.debug(fields, 'figures could not be collected');
      else log.warn(fields, 'figures could not be collected; /metrics lacks them');
      return false;
    }
  };

  const scrape = async (): Promise<string> => {
    const startedMs = timers.monotonicMs();
    let all = true;
    for (const collector of collectors) all = (await collect(collector)) && all;
    isFailing = !all;
    duration.set([], (timers.monotonicMs() - startedMs) / 1000);
    return registry.metrics();
  };

  return {
    counter,
    gauge,
    histogram,
    onScrape(task) {
      collectors.push(task);
    },
    render() {
      running ??= scrape().finally(() => {
        running = null;
      });
      return running;
    },
    contentType: registry.contentType,
    addProcessMetrics() {
      collectDefaultMetrics({ register: registry });
    },
    describe: () => registry.getMetricsAsArray().map((metric) => describe(metric as unknown as Described)),
  };
}

interface Described {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

function describe({ name, type, help, labelNames }: Described): MetricDescription {
  return { name, type, help, labels: labelNames };
}
