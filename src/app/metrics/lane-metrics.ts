import type { EventStore } from '../../event-store/event-store.ts';
import { WORK_TABLE } from '../../engine/work.ts';
import type { ChangedStream, CommitReport } from '../../event-store/ledger.ts';
import type { NetworkConfig } from '../../config/config.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { SECONDS_OF_A_WAIT, SIZES } from '../../telemetry/metrics.ts';
import type { LaneStatus } from '../../transaction/lane-status.ts';
import type { LaneEvent } from '../../transaction/lane-state.ts';
import { laneKind, LANE_TABLE } from '../../transaction/lane-state.ts';
import type { Lanes } from '../../transaction/lanes.ts';
import type { LaneMeter } from '../../transaction/runtime.ts';
import { transactionKind, TRANSACTION_TABLE } from '../../transaction/transaction-kind.ts';
import type { TransactionEvent } from '../../transaction/transaction-state.ts';
import { createFeeMetrics } from './fee-metrics.ts';
import { MOST_COUNTED } from './operation-metrics.ts';

const STATES: readonly LaneStatus['state'][] = ['open', 'quarantine', 'stopped', 'retired'];

/** Lanes and their transactions: what is signed, what waits, what it costs. */
export function createLaneMetrics(metrics: Metrics) {
  const gauges = createLaneGauges(metrics);
  const counters = createLaneCounters(metrics);
  const fees = createFeeMetrics(metrics);

  const onLane = (network: string, event: LaneEvent): void => {
    if (event.type === 'QuarantineStarted') counters.quarantines.add([network]);
    if (event.type === 'LaneStopped') counters.stops.add([network]);
    if (event.type === 'VaultStopped') counters.vaultStops.add([network]);
  };

  const onTransaction = (network: string, event: TransactionEvent, change: ChangedStream): void => {
    const { factsBefore, facts } = change;
    switch (event.type) {
      case 'TransactionSigned': {
        const { variant, purpose, kind, operations } = event.data;
        counters.signed.add([network, purpose]);
        if (kind !== null) counters.batches.observe([network, kind], operations.length);
        fees.signed(network, variant);
        break;
      }
      case 'TransactionVariantSigned':
        counters.repriced.add([network, event.data.why]);
        fees.signed(network, event.data.variant);
        break;
      case 'TransactionMined':
        if (factsBefore !== null)
          counters.wait.observe([network], Math.max(0, facts.updatedMs - factsBefore.createdMs) / 1000);
        break;
      case 'TransactionUnmined':
        counters.vanished.add([network]);
        break;
      case 'TransactionFinal':
        counters.final.add([network, event.data.outcome]);
        break;
      default:
        event satisfies never;
    }
  };

  return {
    meter: createLaneMeter(metrics),
    onCommitted: ({ changes }: CommitReport): void => {
      for (const change of changes) {
        if (change.category !== laneKind.category && change.category !== transactionKind.category) continue;
        const network = networkOf(change);
        for (const event of change.events) {
          if (change.category === laneKind.category) onLane(network, event as LaneEvent);
          else onTransaction(network, event as TransactionEvent, change);
        }
      }
    },
    async collect(sources: {
      readonly lanes: Pick<Lanes, 'status'>;
      readonly store: Pick<EventStore, 'count'>;
      readonly networks: readonly NetworkConfig[];
    }): Promise<void> {
      const lanes = await sources.lanes.status();
      gauges.set(lanes);
      // An increase shows only where there was a number before it.
      for (const { network } of sources.networks) counters.begin(network);
      fees.set(lanes, sources.networks);
      gauges.ready.clear();
      for (const { lane, network, signer } of lanes) {
        const where = { lane };
        const ready = await sources.store.count({ table: WORK_TABLE.name, where, limit: MOST_COUNTED });
        gauges.ready.set([network, signer], ready);
      }
    },
  };
}

function networkOf({ after }: ChangedStream): string {
  const row = after.find((it) => it.table === LANE_TABLE.name || it.table === TRANSACTION_TABLE.name)?.row;
  return typeof row?.['network'] === 'string' ? row['network'] : 'unknown';
}

