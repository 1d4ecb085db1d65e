import packageJson from '../../package.json' with { type: 'json' };
import type { Timers } from '../ports/ports.ts';
import type { Log } from '../telemetry/log.ts';
import type { Prometheus } from '../telemetry/prometheus.ts';
import { createPrometheus } from '../telemetry/prometheus.ts';
import type { Tracer } from '../telemetry/trace.ts';
import { noTracer } from '../telemetry/trace.ts';
import type { ServiceMetrics } from './metrics/service-metrics.ts';
import { createServiceMetrics } from './metrics/service-metrics.ts';

/** What the service tells of itself besides its log. */
export interface Telemetry {
  readonly prometheus: Prometheus;
  readonly metrics: ServiceMetrics;
  readonly tracer: Tracer;
}

/** Creates the figures of a service; it has no traces unless another tracer is put in its place. */
export function createTelemetry(options: {
  readonly timers: Pick<Timers, 'monotonicMs'>;
  readonly log: Log;
}): Telemetry {
  const prometheus = createPrometheus(options);
  const metrics = createServiceMetrics(prometheus, options.timers);
  metrics.build.set([packageJson.version, process.version], 1);
  return { prometheus, metrics, tracer: noTracer };
}
