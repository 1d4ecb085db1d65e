import type { Address } from 'viem';
import type { FinalitySetting } from '../chain/finality.ts';
import type { SharedReads } from '../chain/rpc/shared-reads.ts';
import type { RpcClient } from '../chain/rpc/types.ts';
import type { SteadyTime } from '../engine/steady-time.ts';
import type { EventStore } from '../event-store/event-store.ts';
import type { Ledger } from '../event-store/ledger.ts';
import type { Clock, Random, Timers } from '../ports/ports.ts';
import type { Custodian } from '../signer/custodian.ts';
import type { Signer } from '../signer/signer.ts';
import type { AlarmKey } from '../telemetry/alarms.ts';
import type { Log } from '../telemetry/log.ts';
import type { GasLimits } from './gas-limits.ts';
import type { LaneContext, LaneFeature } from './lane-feature.ts';
import type { Trials } from './trial.ts';

/** What a lane needs of a signer. What it returns is checked before it is believed. */
export type LaneSigner = Pick<Signer, 'address' | 'kind' | 'sign'>;

/** One network with whoever signs on it. */
interface NetworkSettings {
  readonly network: string;
  readonly chainId: number;
  readonly rpc: RpcClient;
  /** Blocks on top before an effect is acted on. */
  readonly confirmations: number;
  readonly finality: FinalitySetting;
  /** Nonces that may be unused on chain at once. */
  readonly inFlight: number;
  /** Operations in one transaction, at most. */
  readonly batchCount: number;
  /** Gas limit of one transaction with several operations, at most. */
  readonly batchGas: bigint;
  /** Wei per gas. */
  readonly maxFeeWei: bigint;
  readonly repriceAfterMs: number;
  /** Longest pause between looks at the chain while something is open. */
  readonly pollMs: number;
}

/** A network whose nonces are ours to use: the signer signs, and we broadcast. */
export interface LaneNetwork extends NetworkSettings {
  readonly signer: LaneSigner;
}

/** A network on which a custodian signs and broadcasts: each operation is a call of its own. */
export interface CallNetwork extends NetworkSettings {
  readonly signer: Custodian;
}

export type AnyNetwork = LaneNetwork | CallNetwork;

/** Where the lanes write. */
export type LaneLog = Omit<Log, 'child'>;

/** Told of what no commit tells, for metrics. Must not throw. */
export interface LaneMeter {
  /** A batch, or a part of one, was simulated. */
  simulated(network: string, outcome: 'passes' | 'refused' | 'too_large'): void;
  /** A batch did not pass, and its halves are tried. */
  halved(network: string): void;
  /** A block holds a transaction with operations of this kind. */
  used(network: string, kind: string, gasUsed: bigint): void;
}

/** Counts nothing. */
export const noMeter: LaneMeter = { simulated() {}, halved() {}, used() {} };

export interface LanesOptions {
  readonly ledger: Ledger;
  readonly store: EventStore;
  readonly features: readonly LaneFeature[];
  readonly networks: readonly AnyNetwork[];
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: LaneLog;
  readonly meter?: LaneMeter;
  /** What this process knows of each lane's first transaction; nothing yet where absent. */
  readonly trials?: Trials;
  /** True when the database came from a backup, was stamped as one, or changed its timeline. */
  readonly restored: boolean;
  /**
   * The final block to which one vault of the network was scanned for deposits and withdrawals; without a vault, to
   * which every one was, retired ones included; where the network has no vault, its final block. Null while that is not
   * known.
   */
  readonly scannedTo: (network: string, vault?: Address) => Promise<bigint | null>;
  /** True for a vault that is or ever was an asset's on the network. The address is in lower case. */
  readonly isWatchedVault: (network: string, address: Address) => Promise<boolean>;
  /** Makes these work rows due now: there is something for a lane to look at. */
  readonly engineWake: (workIds: readonly string[]) => void;
}

