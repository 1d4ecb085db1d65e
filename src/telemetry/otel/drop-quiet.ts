import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';

/** Traces of polls, whose spans wait for the end of the first one: most polls find nothing, and nobody wants them. */
export interface DropQuiet extends SpanProcessor {
  /** The trace that begins with this span is dropped at its end, unless it is kept. */
  hold(traceId: string, firstSpanId: string): void;
  keep(traceId: string): void;
}

/** Steps that run at once are bounded, and so are their traces; past it they are simply passed on. */
const MOST_HELD = 1_000;

interface Held {
  readonly firstSpanId: string;
  readonly spans: ReadableSpan[];
  kept: boolean;
}

/** Passes ended spans on to `next`, those of held traces once it is known whether they are kept. */
export function createDropQuiet(next: SpanProcessor): DropQuiet {
  const held = new Map<string, Held>();
  return {
    hold(traceId, firstSpanId) {
      if (held.size < MOST_HELD) held.set(traceId, { firstSpanId, spans: [], kept: false });
    },
    keep(traceId) {
      const trace = held.get(traceId);
      if (trace !== undefined) trace.kept = true;
    },
    onStart(span, context) {
      next.onStart(span, context);
    },
    onEnd(span) {
      const { traceId, spanId } = span.spanContext();
      const trace = held.get(traceId);
      if (trace === undefined) {
        next.onEnd(span);
        return;
      }
      trace.spans.push(span);
      if (spanId !== trace.firstSpanId) return;
      held.delete(traceId);
      if (trace.kept) for (const it of trace.spans) next.onEnd(it);
    },
    forceFlush: () => next.forceFlush(),
    shutdown: () => next.shutdown(),
  };
}
