import { describe, expect, test } from 'vitest';
import type { Worker, WorkRow } from '../../engine/work.ts';
import type { ChangedStream, CommitReport, DomainEvent } from '../../event-store/ledger.ts';
import { createManualPorts } from '../../ports/manual-ports.ts';
import type { Counter, Gauge, Histogram, Metrics } from '../../telemetry/metrics.ts';
import { openTestLedger } from '../../operation/test-ledger.ts';
import { CALL_TABLE } from '../../transaction/calls/call-kind.ts';
import { createServiceMetrics } from './service-metrics.ts';

/** Metrics that keep what they are told: the sum of each counter and histogram, and the last value of each gauge. */
function create() {
  const values: Record<string, number> = {};
  const at = (name: string, labels: readonly string[]): string => [name, ...labels].join(' ');
  const sum = (name: string) => (labels: readonly string[], value: number) => {
    values[at(name, labels)] = (values[at(name, labels)] ?? 0) + value;
  };
  const metrics: Metrics = {
    counter: ({ name }): Counter => ({ add: (labels, value = 1) => sum(name)(labels, value) }),
    histogram: ({ name }): Histogram => ({ observe: sum(name) }),
    gauge: ({ name }): Gauge => ({
      set(labels, value) {
        values[at(name, labels)] = value;
      },
      clear() {},
    }),
    onScrape() {},
  };
  return { metrics: createServiceMetrics(metrics, createManualPorts().timers), values };
}

const facts = (version: number, timeMs: number) => ({
  id: 'one',
  version,
  createdMs: 1_000,
  updatedMs: timeMs,
  sinceMs: 1_000,
});

function report(category: string, events: readonly DomainEvent[], isNew = false): CommitReport {
  const table = category;
  const change: ChangedStream = {
    category,
    id: 'one',
    events,
    facts: facts(2, 5_000),
    factsBefore: isNew ? null : facts(1, 1_000),
    before: [],
    after: [{ table, row: { network: 'base' } }],
  };
  return { timeMs: 5_000, metadata: { actor: 'engine' }, changes: [change] };
}

const variant = { maxFeePerGas: 30n, maxPriorityFeePerGas: 2n };
const signed = (kind: string | null, operations: readonly string[]) => ({
  type: 'TransactionSigned',
  data: {
    purpose: kind === null ? 'fill' : 'operations',
    kind,
    operations: operations.map((id) => ({ id, detail: {} })),
    variant,
  },
});

describe('figures from commits', () => {
  test('of lanes', () => {
    const { metrics, values } = create();
    for (const type of [
      'LaneOpened',
      'QuarantineStarted',
      'QuarantineStarted',
      'LaneStopped',
      'VaultStopped',
    ])
      metrics.lanes.onCommitted(report('lane', [{ type, data: {} }]));
    expect(values).toMatchObject({
      'issuer_lane_quarantines_total base': 2,
      'issuer_lane_stops_total base': 1,
      'issuer_lane_vault_stops_total base': 1,
    });
  });

  test('of transactions, from the first signature to the final block', () => {
    const { metrics, values } = create();
    const tell = (...events: readonly DomainEvent[]) =>
      metrics.lanes.onCommitted(report('transaction', events, events[0]?.type === 'TransactionSigned'));
    tell(signed('mint', ['a', 'b', 'c']));
    tell(signed(null, []));
    tell({
      type: 'TransactionVariantSigned',
      data: { why: 'reprice', variant: { ...variant, maxFeePerGas: 34n } },
    });
    tell({ type: 'TransactionMined', data: {} });
    tell({ type: 'TransactionUnmined', data: { why: 'reorg' } });
    tell({ type: 'TransactionFinal', data: { outcome: 'reverted' } });
    expect(values).toMatchObject({
      'issuer_transactions_signed_total base operations': 1,
      'issuer_transactions_signed_total base fill': 1,
      'issuer_batch_operations base mint': 3,
      'issuer_transactions_repriced_total base reprice': 1,
      'issuer_fee_last_signed_wei base': 34,
      'issuer_fee_last_signed_tip_wei base': 2,
      'issuer_transaction_wait_seconds base': 4,
      'issuer_transactions_vanished_total base': 1,
      'issuer_transactions_final_total base reverted': 1,
    });
  });

  test('of calls of a custodian, at their end', () => {
    const { metrics, values } = create();
    const tell = (event: DomainEvent, outcome: string | null) => {
      const told = report('call', [event]);
      const after = [{ table: 'call', row: { kind: 'mint', outcome } }];
      metrics.custodians.onCommitted({ ...told, changes: told.changes.map((it) => ({ ...it, after })) });
    };
    tell({ type: 'CallReported', data: {} }, null);
    tell({ type: 'CallFinal', data: {} }, 'effect');
    tell({ type: 'CallEnded', data: {} }, 'refused');
    expect(values).toMatchObject({
      'issuer_custodian_calls_total fireblocks mint effect': 1,
      'issuer_custodian_calls_total fireblocks mint refused': 1,
    });
    expect(Object.keys(values).filter((it) => it.startsWith('issuer_custodian_calls'))).toHaveLength(2);
  });

  test('of receipts that moved without us', () => {
    const { metrics, values } = create();
    const moved = report('receipt', [{ type: 'ReceiptMoved', data: {} }]);
    metrics.inventory.onCommitted(moved, () => 'base');
    expect(values['issuer_receipts_moved_total base']).toBe(1);
  });
});

