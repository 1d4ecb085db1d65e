import { WORK_TABLE } from '../../engine/work.ts';
import type { EventStore } from '../../event-store/event-store.ts';
import type { CommitReport } from '../../event-store/ledger.ts';
import { operationChanges } from '../../operation/operation-change.ts';
import type { OperationCounts } from '../../operation/operation-counts.ts';
import { STATE_BOUNDS_MS, stuckCandidates } from '../../operation/stuck.ts';
import type { Clock } from '../../ports/ports.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { SECONDS_OF_A_WAIT } from '../../telemetry/metrics.ts';

/** Rows past a bound that are counted; whoever has more knows enough. */
export const MOST_COUNTED = 10_000;

export interface OperationSources {
  readonly store: Pick<EventStore, 'find' | 'count'>;
  readonly counts: Pick<OperationCounts, 'states'>;
  readonly clock: Clock;
}

/** Mints, redemptions and whatever else is an operation: how many, how old, how fast. */
export function createOperationMetrics(metrics: Metrics) {
  const count = metrics.gauge({
    name: 'issuer_operations',
    help: 'Operations in each state, ended ones included.',
    labels: ['kind', 'state'],
  });
  const oldest = metrics.gauge({
    name: 'issuer_operations_oldest_age_seconds',
    help: 'How long the longest waiting open operation has been in its state.',
    labels: ['kind', 'state'],
  });
  const stuck = metrics.gauge({
    name: 'issuer_operations_stuck',
    help: `Operations past the bound of their state; at most ${String(MOST_COUNTED)} are counted.`,
    labels: ['kind', 'state'],
  });
  const overdue = metrics.counter({
    name: 'issuer_overdue_total',
    help: 'Times that something came to be longer in its state than it should be.',
    labels: ['kind', 'state'],
  });
  const transitions = metrics.counter({
    name: 'issuer_operation_transitions_total',
    help: 'Steps of operations from one state to the next.',
    labels: ['kind', 'from', 'to'],
  });
  const inState = metrics.histogram({
    name: 'issuer_operation_state_duration_seconds',
    help: 'How long operations were in the state that they left.',
    labels: ['kind', 'state'],
    buckets: SECONDS_OF_A_WAIT,
  });
  const inAll = metrics.histogram({
    name: 'issuer_operation_duration_seconds',
    help: 'How long operations took from their beginning to their end.',
    labels: ['kind', 'state'],
    buckets: SECONDS_OF_A_WAIT,
  });

  return {
    onCrossing: (kind: string, state: string): void => {
      overdue.add([kind, state]);
    },
    onCommitted: (report: CommitReport): void => {
      for (const { kind, from, to, inStateMs, ended, facts } of operationChanges(report)) {
        if (from === to) continue;
        transitions.add([kind, from ?? 'none', to]);
        // What needs a person from the start is overdue at once.
        if (STATE_BOUNDS_MS[kind]?.[to] === 0) overdue.add([kind, to]);
        if (from !== null && inStateMs !== null) inState.observe([kind, from], inStateMs / 1000);
        if (ended) inAll.observe([kind, to], (facts.updatedMs - facts.createdMs) / 1000);
      }
    },

    async collect({ store, counts, clock }: OperationSources): Promise<void> {
      const nowMs = clock.nowMs();
      count.clear();
      oldest.clear();
      for (const it of counts.states()) {
        count.set([it.kind, it.state], it.count);
        const sinceMs = await oldestOf(store, it.kind, it.state);
        if (sinceMs !== null) oldest.set([it.kind, it.state], Math.max(0, nowMs - sinceMs) / 1000);
      }
      stuck.clear();
      for (const { kind, phase, ...query } of stuckCandidates(nowMs)) {
        stuck.set([kind, phase], await store.count({ ...query, limit: MOST_COUNTED }));
      }
    },
  };
}

/** Since when the longest waiting row of work is in its state; null without any, as at an end. */
async function oldestOf(
  store: Pick<EventStore, 'find'>,
  kind: string,
  phase: string,
): Promise<number | null> {
  const [row] = await store.find({
    table: WORK_TABLE.name,
    where: { kind, phase },
    orderBy: [['since_ms', 'asc']],
    limit: 1,
  });
  return (row?.['since_ms'] ?? null) as number | null;
}
