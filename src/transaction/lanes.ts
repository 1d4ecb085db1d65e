import { createSharedReads } from '../chain/rpc/shared-reads.ts';
import { custodianKind } from '../signer/fireblocks/kept-address.ts';
import { createSteadyTime } from '../engine/steady-time.ts';
import type { StepResult, Worker } from '../engine/work.ts';
import type { EventStore, Metadata, TableDefinition } from '../event-store/event-store.ts';
import type { DomainEvent, StreamKind } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import { anyKind } from '../event-store/create-ledger.ts';
import { transact } from '../event-store/transact.ts';
import { IssuanceError, unreachable } from '../primitives/failures.ts';
import { SIGNING_REQUEST_TABLE } from './asked.ts';
import { CALL_TABLE, callKind } from './calls/call-kind.ts';
import { stepCallLane } from './calls/call-lane.ts';
import { cancelCall } from './calls/cancel-call.ts';
import { isCallId } from './calls/call-state.ts';
import { createCallWorker } from './calls/call-worker.ts';
import { withChain } from './chain-view.ts';
import { FOUND_OPERATION_TABLE, FOUND_TRANSACTION_TABLE } from './found.ts';
import { createGasLimits } from './gas-limits.ts';
import type { LaneId } from './lane-feature.ts';
import { laneId } from './lane-id.ts';
import { decideQuarantine, decideResume, LANE_TABLE, laneKind } from './lane-state.ts';
import { readLaneStatus } from './lane-status.ts';
import type { LaneStatus } from './lane-status.ts';
import { stepLane } from './lane-step.ts';
import { stepMined } from './mined-step.ts';
import { stepPending } from './pending-step.ts';
import { cancelTransaction } from './reprice.ts';
import type { AnyLane, AnyNetwork, LaneDeps, LanesOptions, Watch } from './runtime.ts';
import { createAlarms, isCallLane, noMeter } from './runtime.ts';
import { TRANSACTION_HASH_TABLE, TRANSACTION_TABLE, transactionKind } from './transaction-kind.ts';
import { createTrials } from './trial.ts';
import type { Known } from './transaction-state.ts';

/** Operations that become ready together are collected for this long, and share transactions. */
const COLLECT_MS = 25;
/** Pause before a lane whose signer is not configured is looked at again. */
const RETIRED_PAUSE_MS = 300_000;

/** Tables of the lanes and transactions. */
export const laneTables: readonly TableDefinition[] = [
  LANE_TABLE,
  TRANSACTION_TABLE,
  TRANSACTION_HASH_TABLE,
  FOUND_TRANSACTION_TABLE,
  FOUND_OPERATION_TABLE,
  SIGNING_REQUEST_TABLE,
  CALL_TABLE,
];

/** Categories of streams of the lanes and transactions, and of custodians' accounts. */
export const laneKinds: readonly StreamKind<unknown, DomainEvent>[] = [
  anyKind(laneKind),
  anyKind(transactionKind),
  anyKind(callKind),
  anyKind(custodianKind),
];

export interface Lanes {
  /** For the engine: kinds `lane`, `transaction` and `call`. */
  readonly workers: readonly Worker[];
  /**
   * Opens what is new, puts every lane of a restored database into quarantine, and wakes all lanes: the process before
   * may have ended between a commit and its wake. Before the engine starts.
   */
  openAll(): Promise<void>;
  /**
   * Signs a self-transfer of nothing at the nonce of a waiting transaction; whichever is mined decides.
   *
   * @throws IssuanceError `transaction_unknown`, `transaction_not_pending`, `insufficient_funds`, `signer_retired`
   */
  cancel(transactionId: string, metadata: Metadata): Promise<void>;
  /**
   * Takes up a network's stopped lane and vaults; false when nothing was stopped.
   *
   * @throws IssuanceError `network_unknown`
   */
  resume(network: string, actor: string, reason: string): Promise<boolean>;
  /** Every lane that was ever opened, as last seen. */
  status(): Promise<readonly LaneStatus[]>;
  /** Stops listening to the store. */
  close(): void;
}

