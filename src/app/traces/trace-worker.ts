import type { Worker, WorkRow } from '../../engine/work.ts';
import { isUuid } from '../../primitives/uuid.ts';
import type { TracePoint, Tracer } from '../../telemetry/trace.ts';
import { tracePointOf } from '../../telemetry/trace-points.ts';
import { transactionPoint } from './trace-commits.ts';

/**
 * The same worker, each of whose steps is a span: of the operation's or the transaction's own trace, else of a trace of
 * its own that is dropped when the step found nothing to do.
 */
export function traceWorker(tracer: Tracer, worker: Worker): Worker {
  if (!tracer.isOn) return worker;
  return {
    ...worker,
    step: (row) => {
      const parent = traceOf(row);
      const attributes = {
        'issuer.work': row.id,
        'issuer.kind': row.kind,
        'issuer.phase': row.phase,
        'issuer.network': row.network,
        'issuer.attempts': row.attempts,
      };
      const name = `step ${row.kind} ${row.phase}`;
      return tracer.run({ name, parent, attributes, unlessQuiet: parent === null }, async (span) => {
        const result = await worker.step(row);
        span.set({ 'issuer.outcome': result.kind });
        if (result.kind === 'failed') span.fail(`${result.error.code}: ${result.error.message}`);
        return result;
      });
    },
  };
}

/** Null for what has no end: lanes, watchers, the inventory. */
function traceOf(row: WorkRow): TracePoint | null {
  if (isUuid(row.id)) return tracePointOf(row.id);
  return row.kind === 'transaction' ? transactionPoint(row.id) : null;
}