function createLaneGauges(metrics: Metrics) {
  const labels = ['network', 'signer'];
  const gauge = (name: string, help: string, more: readonly string[] = []) =>
    metrics.gauge({ name, help, labels: [...labels, ...more] });
  const state = gauge('issuer_lane_state', '1 for the state that the lane is in, else 0.', ['state']);
  const next = gauge('issuer_lane_next_nonce', 'The nonce that is signed next.');
  const chain = gauge('issuer_lane_chain_nonce', 'Nonces that the chain has used, as last seen.');
  const pendingNonce = gauge('issuer_lane_pending_nonce', 'The same with what waits in the pool.');
  const inFlight = gauge('issuer_lane_in_flight', 'Nonces that are signed and that the chain has not used.');
  const pending = gauge('issuer_lane_pending_transactions', 'Signed, and in no confirmed block.');
  const mined = gauge('issuer_lane_mined_transactions', 'In a confirmed block that is not final.');
  const stoppedVaults = gauge('issuer_lane_stopped_vaults', 'Vaults that are not signed for.');
  const balance = gauge('issuer_signer_balance_wei', 'What the signer has for gas, as last seen.');
  const hindered = gauge('issuer_lane_hindered', '1 while something keeps the lane from signing.');
  const ready = gauge(
    'issuer_lane_ready_operations',
    `Operations that wait for the lane; at most ${String(MOST_COUNTED)} are counted.`,
  );
  const all = [state, next, chain, pendingNonce, inFlight, pending, mined, stoppedVaults, balance, hindered];
  return {
    ready,
    set(lanes: readonly LaneStatus[]): void {
      for (const it of all) it.clear();
      for (const lane of lanes) {
        const of = [lane.network, lane.signer];
        for (const name of STATES) state.set([...of, name], lane.state === name ? 1 : 0);
        if (lane.nextNonce !== null) next.set(of, lane.nextNonce);
        if (lane.chainNonce !== null) {
          chain.set(of, lane.chainNonce);
          if (lane.nextNonce !== null) inFlight.set(of, Math.max(0, lane.nextNonce - lane.chainNonce));
        }
        if (lane.pendingNonce !== null) pendingNonce.set(of, lane.pendingNonce);
        pending.set(of, lane.pending);
        mined.set(of, lane.mined);
        stoppedVaults.set(of, Object.keys(lane.stoppedVaults).length);
        if (lane.balanceWei !== null) balance.set(of, Number(lane.balanceWei));
        hindered.set(of, lane.why === null ? 0 : 1);
      }
    },
  };
}

function createLaneCounters(metrics: Metrics) {
  const counter = (name: string, help: string, more: readonly string[] = []) =>
    metrics.counter({ name, help, labels: ['network', ...more] });
  const quarantines = counter('issuer_lane_quarantines_total', 'Quarantines that began.');
  const stops = counter('issuer_lane_stops_total', 'Stops of a lane.');
  const vaultStops = counter('issuer_lane_vault_stops_total', 'Stops of a single vault.');
  return {
    quarantines,
    stops,
    vaultStops,
    begin(network: string): void {
      for (const it of [quarantines, stops, vaultStops]) it.add([network], 0);
    },
    signed: counter('issuer_transactions_signed_total', 'Nonces that were signed for first.', ['purpose']),
    repriced: counter('issuer_transactions_repriced_total', 'Further bytes for a waiting nonce.', ['why']),
    vanished: counter('issuer_transactions_vanished_total', 'Mined transactions whose block was replaced.'),
    final: counter('issuer_transactions_final_total', 'Nonces whose block is final.', ['outcome']),
    batches: metrics.histogram({
      name: 'issuer_batch_operations',
      help: 'Operations that share one transaction.',
      labels: ['network', 'kind'],
      buckets: SIZES,
    }),
    wait: metrics.histogram({
      name: 'issuer_transaction_wait_seconds',
      help: 'From the first signature for a nonce to a confirmed block.',
      labels: ['network'],
      buckets: SECONDS_OF_A_WAIT,
    }),
  };
}

/** What no commit tells: simulations, and what a block took. */
function createLaneMeter(metrics: Metrics): LaneMeter {
  const simulations = metrics.counter({
    name: 'issuer_batch_simulations_total',
    help: 'Simulations of batches and of parts of them.',
    labels: ['network', 'outcome'],
  });
  const halvings = metrics.counter({
    name: 'issuer_batch_halvings_total',
    help: 'Batches that failed in simulation and were halved.',
    labels: ['network'],
  });
  const gas = metrics.histogram({
    name: 'issuer_batch_gas_used',
    help: 'Gas that a mined transaction with operations used.',
    labels: ['network', 'kind'],
    buckets: [50_000, 100_000, 200_000, 500_000, 1e6, 2e6, 4e6, 8e6, 12e6, 16e6],
  });
  return {
    simulated(network, outcome) {
      simulations.add([network, outcome]);
    },
    halved(network) {
      halvings.add([network]);
    },
    used(network, kind, gasUsed) {
      gas.observe([network, kind], Number(gasUsed));
    },
  };
}