describe('figures from what is done', () => {
  test('running steps are counted until they end, however they do', async () => {
    const { metrics, values } = create();
    const gate = Promise.withResolvers<never>();
    const worker: Worker = { kind: 'mint', step: () => gate.promise };
    const counted = metrics.engine.count(worker);
    const running = () => values['issuer_engine_steps_running mint'];
    expect(running()).toBe(0);
    const steps = [counted.step({} as WorkRow), counted.step({} as WorkRow)];
    expect(running()).toBe(2);
    gate.reject(new Error('down'));
    await Promise.allSettled(steps);
    expect(running()).toBe(0);
  });

  test('a dependency’s outages are counted when they begin', () => {
    const { metrics, values } = create();
    const state = { name: 'alpaca', reason: null, sinceMs: 0, nextProbeMs: null };
    for (const it of ['down', 'up', 'down', 'up'] as const)
      metrics.engine.onDependency({ ...state, state: it });
    expect(values['issuer_dependency_outages_total alpaca']).toBe(2);
  });

  test('calls to Alpaca are told apart by the class of their status, and its limit is kept', async () => {
    const { metrics, values } = create();
    const call = { call: 'redeem', requestId: null, durationMs: 500 };
    metrics.alpaca.onCall({ ...call, outcome: 'ok', status: 201 });
    metrics.alpaca.onCall({ ...call, outcome: 'down', status: 503 });
    metrics.alpaca.onCall({ ...call, outcome: 'down', status: null });
    const answers = [{ 'x-ratelimit-remaining': '7' }, {}, { 'x-ratelimit-remaining': 'none' }];
    for (const headers of answers) {
      const http = metrics.alpaca.watchLimit(() => Promise.resolve({ status: 200, headers, body: '' }));
      await http({ method: 'GET', url: 'http://x.example', headers: {}, timeoutMs: 1 });
    }
    expect(values).toMatchObject({
      'issuer_alpaca_calls_total redeem ok 2xx': 1,
      'issuer_alpaca_calls_total redeem down 5xx': 1,
      'issuer_alpaca_calls_total redeem down none': 1,
      'issuer_alpaca_call_duration_seconds redeem': 1.5,
      issuer_alpaca_rate_limit_remaining: 7,
    });
  });

  test('requests to a custodian are told apart by what they are for, and failures are none of any class', async () => {
    const { metrics, values } = create();
    const request = { method: 'GET', url: 'http://x.example', headers: {}, timeoutMs: 1 } as const;
    const statuses = [200, 404, 503];
    const http = metrics.custodians.watch('fireblocks', () => {
      const status = statuses.shift();
      if (status === undefined) return Promise.reject(new Error('cut off'));
      return Promise.resolve({ status, headers: {}, body: '' });
    });
    for (const _ of [1, 2, 3]) await http({ ...request, purpose: 'fireblocks look' });
    await expect(http({ ...request, purpose: 'fireblocks create transaction' })).rejects.toThrow('cut off');
    const named = (rest: string) => values[`issuer_custodian_requests_total fireblocks ${rest}`];
    expect([named('look 2xx'), named('look 4xx'), named('look 5xx')]).toEqual([1, 1, 1]);
    expect(named('create_transaction none')).toBe(1);
  });

  test('open calls are counted by phase and the custodian’s word, with the age of the oldest', async () => {
    const { metrics, values } = create();
    const { store, clock } = await openTestLedger([], [CALL_TABLE]);
    const call = (at: number, phase: string, status: string | null, sinceMs: number) => ({
      op: 'insert' as const,
      table: CALL_TABLE.name,
      row: {
        id: `l/o-${String(at)}/1`,
        lane: 'l',
        operation_id: `o-${String(at)}`,
        attempt: 1,
        external_id: `o-${String(at)}-1`,
        kind: 'mint',
        greatest_cost: 1n,
        phase,
        status,
        since_ms: sinceMs,
      },
    });
    const nowMs = clock.nowMs();
    const writes = [
      call(1, 'pending', 'PENDING_AUTHORIZATION', nowMs - 9_000),
      call(2, 'pending', 'PENDING_AUTHORIZATION', nowMs - 1_000),
      call(3, 'requested', null, nowMs - 2_000),
      call(4, 'final', 'COMPLETED', nowMs - 90_000),
    ];
    await store.commit({ appends: [], writes: () => writes, metadata: { actor: 'test' } });
    await metrics.custodians.collect({ store, clock });
    expect(values).toEqual({
      ...Object.fromEntries(Object.entries(values).filter(([name]) => !name.startsWith('issuer_custodian'))),
      'issuer_custodian_open_calls fireblocks pending PENDING_AUTHORIZATION': 2,
      'issuer_custodian_open_calls fireblocks requested none': 1,
      'issuer_custodian_oldest_call_age_seconds fireblocks pending': 9,
      'issuer_custodian_oldest_call_age_seconds fireblocks requested': 2,
    });
  });

  test('callers that are turned away are counted by why, and methods that they invent as one', () => {
    const { metrics, values } = create();
    const request = { route: '/operations', durationMs: 1_000 };
    for (const status of [200, 401, 401, 403, 429])
      metrics.http.onRequest({ ...request, method: 'GET', status });
    metrics.http.onRequest({ ...request, method: 'PROPFIND', route: null, status: 404 });
    expect(values).toMatchObject({
      'issuer_http_rejected_credentials_total credentials': 2,
      'issuer_http_rejected_credentials_total address': 1,
      'issuer_http_rejected_credentials_total too_many_failures': 1,
      'issuer_http_request_duration_seconds GET /operations 200': 1,
      'issuer_http_request_duration_seconds other none 404': 1,
    });
  });

  test('simulations, halvings and gas', () => {
    const { metrics, values } = create();
    metrics.lanes.meter.simulated('base', 'refused');
    metrics.lanes.meter.halved('base');
    metrics.lanes.meter.used('base', 'mint', 210_000n);
    expect(values).toMatchObject({
      'issuer_batch_simulations_total base refused': 1,
      'issuer_batch_halvings_total base': 1,
      'issuer_batch_gas_used base mint': 210_000,
    });
  });

  test('a comparison with custody that could not be made changes nothing', () => {
    const { metrics, values } = create();
    const line = { underlying: 'AAPL', why: null, supply: 0n, custody: 0n, pending: 0n, vaults: [] };
    const none = { least: 0n, most: 0n };
    const told = (status: 'equal' | 'differs' | 'unknown', difference: bigint | null) => {
      metrics.custody.onCompared([{ ...line, status, difference, explained: none }]);
      return [values['issuer_custody_differs AAPL'], values['issuer_custody_difference_tokens AAPL']];
    };
    expect(told('differs', -(10n ** 18n))).toEqual([1, -1]);
    expect(told('unknown', null)).toEqual([1, -1]);
    expect(told('equal', 0n)).toEqual([0, 0]);
  });
});
