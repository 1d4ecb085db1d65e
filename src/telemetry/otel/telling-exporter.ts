import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Log } from '../log.ts';
import type { Counter } from '../metrics.ts';

/** The result code of an export that succeeded (`ExportResultCode.SUCCESS`). */
const SUCCESS = 0;

/**
 * The same exporter, which counts spans and says once that they do not arrive, and once that they do again: a collector
 * that is gone for hours is no concern of the service.
 */
export function tellOfFailures(
  exporter: SpanExporter,
  { log, spans: counter }: { readonly log: Pick<Log, 'warn' | 'info'>; readonly spans: Counter },
): SpanExporter {
  let isFailing = false;
  return {
    export(spans: ReadableSpan[], done) {
      exporter.export(spans, (result) => {
        const code: number = result.code;
        const failed = code !== SUCCESS;
        counter.add([failed ? 'lost' : 'sent'], spans.length);
        if (failed && !isFailing) {
          const reason = result.error?.message ?? 'no reason was given';
          log.warn({ reason }, 'traces do not reach the collector; nothing else depends on it');
        }
        if (!failed && isFailing) log.info({}, 'traces reach the collector again');
        isFailing = failed;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}