/** Why a lane does not sign at present, as last seen; shown, and never decided on. */
export interface LaneCondition {
  readonly code: string;
  readonly message: string;
}

/** What a lane last saw, for the status page, and when it last looked. */
export interface LaneView {
  latestNonce: number | null;
  pendingNonce: number | null;
  balanceWei: bigint | null;
  /** Per gas. */
  baseFeeWei: bigint | null;
  condition: LaneCondition | null;
  /** The custodian's last no, until it signs something. */
  refusal: LaneCondition | null;
  checkedMs: number | null;
  /** Something else than an operation keeps it from signing; it looks again by itself. */
  isWaiting: boolean;
}

/** Nothing in `view` decides about nonces or money. */
interface Running {
  readonly context: LaneContext;
  readonly view: LaneView;
}

/** One lane while the process runs. */
export interface Lane extends LaneNetwork, Running {}

/** The same where a custodian broadcasts. */
export interface CallLane extends CallNetwork, Running {}

export type AnyLane = Lane | CallLane;

export function isCallLane(lane: AnyLane): lane is CallLane {
  return lane.signer.kind === 'fireblocks';
}

/** What it takes to watch a transaction. Its signer may be retired: then it is watched and sent, and not raised. */
export interface Watch extends Pick<
  LaneNetwork,
  'network' | 'chainId' | 'rpc' | 'confirmations' | 'finality' | 'repriceAfterMs' | 'pollMs'
> {
  /** The lane of the transaction's signer, where that is configured. */
  readonly lane: Lane | null;
}

/** The same of a call. Without its custodian it is watched on the chain alone. */
export interface CallWatch extends Omit<Watch, 'lane'> {
  readonly lane: CallLane | null;
}

/** What the steps share. */
export interface LaneDeps extends Omit<
  LanesOptions,
  'features' | 'networks' | 'restored' | 'engineWake' | 'clock'
> {
  readonly features: ReadonlyMap<string, LaneFeature>;
  readonly alarms: Alarms;
  /** Now, never before what the store has stamped. */
  readonly time: SteadyTime;
  readonly trials: Trials;
  readonly meter: LaneMeter;
  readonly gasLimits: GasLimits;
  readonly sharedReads: SharedReads;
  /** The other lanes of the same chain. */
  readonly siblings: (lane: AnyLane) => readonly AnyLane[];
  /** In which block each transaction was seen that is not confirmed yet. It decides nothing but when to look again. */
  readonly seenIn: Map<string, bigint>;
  /** When a custodian was last asked about each call, so that it is not asked at every look. */
  readonly askedMs: Map<string, number>;
  /** When each transaction's bytes were last sent, so that they are not sent at every look. */
  readonly sentMs: Map<string, number>;
}

/** Alarms that sound once when they begin and once when they end, however often they are seen. */
export interface Alarms {
  raise(key: AlarmKey, fields: Readonly<Record<string, unknown>>, message: string): void;
  clear(key: AlarmKey): void;
}

/** Creates alarms that write to the log. At most 10,000 are kept apart; beyond that they sound again. */
export function createAlarms(log: Pick<LaneLog, 'error' | 'info'>): Alarms {
  const raised = new Map<AlarmKey, Readonly<Record<string, unknown>>>();
  return {
    raise(key, fields, message) {
      if (raised.has(key)) return;
      if (raised.size >= 10_000) raised.clear();
      raised.set(key, fields);
      log.error({ ...fields, alarm: key }, message);
    },
    clear(key) {
      const fields = raised.get(key);
      if (fields === undefined) return;
      raised.delete(key);
      log.info({ alarm: key, ...fields }, 'alarm ended');
    },
  };
}

/** Pause between looks at a transaction that may be mined any moment: a quarter of the poll, 250 ms to 1 s. */
export function shortPauseMs({ pollMs }: Pick<LaneNetwork, 'pollMs'>): number {
  return Math.min(pollMs, Math.max(250, Math.min(1_000, pollMs / 4)));
}
