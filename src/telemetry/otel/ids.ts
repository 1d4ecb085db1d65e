import type { IdGenerator } from '@opentelemetry/sdk-trace';
import type { Random } from '../../ports/ports.ts';
import type { TracePoint } from '../trace.ts';

/** Ids of spans: random, or those of a place that is known beforehand. */
export interface Ids extends IdGenerator {
  /** Begins a span at this place; at a random one without it. */
  using<T>(at: TracePoint | undefined, begin: () => T): T;
}

export function createIds(random: Pick<Random, 'bytes'>): Ids {
  let place: TracePoint | null = null;
  const hex = (bytes: number): string => {
    const text = Buffer.from(random.bytes(bytes)).toString('hex');
    // All zero means "none" to whoever reads it.
    return /[1-9a-f]/.test(text) ? text : `${text.slice(1)}1`;
  };
  return {
    using(at, begin) {
      place = at ?? null;
      try {
        return begin();
      } finally {
        place = null;
      }
    },
    generateTraceId: () => place?.traceId ?? hex(16),
    generateSpanId: () => place?.spanId ?? hex(8),
  };
}
