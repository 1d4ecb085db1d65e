/**
 * Traces, as whoever does something sees them: free of any library. While tracing is off `noTracer` stands in, which
 * does the work and nothing else.
 */

/** Where a span stands: 32 and 16 lower-case hex digits. */
export interface TracePoint {
  readonly traceId: string;
  readonly spanId: string;
  /** Whether whoever began the trace records it; where absent, our own settings decide. */
  readonly sampled?: boolean;
}

export type Attributes = Readonly<Record<string, string | number | boolean | null>>;

export interface SpanOptions {
  readonly name: string;
  readonly kind?: 'internal' | 'server' | 'client';
  /** Null begins a trace of its own; where absent, the span in which this happens. */
  readonly parent?: TracePoint | null;
  readonly attributes?: Attributes;
  readonly links?: readonly TracePoint[];
  /** A poll: the whole trace is dropped at its end, unless something in it failed or asked to keep it. */
  readonly unlessQuiet?: boolean;
}

/** Something that happened already, or that has a place of its own. */
export interface PastSpan extends Omit<SpanOptions, 'unlessQuiet'> {
  /** Its place; a new one where absent. */
  readonly at?: TracePoint;
  /** Ms since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
}

export interface Span {
  readonly point: TracePoint;
  set(attributes: Attributes): void;
  /** Says that the span and that place belong together. */
  link(to: TracePoint): void;
  /** Something worth seeing happened: the trace is kept. */
  keep(): void;
  fail(why: string): void;
  end(): void;
}

export interface Tracer {
  /** False while nothing is recorded: then nobody need prepare anything for it. */
  readonly isOn: boolean;
  start(options: SpanOptions): Span;
  /** Does work within a span, so that what it begins has that span as its parent. */
  within<T>(span: Span, work: () => T): T;
  /** The same in a span that ends with the work; an error of it is the span's. */
  run<T>(options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>;
  /** The span in which this happens; null outside of any, and when it has ended. */
  current(): Span | null;
  record(span: PastSpan): void;
}

const noSpan: Span = {
  point: { traceId: '0'.repeat(32), spanId: '0'.repeat(16) },
  set() {},
  link() {},
  keep() {},
  fail() {},
  end() {},
};

export const noTracer: Tracer = {
  isOn: false,
  start: () => noSpan,
  within: (_span, work) => work(),
  run: (_options, work) => work(noSpan),
  current: () => null,
  record() {},
};
