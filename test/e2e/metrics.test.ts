import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sample } from './metrics-text.ts';
import { readSamples, valueOf } from './metrics-text.ts';
import type { World } from './world.ts';
import { eventually, startWorld } from './world.ts';

async function scrape(world: World): Promise<readonly Sample[]> {
  const response = await fetch(`${world.issuer().url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return readSamples(await response.text());
}

/** Names that have no sample while nothing is open and before anything went wrong. */
const SILENT = [
  'issuer_trace_spans_total',
  'issuer_operations_oldest_age_seconds',
  'issuer_overdue_total',
  'issuer_dependency_outages_total',
  'issuer_transactions_repriced_total',
  'issuer_transactions_vanished_total',
  'issuer_batch_halvings_total',
  'issuer_receipts_moved_total',
  'issuer_hints_alive',
  'issuer_hints_received_total',
  // Nobody is asked where the key is ours.
  'issuer_custodian_requests_total',
  'issuer_custodian_request_duration_seconds',
  'issuer_custodian_calls_total',
  'issuer_custodian_open_calls',
  'issuer_custodian_oldest_call_age_seconds',
];

describe('figures of a mint and a redemption', () => {
  let world: World;
  let samples: readonly Sample[];
  const of = (name: string, labels?: Readonly<Record<string, string>>) => valueOf(samples, name, labels);
  beforeAll(async () => {
    world = await startWorld();
    await world.mint('10');
    const hash = await world.sendBack('4');
    await world.operation(`kind=redemption&tx_hash=${hash}`, (it) => it.state === 'completed');
    await fetch(`${world.issuer().url}/operations`, { headers: { 'x-api-key': 'a-wrong-key' } });
    // The blocks of both transactions become final, and the wallet's shares are compared.
    await world.network().chain.mine(8);
    await world.api.call('POST', '/inventory/reconcile', {});
    samples = await eventually(async () => {
      const found = await scrape(world);
      const settled =
        valueOf(found, 'issuer_inventory_balance_tokens') === 6 &&
        valueOf(found, 'issuer_transactions_final_total', { outcome: 'effect' }) !== null &&
        valueOf(found, 'issuer_reconciliation_difference_tokens') === 0;
      return settled ? found : null;
    }, 'the figures to settle');
  });
  afterAll(async () => {
    await world.stop();
  });

  test('operations are counted by kind and state, and by their steps', () => {
    expect(of('issuer_operations', { kind: 'mint', state: 'completed' })).toBe(1);
    expect(of('issuer_operations', { kind: 'redemption', state: 'completed' })).toBe(1);
    expect(of('issuer_operations', { state: 'journaled' })).toBe(0);
    expect(of('issuer_operation_transitions_total', { kind: 'mint', from: 'none', to: 'requested' })).toBe(1);
    expect(of('issuer_operation_state_duration_seconds_count', { kind: 'mint', state: 'submitted' })).toBe(1);
    expect(of('issuer_operation_duration_seconds_count', { kind: 'redemption', state: 'completed' })).toBe(1);
    expect(of('issuer_operations_stuck')).toBe(0);
  });

  test('lanes, their transactions and fees', () => {
    expect(of('issuer_lane_state', { network: 'base', state: 'open' })).toBe(1);
    expect(of('issuer_lane_state', { network: 'base', state: 'stopped' })).toBe(0);
    expect(of('issuer_lane_next_nonce')).toBe(2);
    expect(of('issuer_transactions_signed_total', { purpose: 'operations' })).toBe(2);
    expect(of('issuer_batch_operations_count', { kind: 'mint' })).toBe(1);
    expect(of('issuer_batch_gas_used_sum', { kind: 'mint' })).toBeGreaterThan(50_000);
    expect(of('issuer_batch_simulations_total', { outcome: 'passes' })).toBe(2);
    expect(of('issuer_signer_balance_wei')).toBeGreaterThan(1e18);
    expect(of('issuer_fee_base_wei')).toBeGreaterThan(0);
    expect(of('issuer_fee_last_signed_wei')).toBeGreaterThanOrEqual(of('issuer_fee_base_wei') ?? 0);
    expect(of('issuer_lane_quarantines_total')).toBe(0);
  });

  test('nodes, Alpaca, engine, store and HTTP', () => {
    expect(of('issuer_rpc_requests_total', { endpoint: '0', outcome: 'ok' })).toBeGreaterThan(10);
    // Taken a moment before the other while the service goes on asking, so it may lack what came in between.
    const [lastHour, total] = [of('issuer_rpc_requests_last_hour'), of('issuer_rpc_requests_total')];
    expect(lastHour).toBeGreaterThan(10);
    expect(lastHour).toBeLessThanOrEqual(total ?? 0);
    expect(of('issuer_alpaca_calls_total', { call: 'redeem', outcome: 'ok', status: '2xx' })).toBe(1);
    expect(of('issuer_dependency_up', { dependency: 'alpaca' })).toBe(1);
    expect(of('issuer_engine_steps_total', { kind: 'watch', outcome: 'later' })).toBeGreaterThan(1);
    expect(of('issuer_store_commits_total')).toBeGreaterThan(10);
    expect(of('issuer_store_database_bytes')).toBeGreaterThan(0);
    expect(of('issuer_store_wal_bytes')).toBeGreaterThan(4096);
    expect(
      of('issuer_http_request_duration_seconds_count', { route: '/tokenization/mint', status: '200' }),
    ).toBe(1);
    expect(of('issuer_http_rejected_credentials_total', { reason: 'credentials' })).toBe(1);
    expect(of('issuer_scan_lag_blocks')).not.toBeNull();
    expect(of('process_resident_memory_bytes')).toBeGreaterThan(1e7);
  });

  test('the books hold what was minted and not burned', () => {
    const vault = { network: 'base', vault: world.vault().address.toLowerCase() };
    expect(of('issuer_inventory_available_tokens', vault)).toBe(6);
    expect(of('issuer_inventory_reserved_tokens', vault)).toBe(0);
    expect(of('issuer_reconciliation_mismatches', vault)).toBe(0);
    // Nobody asked for these: the schedule compares.
    expect(of('issuer_custody_differs', { underlying: 'AAPL' })).toBe(0);
    expect(of('issuer_differences', { kind: 'supply' })).toBe(0);
    expect(of('issuer_differences_looked_seconds')).toBeGreaterThan(1.7e9);
  });

  test('every metric has a sample, but for those of what did not happen', async () => {
    const text = await (await fetch(`${world.issuer().url}/metrics`)).text();
    const names = [...text.matchAll(/^# TYPE (issuer_\S+) (\S+)$/gm)];
    const silent = names
      .filter(([, name = '', type]) => of(type === 'histogram' ? `${name}_count` : name) === null)
      .map(([, name]) => name);
    expect(new Set(silent)).toEqual(new Set(SILENT));
  });

  test('after a restart ended operations and the inventory are counted as before', async () => {
    await world.restart();
    const after = await eventually(async () => {
      const found = await scrape(world);
      return valueOf(found, 'issuer_inventory_balance_tokens') === 6 ? found : null;
    }, 'the inventory to be added up');
    expect(valueOf(after, 'issuer_operations', { kind: 'mint', state: 'completed' })).toBe(1);
    expect(valueOf(after, 'issuer_operations', { kind: 'redemption', state: 'completed' })).toBe(1);
    expect(valueOf(after, 'issuer_scrape_errors_total')).toBe(0);
  });
});
