import type { StepResult, WorkRow } from '../engine/work.ts';
import type { Loaded } from '../event-store/ledger.ts';
import { highestCounts } from './chain-view.ts';
import type { NonceCounts } from './chain-view.ts';
import { findAsked } from './asked.ts';
import { deferOperations, dueOperations, msUntilDue, readyOperations } from './defer.ts';
import { fillNonces } from './fill-nonces.ts';
import { withoutForgotten } from './forgotten-vaults.ts';
import { findFound } from './found.ts';
import { unreachable } from '../primitives/failures.ts';
import type { LaneState, OpenedLane } from './lane-state.ts';
import { decideQuarantine, laneKind } from './lane-state.ts';
import type { Means } from './means.ts';
import { affordableFees, canPay, readMeans } from './means.ts';
import { readNetworkGate } from './network-gate.ts';
import { nextNonce, unpromisedNonces } from './nonces.ts';
import type { Batch } from './plan-ready.ts';
import { planReady, SIGN_REFUSED } from './plan-ready.ts';
import { commitLane, stepQuarantine } from './quarantine.ts';
import type { Lane, LaneDeps } from './runtime.ts';
import { shortPauseMs } from './runtime.ts';
import { promiseNonce, signingPending } from './sign-batch.ts';
import { sift } from './simulate.ts';
import { costOf } from './transaction-state.ts';
import { slotsOnTrial } from './trial.ts';
import { resendVanished } from './vanished.ts';

/** How often a lane with nothing to do compares its nonces with the chain. Before signing it always does. */
const IDLE_CHECK_MS = 60_000;
/** Plans made in one step, as a multiple of what fits one transaction: enough for all slots, and bounded. */
const BATCHES_PLANNED = 4;

/**
 * One step of a lane: the only place where a new nonce is promised. The chain is read before the database, so that
 * what the chain knows and the database does not was not merely committed in between.
 */
export async function stepLane(deps: LaneDeps, lane: Lane): Promise<StepResult> {
  const laneId = lane.context.lane;
  lane.view.isWaiting = false;
  const before = await deps.ledger.load(laneKind, laneId);
  if (await isIdle(deps, lane, before.state)) {
    return { kind: 'later', delayMs: await msUntilDue(deps, laneId, IDLE_CHECK_MS) };
  }
  const counts = await highestCounts(lane.rpc, lane.context.signer, deps.timers);
  lane.view.latestNonce = counts.latest;
  lane.view.pendingNonce = counts.pending;
  const loaded = await deps.ledger.load(laneKind, laneId);
  const { state } = loaded;
  if (state.kind === 'none') return { kind: 'later', delayMs: lane.pollMs };
  if (state.stopped !== null) {
    lane.view.condition = { code: 'stopped', message: state.stopped.why };
    return { kind: 'later', delayMs: IDLE_CHECK_MS };
  }
  await resendVanished(deps, lane, counts.latest);
  const gate = await readNetworkGate(deps.ledger, lane.network);
  if (gate.stopped !== null) {
    lane.view.isWaiting = true;
    return { kind: 'later', delayMs: lane.pollMs };
  }
  const next = await nextNonce(deps.store, laneId);
  const { quarantine } = state;
  if (quarantine !== null) {
    lane.view.isWaiting = true;
    return stepQuarantine(deps, lane, loaded, { ...state, quarantine }, counts, next);
  }
  const doubt = await doubtOf(deps, lane, counts, next);
  if (doubt !== null) {
    await commitLane(deps, loaded, decideQuarantine(state, doubt));
    deps.log.error(
      { lane: laneId, reason: doubt },
      'quarantine started: nothing is signed until the chain is read',
    );
    return { kind: 'advanced' };
  }
  lane.view.checkedMs = deps.time.nowMs();
  const gaps = await unpromisedNonces(deps.store, laneId, counts.latest, next - 1);
  if (gaps.length > 0) {
    const filled = await fillNonces(deps, lane, loaded, gaps, counts.latest);
    return { kind: 'later', delayMs: filled === gaps.length ? 0 : lane.pollMs };
  }
  return signReady(deps, lane, loaded, state, counts);
}

/** Nothing is ready, and the chain was compared not long ago. */
async function isIdle(deps: LaneDeps, lane: Lane, state: LaneState): Promise<boolean> {
  if (state.kind === 'none' || state.quarantine !== null || state.stopped !== null) return false;
  const { checkedMs } = lane.view;
  const nowMs = deps.time.nowMs();
  if (checkedMs === null || nowMs - checkedMs >= IDLE_CHECK_MS) return false;
  return (await dueOperations(deps, lane.context.lane, 1)).length === 0;
}

/** Why this database may be older than its own signatures; null when nothing says so. */
async function doubtOf(
  deps: LaneDeps,
  lane: Lane,
  { latest, pending }: NonceCounts,
  next: number,
): Promise<string | null> {
  if (latest > next)
    return `the chain has used nonces below ${String(latest)}, we have signed below ${String(next)}`;
  if (pending > next) return `nonces below ${String(pending)} wait, we have signed below ${String(next)}`;
  const [found] = await findFound(deps.store, lane.context.lane, ['new', 'untagged']);
  return found === undefined
    ? null
    : `transaction ${found.hash} of our signer was never signed by this database`;
}

