import type { ChangedStream, CommitReport } from '../../event-store/ledger.ts';
import type { OperationChange } from '../../operation/operation-change.ts';
import { operationChanges } from '../../operation/operation-change.ts';
import type { Attributes, TracePoint, Tracer } from '../../telemetry/trace.ts';
import { tracePointOf } from '../../telemetry/trace-points.ts';
import { transactionKind, TRANSACTION_TABLE } from '../../transaction/transaction-kind.ts';
import type { TransactionEvent } from '../../transaction/transaction-state.ts';

/** First span of the trace of a transaction: of one nonce, with all that is ever signed for it. */
export function transactionPoint(id: string): TracePoint {
  return tracePointOf(`${transactionKind.category}/${id}`);
}

/**
 * Writes the life of operations and transactions into their traces: a first span when they begin, then one for every
 * state that they leave, as long as it lasted. Each links to what brought it about (a request, a poll, a transaction),
 * and the span in which the commit was made links to them.
 */
export function traceCommits(tracer: Tracer): (report: CommitReport) => void {
  return (report) => {
    const cause = tracer.current();
    const transactions = report.changes
      .filter((it) => it.category === transactionKind.category)
      .map((change) => ({ change, point: transactionPoint(change.id) }));
    const operations = operationChanges(report).map((change) => ({ change, point: tracePointOf(change.id) }));
    const causes = cause === null ? [] : [cause.point];
    for (const { change, point } of operations) {
      recordOperation(tracer, change, point, [...transactions.map((it) => it.point), ...causes]);
    }
    for (const { change, point } of transactions) recordTransaction(tracer, change, point, causes);
    if (cause === null) return;
    cause.keep();
    for (const { point } of [...operations, ...transactions]) {
      if (point.traceId !== cause.point.traceId) cause.link(point);
    }
  };
}

function recordOperation(
  tracer: Tracer,
  change: OperationChange,
  point: TracePoint,
  causes: readonly TracePoint[],
): void {
  const { id, kind, from, to, row, facts, ended } = change;
  const links = causes.filter((it) => it.traceId !== point.traceId);
  const attributes: Attributes = {
    'issuer.operation': id,
    'issuer.network': textOf(row['network']),
    'issuer.underlying': textOf(row['underlying']),
    'issuer.transaction_hash': textOf(row['tx_hash']),
  };
  const { updatedMs, createdMs } = facts;
  if (from === null) {
    const times = { startMs: createdMs, endMs: createdMs };
    tracer.record({ name: kind, at: point, parent: null, links, attributes, ...times });
  } else if (from !== to) {
    const left = {
      ...attributes,
      'issuer.state': from,
      'issuer.next_state': to,
      'issuer.reason': textOf(row['reason']),
    };
    const startMs = updatedMs - (change.inStateMs ?? 0);
    const name = `${kind} ${from}`;
    tracer.record({ name, parent: point, links, attributes: left, startMs, endMs: updatedMs });
  }
  if (ended && from !== to) {
    const times = { startMs: updatedMs, endMs: updatedMs };
    tracer.record({ name: `${kind} ${to}`, parent: point, attributes, ...times });
  }
}

function recordTransaction(
  tracer: Tracer,
  { id, events, facts, factsBefore, before, after }: ChangedStream,
  point: TracePoint,
  causes: readonly TracePoint[],
): void {
  const row = after.find((it) => it.table === TRANSACTION_TABLE.name)?.row ?? {};
  const phaseBefore = textOf(before.find((it) => it.table === TRANSACTION_TABLE.name)?.row['phase']);
  const attributes: Attributes = {
    'issuer.transaction': id,
    'issuer.network': textOf(row['network']),
    'issuer.transaction_hash': textOf(row['hash']),
    'issuer.outcome': textOf(row['outcome']),
  };
  const links = causes.filter((it) => it.traceId !== point.traceId);
  if (factsBefore === null) {
    const named = operationsOf(events as readonly TransactionEvent[]).map(tracePointOf);
    const times = { startMs: facts.createdMs, endMs: facts.createdMs };
    const all = [...named, ...links];
    tracer.record({ name: 'transaction', at: point, parent: null, links: all, attributes, ...times });
    return;
  }
  const phase = textOf(row['phase']);
  if (phaseBefore === phase) return;
  const times = { startMs: factsBefore.sinceMs, endMs: facts.updatedMs };
  const left = { ...attributes, 'issuer.next_state': phase };
  tracer.record({
    name: `transaction ${phaseBefore ?? ''}`,
    parent: point,
    links,
    attributes: left,
    ...times,
  });
}

function operationsOf(events: readonly TransactionEvent[]): readonly string[] {
  return events.flatMap((it) =>
    it.type === 'TransactionSigned' ? it.data.operations.map(({ id }) => id) : [],
  );
}

function textOf(cell: unknown): string | null {
  return typeof cell === 'string' ? cell : null;
}