/** Creates the lanes: one for each network and signer. */
export function createLanes(options: LanesOptions): Lanes {
  const { ledger, store, clock, timers, features, networks, restored, engineWake, ...rest } = options;
  const lanes = new Map(networks.map((network) => [idOf(network), createLane(network)]));
  const time = createSteadyTime(clock, timers);
  const deps: LaneDeps = {
    ...rest,
    ledger,
    store,
    timers,
    time,
    features: new Map(features.map((feature) => [feature.kind, feature])),
    alarms: createAlarms(options.log),
    trials: options.trials ?? createTrials(),
    meter: options.meter ?? noMeter,
    gasLimits: createGasLimits(timers),
    sharedReads: createSharedReads(),
    siblings: (lane) => [...lanes.values()].filter((it) => it !== lane && it.chainId === lane.chainId),
    seenIn: new Map(),
    sentMs: new Map(),
    askedMs: new Map(),
  };

  const wakeSoon = createCollectedWake(() => {
    const eager = [...lanes.values()].filter(({ view }) => !view.isWaiting);
    if (eager.length > 0) engineWake(eager.map(({ context }) => context.lane));
  }, options);
  const readyEvents = new Set(features.flatMap((feature) => feature.readyEvents));
  const unsubscribe = store.onCommitted(({ events, timeMs }) => {
    time.seen(timeMs);
    if (events.some(({ type }) => readyEvents.has(type))) wakeSoon();
  });

  const laneWorker: Worker = {
    kind: 'lane',
    async step({ id }) {
      const lane = lanes.get(id);
      if (lane === undefined) return { kind: 'later', delayMs: RETIRED_PAUSE_MS };
      return withChain(lane.rpc, () => (isCallLane(lane) ? stepCallLane(deps, lane) : stepLane(deps, lane)));
    },
  };
  const transactionWorker: Worker = {
    kind: 'transaction',
    step: ({ id }) => stepTransaction(deps, lanes, id),
  };

  return {
    workers: [laneWorker, transactionWorker, createCallWorker(deps, lanes)],
    async openAll() {
      const lastMs = restored ? await lastEventMs(store) : null;
      for (const lane of lanes.values()) await openLane(deps, lane, lastMs);
      // Wakes are not stored: one that a crash swallowed would leave what is ready until the lane's next idle look.
      engineWake([...lanes.keys()]);
    },
    cancel: (transactionId, metadata) => cancel(deps, lanes, transactionId, metadata),
    resume: (network, actor, reason) => resume(deps, lanes, network, actor, reason),
    status: () => readLaneStatus(store, lanes, ledger),
    close: unsubscribe,
  };
}

async function cancel(
  deps: LaneDeps,
  lanes: ReadonlyMap<LaneId, AnyLane>,
  transactionId: string,
  metadata: Metadata,
): Promise<void> {
  if (isCallId(transactionId)) return cancelCall(deps, lanes, transactionId, metadata);
  const loaded = await deps.ledger.load(transactionKind, transactionId);
  const { state } = loaded;
  if (state.phase === 'none') {
    throw new IssuanceError('transaction_unknown', `there is no transaction ${transactionId}`);
  }
  const lane = lanes.get(laneId(state.chainId, state.signer));
  if (lane === undefined || isCallLane(lane)) {
    throw new IssuanceError('signer_retired', `the signer of ${transactionId} is not configured any more`);
  }
  await cancelTransaction(deps, lane, loaded, metadata);
}

async function resume(
  deps: LaneDeps,
  lanes: ReadonlyMap<LaneId, AnyLane>,
  network: string,
  actor: string,
  reason: string,
): Promise<boolean> {
  const ofNetwork = [...lanes.values()].filter((lane) => lane.network === network);
  if (ofNetwork.length === 0) {
    throw new IssuanceError('network_unknown', `no lane serves network ${network}`);
  }
  let resumed = false;
  for (const { context } of ofNetwork) {
    const { committed, loaded } = await transact(
      deps.ledger,
      laneKind,
      context.lane,
      ({ state }) => {
        const events = decideResume(state, actor, reason);
        return events.length === 0 ? null : { events };
      },
      { actor, reason },
    );
    resumed ||= committed !== null;
    deps.alarms.clear(`stopped/${context.lane}`);
    const vaults = loaded.state.kind === 'none' ? [] : Object.keys(loaded.state.stoppedVaults);
    for (const vault of vaults) deps.alarms.clear(`vault_stopped/${context.lane}/${vault}`);
  }
  return resumed;
}