async function signReady(
  deps: LaneDeps,
  lane: Lane,
  loaded: Loaded<LaneState>,
  state: OpenedLane,
  counts: NonceCounts,
): Promise<StepResult> {
  const laneId = lane.context.lane;
  const rows = await operationsToSign(deps, lane);
  if (rows.length === 0) {
    lane.view.condition = null;
    return { kind: 'later', delayMs: await msUntilDue(deps, laneId, IDLE_CHECK_MS) };
  }
  // In a step of several batches this counts the same chain and a newer database: never more slots than there are.
  const free = lane.inFlight - ((await nextNonce(deps.store, laneId)) - counts.latest);
  const slots = free <= 0 ? 0 : await slotsOnTrial(deps, lane, free);
  if (slots <= 0) {
    lane.view.isWaiting = true;
    lane.view.condition = null;
    return { kind: 'later', delayMs: shortPauseMs(lane) };
  }
  const means = await readMeans(deps, lane, counts.latest);
  if (affordableFees(deps, lane, means.market) === null) return waitForMeans(lane);
  const planned = await planReady(deps, lane, state, rows);
  const batches = await withoutForgotten(deps, lane, state, planned);
  let spentWei = 0n;
  let signed = 0;
  for (const batch of batches) {
    if (signed >= slots) break;
    const result = await signBatch(deps, lane, loaded, batch, {
      ...means,
      committedWei: means.committedWei + spentWei,
    });
    if (result === 'unpaid') return waitForMeans(lane);
    if (result === 'conflict') return { kind: 'later', delayMs: shortPauseMs(lane) };
    if (result === 'pending') return waitForMeans(lane);
    if (result === 'nothing') continue;
    spentWei += result.costWei;
    signed += 1;
  }
  lane.view.condition = null;
  return { kind: 'later', delayMs: 0 };
}

/**
 * The due operations, longest waiting first. While a custodian has not answered for the next nonce, only those that it
 * was asked for: the question must stay the same, whatever became ready since.
 */
async function operationsToSign(deps: LaneDeps, lane: Lane): Promise<readonly WorkRow[]> {
  const laneId = lane.context.lane;
  const due = await dueOperations(deps, laneId, lane.batchCount * BATCHES_PLANNED);
  if (lane.signer.kind === 'local') return due;
  const nonce = await nextNonce(deps.store, laneId);
  const asked = await findAsked(deps.store, { lane: laneId, nonce, ordinal: 0 });
  if (asked === null || asked.operationIds.length === 0) return due;
  const ids = new Set(asked.operationIds);
  const ready = await readyOperations(deps, laneId, [...ids]);
  // One of them is not ready any more, so the question can never be put again.
  if (ready < ids.size) return due;
  const again = due.filter(({ id }) => ids.has(id));
  return again.length === ids.size ? again : [];
}

/** Until the fees or the balance change. */
function waitForMeans(lane: Lane): StepResult {
  lane.view.isWaiting = true;
  return { kind: 'later', delayMs: lane.pollMs };
}

/** Signs what passes of one batch; the rest waits with its reason, or stays ready. */
async function signBatch(
  deps: LaneDeps,
  lane: Lane,
  loaded: Loaded<LaneState>,
  batch: Batch,
  means: Means,
): Promise<'unpaid' | 'conflict' | 'pending' | 'nothing' | { readonly costWei: bigint }> {
  const { passed, culprits } = await sift(means.rpc, lane, batch, means.blockGasLimit, deps.meter);
  await deferOperations(deps, culprits);
  const fees = affordableFees(deps, lane, means.market);
  if (passed === null || fees === null) return 'nothing';
  const { data, gas, entries } = passed;
  const content = { body: 'operations', to: batch.vault, data, value: 0n, gas } as const;
  const costWei = costOf({ ...content, ...fees });
  if (!canPay(deps, lane, means, costWei)) return 'unpaid';
  // From the database each time: this step's own commits count like anybody's.
  const nonce = await nextNonce(deps.store, lane.context.lane);
  const assignment = { nonce, content, fees, batch: { feature: batch.feature, entries } };
  const promised = await promiseNonce(deps, lane, loaded, assignment);
  switch (promised.kind) {
    case 'signed':
      if (!deps.trials.isPassed(lane.context.lane)) deps.trials.begin(lane.context.lane, nonce);
      return { costWei };
    case 'conflict':
      return 'conflict';
    case 'pending': {
      const why = signingPending(promised.message);
      lane.view.condition = why;
      await deferOperations(
        deps,
        entries.map(({ row: { id, attempts } }) => ({ id, attempts, ...why })),
      );
      return 'pending';
    }
    case 'refused': {
      const { code, message } = promised;
      const refused = entries.map(({ row: { id, attempts } }) => ({
        id,
        attempts,
        code: SIGN_REFUSED,
        message: `${code}: ${message}`,
      }));
      await deferOperations(deps, refused);
      return 'nothing';
    }
    default:
      return unreachable(promised);
  }
}
