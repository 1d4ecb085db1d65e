import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Ports } from '../../ports/ports.ts';
import { uuidV4 } from '../../primitives/uuid.ts';
import type { Log } from '../log.ts';
import { createRedaction } from '../log.ts';
import type { Counter } from '../metrics.ts';
import type { Tracer } from '../trace.ts';
import { createTracer } from './create-tracer.ts';
import { createDropQuiet } from './drop-quiet.ts';
import { createIds } from './ids.ts';
import type { Sampling } from './sampler.ts';
import { createSamplers } from './sampler.ts';
import { tellOfFailures } from './telling-exporter.ts';

/** A batch of 500 mints links to each of them. */
const MOST_LINKS = 512;

export interface TracingOptions {
  /** Where spans go, path included. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceVersion: string;
  readonly sampling: Sampling;
  readonly secrets: readonly string[];
  readonly ports: Pick<Ports, 'clock' | 'timers' | 'random'>;
  readonly log: Log;
  /** Counts spans as `sent` or `lost`. */
  readonly spans: Counter;
}

export interface Tracing {
  readonly tracer: Tracer;
  /** Sends what was not sent yet, as far as the collector takes it. Never rejects. */
  stop(): Promise<void>;
}

/**
 * Starts to send spans by OTLP over HTTP, in JSON. What the exporter itself knows of the environment (time limit,
 * compression, certificates, attributes of the resource) it reads there. Only this file and its neighbours load
 * OpenTelemetry's SDK, and nobody loads them while tracing is off.
 */
export function startTracing(options: TracingOptions): Tracing {
  const { url, headers, serviceVersion, ports, log } = options;
  const exporter = tellOfFailures(new OTLPTraceExporter({ url, headers: { ...headers } }), options);
  const quiet = createDropQuiet(new BatchSpanProcessor({ exporter, ...batchSettings(process.env) }));
  const ids = createIds(ports.random);
  const { root, all } = createSamplers(options.sampling);
  const resource = defaultResource()
    .merge(
      resourceFromAttributes({
        'service.name': 'issuance',
        'service.version': serviceVersion,
        'service.instance.id': uuidV4(ports.random.bytes(16)),
      }),
    )
    // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.
    .merge(detectResources({ detectors: [envDetector] }));
  const provider = new TracerProvider({
    resource,
    sampler: all,
    idGenerator: ids,
    spanLimits: { linkCountLimit: MOST_LINKS },
    spanProcessors: [quiet],
  });
  const tracer = createTracer({
    tracer: provider.getTracer('issuance', serviceVersion),
    ids,
    quiet,
    sampler: root,
    redact: createRedaction(options.secrets),
    ...ports,
  });
  return {
    tracer,
    async stop() {
      try {
        await provider.shutdown();
      } catch (error) {
        log.debug({ err: error }, 'the last traces were not taken by the collector');
      }
    },
  };
}

/** The standard variables of the batch processor; what is absent or no number stays at the SDK's default. */
function batchSettings(env: NodeJS.ProcessEnv): Record<string, number> {
  const names = {
    scheduledDelayMillis: 'OTEL_BSP_SCHEDULE_DELAY',
    exportTimeoutMillis: 'OTEL_BSP_EXPORT_TIMEOUT',
    maxQueueSize: 'OTEL_BSP_MAX_QUEUE_SIZE',
    maxExportBatchSize: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
  };
  const read = Object.entries(names).map(([option, name]) => [option, Number(env[name] ?? '')] as const);
  return Object.fromEntries(read.filter(([, value]) => Number.isSafeInteger(value) && value > 0));
}