function idOf({ chainId, signer }: Pick<AnyNetwork, 'chainId' | 'signer'>): LaneId {
  return laneId(chainId, signer.address);
}

function createLane(network: AnyNetwork): AnyLane {
  const signer = network.signer.address.toLowerCase() as AnyLane['context']['signer'];
  const { chainId } = network;
  const running: Pick<AnyLane, 'context' | 'view'> = {
    context: { lane: idOf(network), network: network.network, chainId, signer },
    view: {
      latestNonce: null,
      pendingNonce: null,
      balanceWei: null,
      baseFeeWei: null,
      condition: null,
      refusal: null,
      checkedMs: null,
      isWaiting: false,
    },
  };
  // A custodian's id is of one operation, so each is a call of its own.
  return network.signer.kind === 'fireblocks'
    ? { ...network, ...running, signer: network.signer, batchCount: 1 }
    : { ...network, ...running, signer: network.signer };
}

/** When the last event of the log was committed; the log's beginning where there is none. */
async function lastEventMs(store: EventStore): Promise<number> {
  const position = await store.lastPosition();
  const [last] = await store.readAll({ after: position - 1, limit: 1 });
  return last?.timeMs ?? 0;
}

/** Any number of calls within the collecting time make one. */
function createCollectedWake(wake: () => void, { timers }: Pick<LanesOptions, 'timers'>): () => void {
  let isCollecting = false;
  return () => {
    if (isCollecting) return;
    isCollecting = true;
    timers.after(COLLECT_MS, () => {
      isCollecting = false;
      wake();
    });
  };
}

/** `lastMs`: when the last event before a restore was committed; null when nothing was restored. */
async function openLane(deps: LaneDeps, { context }: AnyLane, lastMs: number | null): Promise<void> {
  const { lane, network, chainId, signer } = context;
  const loaded = await deps.ledger.load(laneKind, lane);
  if (loaded.version === 0) {
    const opened = { type: 'LaneOpened', data: { network, chainId, signer } } as const;
    await deps.ledger.commit({
      changes: [change(laneKind, loaded, [opened])],
      metadata: { actor: 'engine' },
    });
    deps.log.info({ lane, network }, 'lane opened');
  }
  if (lastMs === null) return;
  const again = await deps.ledger.load(laneKind, lane);
  const events = decideQuarantine(again.state, 'restored', lastMs);
  await deps.ledger.commit({ changes: [change(laneKind, again, events)], metadata: { actor: 'engine' } });
  deps.log.warn({ lane, network }, 'quarantine started: the database is a copy of an earlier one');
}

async function stepTransaction(
  deps: LaneDeps,
  lanes: ReadonlyMap<LaneId, AnyLane>,
  id: string,
): Promise<StepResult> {
  const loaded = await deps.ledger.load(transactionKind, id);
  const { state } = loaded;
  if (state.phase === 'none' || state.phase === 'final') return { kind: 'later', delayMs: 0 };
  const watch = watchOf(lanes, state);
  if (watch === null) {
    const message = `no network with chain id ${String(state.chainId)} is configured, so nothing watches it`;
    return { kind: 'failed', error: { code: 'network_unknown', message, atMs: deps.time.nowMs() } };
  }
  return withChain(watch.rpc, async () => {
    // A step that begins again on another endpoint may have committed already.
    const current = await deps.ledger.load(transactionKind, id);
    switch (current.state.phase) {
      case 'pending':
        return stepPending(deps, watch, current, current.state);
      case 'mined':
        return stepMined(deps, watch, current, current.state);
      case 'none':
      case 'final':
        return { kind: 'later', delayMs: 0 };
      default:
        return unreachable(current.state);
    }
  });
}

/** How to watch a transaction: by its own lane, else, when its signer is retired, by any lane of its chain. */
function watchOf(lanes: ReadonlyMap<LaneId, AnyLane>, { chainId, signer }: Known): Watch | null {
  const own = lanes.get(laneId(chainId, signer));
  if (own !== undefined && !isCallLane(own)) return { ...own, lane: own };
  const sameChain = [...lanes.values()].find((lane) => lane.chainId === chainId);
  return sameChain === undefined ? null : { ...sameChain, lane: null };
}
