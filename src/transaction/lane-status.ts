import type { Address } from 'viem';
import { readWorkRow, WORK_TABLE } from '../engine/work.ts';
import type { EventStore } from '../event-store/event-store.ts';
import type { Ledger } from '../event-store/ledger.ts';
import { CALL_TABLE } from './calls/call-kind.ts';
import type { LaneId } from './lane-feature.ts';
import { LANE_TABLE } from './lane-state.ts';
import { readNetworkGate } from './network-gate.ts';
import { nextNonce } from './nonces.ts';
import type { AnyLane, LaneCondition } from './runtime.ts';
import { isCallLane } from './runtime.ts';
import { TRANSACTION_TABLE } from './transaction-kind.ts';

/** One lane, for operators. */
export interface LaneStatus {
  readonly lane: LaneId;
  readonly network: string;
  readonly chainId: number;
  readonly signer: Address;
  /** `retired`: its signer is not configured any more. */
  readonly state: 'open' | 'quarantine' | 'stopped' | 'retired';
  /** Why it does not sign at present; null when nothing hinders it. */
  readonly why: { readonly code: string; readonly message: string } | null;
  readonly sinceMs: number;
  /** Null where a custodian owns the nonces. */
  readonly nextNonce: number | null;
  /** Nonces that the chain has used, as last seen; null before the first look. */
  readonly chainNonce: number | null;
  /** The same with what waits. */
  readonly pendingNonce: number | null;
  /** Signed, or asked for at a custodian, and in no block that is deep enough. */
  readonly pending: number;
  /** In a block that is not final. */
  readonly mined: number;
  /** Wei, as last seen; null before the first look. */
  readonly balanceWei: bigint | null;
  /** Wei per gas, when it last looked at the market; null before. */
  readonly baseFeeWei: bigint | null;
  readonly stoppedVaults: Readonly<Record<Address, string>>;
}

/** Reads every lane that was ever opened. Asks no node. */
export async function readLaneStatus(
  store: EventStore,
  lanes: ReadonlyMap<LaneId, AnyLane>,
  ledger: Ledger,
): Promise<readonly LaneStatus[]> {
  const rows = await store.find({ table: LANE_TABLE.name, orderBy: [['id', 'asc']], limit: 1_000 });
  return Promise.all(
    rows.map(async (row): Promise<LaneStatus> => {
      const id = row['id'] as string;
      const lane = lanes.get(id);
      const phase = row['phase'] as 'open' | 'quarantine' | 'stopped';
      const count = async (...phases: readonly string[]) => {
        const where = { lane: id, phase: { in: phases } };
        const signed = await store.count({ table: TRANSACTION_TABLE.name, where });
        return signed + (await store.count({ table: CALL_TABLE.name, where }));
      };
      const why = row['why'] as string | null;
      const seen = await hindrance(store, ledger, lane);
      return {
        lane: id,
        network: row['network'] as string,
        chainId: row['chain_id'] as number,
        signer: row['signer'] as Address,
        state: lane === undefined ? 'retired' : phase,
        why: why === null ? seen : { code: phase, message: seen === null ? why : `${why}; ${seen.message}` },
        sinceMs: row['since_ms'] as number,
        nextNonce: lane !== undefined && isCallLane(lane) ? null : await nextNonce(store, id),
        chainNonce: lane?.view.latestNonce ?? null,
        pendingNonce: lane?.view.pendingNonce ?? null,
        pending: await count('pending', 'requested', 'refused', 'held'),
        mined: await count('mined'),
        balanceWei: lane?.view.balanceWei ?? null,
        baseFeeWei: lane?.view.baseFeeWei ?? null,
        stoppedVaults: row['stopped_vaults'] as Readonly<Record<Address, string>>,
      };
    }),
  );
}

/** What hinders a configured lane besides its own state. */
async function hindrance(
  store: EventStore,
  ledger: Ledger,
  lane: AnyLane | undefined,
): Promise<LaneCondition | null> {
  if (lane === undefined) return null;
  const { stopped } = await readNetworkGate(ledger, lane.network);
  return stopped === null
    ? (lane.view.condition ?? (await stepFailure(store, lane.context.lane)))
    : { code: 'network_stopped', message: `the network is stopped: ${stopped}` };
}

/** Why the lane's own step fails at present, which the log tells only once; null when its last one did not. */
async function stepFailure(store: EventStore, id: LaneId): Promise<LaneCondition | null> {
  const [row] = await store.find({ table: WORK_TABLE.name, where: { id }, limit: 1 });
  const error = row === undefined ? null : readWorkRow(row).lastError;
  return error === null ? null : { code: error.code, message: error.message };
}
