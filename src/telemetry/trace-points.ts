import { isUuid, uuidV5 } from '../primitives/uuid.ts';
import type { TracePoint } from './trace.ts';

/** Namespace of the traces of what has no UUID of its own; random, and fixed for ever. */
const NAMESPACE = '5e0c3d27-9a64-4c0a-8a5b-1d7f4b8c2e90';

/**
 * The first span of what an id stands for. The trace is derived from the id alone, so that every process, also after a
 * restart, adds to the same one: an operation's UUID is its trace id.
 */
export function tracePointOf(id: string): TracePoint {
  const uuid = isUuid(id) ? id.toLowerCase() : uuidV5(NAMESPACE, id);
  const traceId = uuid.replaceAll('-', '');
  // The second half of a UUID begins with its variant, so it is never all zero, which would be no span.
  return { traceId, spanId: traceId.slice(16) };
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Reads a `traceparent` header (W3C Trace Context, level 1); null when it is none. */
export function parseTraceparent(header: string | undefined): TracePoint | null {
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(header ?? '') ?? [];
  if (!/[1-9a-f]/.test(traceId) || !/[1-9a-f]/.test(spanId)) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
