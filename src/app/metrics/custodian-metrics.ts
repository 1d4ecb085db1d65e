import type { SignerConfig } from '../../config/config.ts';
import type { EventStore } from '../../event-store/event-store.ts';
import type { CommitReport } from '../../event-store/ledger.ts';
import type { Clock, HttpClient, Timers } from '../../ports/ports.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { SECONDS_OF_A_CALL } from '../../telemetry/metrics.ts';
import { CALL_TABLE, callKind, OPEN_CALL_PHASES } from '../../transaction/calls/call-kind.ts';
import { MOST_COUNTED } from './operation-metrics.ts';

/** The custodian that broadcasts, and that calls are asked of. */
const CALLS = 'fireblocks';

/** Custodians: what they are asked over HTTP, and the calls of the one that broadcasts. */
export function createCustodianMetrics(metrics: Metrics, timers: Pick<Timers, 'monotonicMs'>) {
  const requests = metrics.counter({
    name: 'issuer_custodian_requests_total',
    help: 'Requests to custodians, by what they are for and by the class of the status: 2xx to 5xx, or none.',
    labels: ['custodian', 'request', 'status'],
  });
  const duration = metrics.histogram({
    name: 'issuer_custodian_request_duration_seconds',
    help: 'How long custodians took to answer, or to fail.',
    labels: ['custodian', 'request'],
    buckets: SECONDS_OF_A_CALL,
  });
  const calls = createCallMetrics(metrics);
  return {
    /** The same client, whose exchanges with this custodian are counted. */
    watch:
      (custodian: SignerConfig['kind'], http: HttpClient): HttpClient =>
      async (request) => {
        const what = (request.purpose ?? 'other').replace(`${custodian} `, '').replaceAll(' ', '_');
        const beganMs = timers.monotonicMs();
        const count = (status: string): void => {
          requests.add([custodian, what, status]);
          duration.observe([custodian, what], (timers.monotonicMs() - beganMs) / 1000);
        };
        try {
          const response = await http(request);
          count(`${String(Math.floor(response.status / 100))}xx`);
          return response;
        } catch (error) {
          count('none');
          throw error;
        }
      },
    ...calls,
  };
}

function createCallMetrics(metrics: Metrics) {
  const ended = metrics.counter({
    name: 'issuer_custodian_calls_total',
    help: 'Calls of custodians that came to their end: effect, reverted, refused before signing, or displaced.',
    labels: ['custodian', 'kind', 'outcome'],
  });
  const open = metrics.gauge({
    name: 'issuer_custodian_open_calls',
    help: 'Calls that are not at their end, by phase and by the last word of the custodian, or none.',
    labels: ['custodian', 'phase', 'status'],
  });
  const oldest = metrics.gauge({
    name: 'issuer_custodian_oldest_call_age_seconds',
    help: 'How long the longest waiting open call has been in its phase.',
    labels: ['custodian', 'phase'],
  });
  return {
    onCommitted: ({ changes }: CommitReport): void => {
      for (const { category, after, events } of changes) {
        if (category !== callKind.category) continue;
        if (!events.some((it) => it.type === 'CallFinal' || it.type === 'CallEnded')) continue;
        const row = after.find((it) => it.table === CALL_TABLE.name)?.row;
        if (row !== undefined) ended.add([CALLS, row['kind'] as string, row['outcome'] as string]);
      }
    },
    async collect({
      store,
      clock,
    }: {
      readonly store: Pick<EventStore, 'find'>;
      readonly clock: Clock;
    }): Promise<void> {
      const nowMs = clock.nowMs();
      open.clear();
      oldest.clear();
      for (const phase of OPEN_CALL_PHASES) {
        const query = { table: CALL_TABLE.name, where: { phase }, limit: MOST_COUNTED };
        const counts = new Map<string, number>();
        let sinceMs = nowMs;
        for (const row of await store.find(query)) {
          const status = (row['status'] ?? 'none') as string;
          counts.set(status, (counts.get(status) ?? 0) + 1);
          sinceMs = Math.min(sinceMs, row['since_ms'] as number);
        }
        for (const [status, count] of counts) open.set([CALLS, phase, status], count);
        if (counts.size > 0) oldest.set([CALLS, phase], (nowMs - sinceMs) / 1000);
      }
    },
  };
}
