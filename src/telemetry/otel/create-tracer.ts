import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context, Span as OtelSpan, SpanContext, Tracer as OtelTracer } from '@opentelemetry/api';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import type { Sampler } from '@opentelemetry/sdk-trace';
import { SamplingDecision } from '@opentelemetry/sdk-trace';
import type { Clock, Timers } from '../../ports/ports.ts';
import type { Attributes, Span, SpanOptions, TracePoint, Tracer } from '../trace.ts';
import type { DropQuiet } from './drop-quiet.ts';
import type { Ids } from './ids.ts';

/** A text of a partner is cut here; it is for people. */
const LONGEST_TEXT = 1_000;

const KINDS = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT } as const;

export interface TracerParts {
  readonly tracer: OtelTracer;
  readonly ids: Ids;
  readonly quiet: DropQuiet;
  /** Decides on traces that begin with us. */
  readonly sampler: Sampler;
  /** Blots secrets out of a text. */
  readonly redact: (text: string) => string;
  readonly clock: Clock;
  readonly timers: Pick<Timers, 'monotonicMs'>;
}

/** The tracer of a process, over OpenTelemetry's. Registers nothing globally. */
export function createTracer(parts: TracerParts): Tracer {
  const { tracer, ids, quiet, clock, timers } = parts;
  const present = new AsyncLocalStorage<LiveSpan>();
  const clean = createCleaner(parts.redact);
  const contextOf = createContexts(parts.sampler);

  const current = (): LiveSpan | null => {
    const span = present.getStore();
    return span === undefined || span.hasEnded() ? null : span;
  };

  const begin = (options: SpanOptions, startMs: number, at?: TracePoint): OtelSpan => {
    const { parent, kind = 'internal', attributes = {}, links = [] } = options;
    const own = parent === undefined ? current()?.context() : parent === null ? undefined : contextOf(parent);
    return ids.using(at, () =>
      tracer.startSpan(
        clean.text(options.name),
        {
          kind: KINDS[kind],
          startTime: toTime(startMs),
          attributes: clean.attributes(attributes),
          links: links.map((it) => ({ context: toSpanContext(it) })),
        },
        own ?? ROOT_CONTEXT,
      ),
    );
  };

  const start = (options: SpanOptions): LiveSpan => {
    const startMs = clock.nowMs();
    const startedMs = timers.monotonicMs();
    const span = begin(options, startMs);
    const { traceId, spanId } = span.spanContext();
    if (options.unlessQuiet === true && span.isRecording()) quiet.hold(traceId, spanId);
    // Not the clock's own end: it may have been set back meanwhile.
    return createSpan({ span, clean, quiet, endMs: () => startMs + timers.monotonicMs() - startedMs });
  };

  return {
    isOn: true,
    start,
    within: (span, work) => present.run(span as LiveSpan, work),
    async run(options, work) {
      const span = start(options);
      try {
        return await present.run(span, () => work(span));
      } catch (error) {
        span.fail(error instanceof Error ? error.message : String(error));
        throw error;
      } finally {
        span.end();
      }
    },
    current,
    record({ at, startMs, endMs, ...options }) {
      begin(options, startMs, at).end(toTime(Math.max(startMs, endMs)));
    },
  };
}

interface LiveSpan extends Span {
  hasEnded(): boolean;
  context(): Context;
}

function createSpan({
  span,
  clean,
  quiet,
  endMs,
}: {
  readonly span: OtelSpan;
  readonly clean: ReturnType<typeof createCleaner>;
  readonly quiet: DropQuiet;
  readonly endMs: () => number;
}): LiveSpan {
  const { traceId, spanId, traceFlags } = span.spanContext();
  let ended = false;
  return {
    point: { traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 },
    set(attributes) {
      span.setAttributes(clean.attributes(attributes));
    },
    link(to) {
      span.addLink({ context: toSpanContext(to) });
    },
    keep() {
      quiet.keep(traceId);
    },
    fail(why) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: clean.text(why) });
      quiet.keep(traceId);
    },
    end() {
      if (ended) return;
      ended = true;
      span.end(toTime(endMs()));
    },
    hasEnded: () => ended,
    context: () => trace.setSpan(ROOT_CONTEXT, span),
  };
}

/** Seconds and nanoseconds: a bare number that is small would be taken for one since the start of the process. */
function toTime(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}

function toSpanContext({ traceId, spanId, sampled }: TracePoint): SpanContext {
  return { traceId, spanId, traceFlags: sampled === false ? TraceFlags.NONE : TraceFlags.SAMPLED };
}

/** The context below a place. Whether its trace is recorded is decided from its id, everywhere alike. */
function createContexts(sampler: Sampler): (parent: TracePoint) => Context {
  return (parent) => {
    const decide = (): boolean =>
      sampler.shouldSample(ROOT_CONTEXT, parent.traceId, '', SpanKind.INTERNAL, {}, []).decision ===
      SamplingDecision.RECORD_AND_SAMPLED;
    const spanContext = {
      ...toSpanContext({ ...parent, sampled: parent.sampled ?? decide() }),
      isRemote: true,
    };
    return trace.setSpanContext(ROOT_CONTEXT, spanContext);
  };
}

function createCleaner(redact: (text: string) => string) {
  const text = (it: string): string => redact(it).slice(0, LONGEST_TEXT);
  return {
    text,
    /** Without what is null: an absent attribute says it. */
    attributes: (them: Attributes): Record<string, string | number | boolean> =>
      Object.fromEntries(
        Object.entries(them).flatMap(([name, value]) =>
          value === null ? [] : [[name, typeof value === 'string' ? text(value) : value]],
        ),
      ),
  };
}
