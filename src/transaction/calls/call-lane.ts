import type { StepResult, WorkRow } from '../../engine/work.ts';
import { backoffMs } from '../../engine/backoff.ts';
import type { Loaded } from '../../event-store/ledger.ts';
import { deferOperations, dueOperations, msUntilDue } from '../defer.ts';
import type { Deferral } from '../defer.ts';
import { findFound } from '../found.ts';
import { withoutForgotten } from '../forgotten-vaults.ts';
import type { LaneState, OpenedLane } from '../lane-state.ts';
import { decideQuarantine, laneKind } from '../lane-state.ts';
import { affordableFees, canPay, readMeans } from '../means.ts';
import type { Means } from '../means.ts';
import { readNetworkGate } from '../network-gate.ts';
import type { Batch } from '../plan-ready.ts';
import { planReady } from '../plan-ready.ts';
import { commitLane } from '../quarantine.ts';
import type { CallLane, LaneDeps } from '../runtime.ts';
import { shortPauseMs } from '../runtime.ts';
import { IDLE_CHECK_MS } from '../sign-ready.ts';
import { readSiblings } from '../siblings.ts';
import { sift } from '../simulate.ts';
import { CALL_TABLE, callKind } from './call-kind.ts';
import { stepCallQuarantine } from './call-quarantine.ts';
import { lastCallOf, requestCall } from './request-call.ts';

/** Operations looked at in one step, as a multiple of what may be open at once. */
const PLANNED = 4;
/** First and longest pause before an operation is asked for again that policy or people refused. */
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;

/**
 * One step of a lane whose custodian broadcasts: the only place where a new external id is promised. Every request is
 * committed with its operation's event; it is sent by the call's own steps.
 */
export async function stepCallLane(deps: LaneDeps, lane: CallLane): Promise<StepResult> {
  const laneId = lane.context.lane;
  lane.view.isWaiting = false;
  const loaded = await deps.ledger.load(laneKind, laneId);
  const { state } = loaded;
  if (state.kind === 'none') return { kind: 'later', delayMs: lane.pollMs };
  if (state.stopped !== null) {
    lane.view.condition = { code: 'stopped', message: state.stopped.why };
    return { kind: 'later', delayMs: IDLE_CHECK_MS };
  }
  const gate = await readNetworkGate(deps.ledger, lane.network);
  if (gate.stopped !== null) {
    lane.view.isWaiting = true;
    return { kind: 'later', delayMs: lane.pollMs };
  }
  const { quarantine } = state;
  if (quarantine !== null) {
    lane.view.isWaiting = true;
    return stepCallQuarantine(deps, lane, loaded, { ...state, quarantine });
  }
  const [found] = await findFound(deps.store, laneId, ['new', 'untagged']);
  if (found !== undefined) {
    const doubt = `transaction ${found.hash} of our signer was never asked for by this database`;
    await commitLane(deps, loaded, decideQuarantine(state, doubt));
    deps.log.error(
      { alarm: 'quarantine_started', lane: laneId, reason: doubt },
      'quarantine started: nothing is asked for until the custodian and the chain are read',
    );
    return { kind: 'advanced' };
  }
  lane.view.checkedMs = deps.time.nowMs();
  const { doubt: ofOthers } = await readSiblings(deps, lane);
  if (ofOthers !== null) {
    lane.view.isWaiting = true;
    lane.view.condition = ofOthers;
    return { kind: 'later', delayMs: shortPauseMs(lane) };
  }
  return requestReady(deps, lane, loaded, state);
}

async function requestReady(
  deps: LaneDeps,
  lane: CallLane,
  loaded: Loaded<LaneState>,
  state: OpenedLane,
): Promise<StepResult> {
  const laneId = lane.context.lane;
  const due = await dueOperations(deps, laneId, lane.inFlight * PLANNED);
  const rows = await withoutRefused(deps, due);
  if (rows.length === 0) {
    lane.view.condition = null;
    return { kind: 'later', delayMs: await msUntilDue(deps, laneId, IDLE_CHECK_MS) };
  }
  const open = { table: CALL_TABLE.name, where: { lane: laneId, phase: { in: ['requested', 'pending'] } } };
  const openCalls = await deps.store.find({ ...open, limit: lane.inFlight });
  const slots = lane.inFlight - openCalls.length;
  if (slots <= 0) {
    lane.view.isWaiting = true;
    lane.view.condition = null;
    return { kind: 'later', delayMs: shortPauseMs(lane) };
  }
  const committedWei = openCalls.reduce((sum, row) => sum + BigInt(row['greatest_cost'] as string), 0n);
  const means = { ...(await readMeans(deps, lane, 0)), committedWei };
  if (affordableFees(deps, lane, means.market) === null) return waitForMeans(lane);
  const planned = await planReady(deps, lane, state, rows);
  const batches = await withoutForgotten(deps, lane, state, planned);
  const result = await requestBatches(deps, lane, loaded, { batches, means, slots });
  if (result === 'unpaid') return waitForMeans(lane);
  if (result === 'conflict') return { kind: 'later', delayMs: shortPauseMs(lane) };
  lane.view.condition = null;
  return { kind: 'later', delayMs: 0 };
}

/** Until the fees or the balance change. */
function waitForMeans(lane: CallLane): StepResult {
  lane.view.isWaiting = true;
  return { kind: 'later', delayMs: lane.pollMs };
}

/** Asks for one after the other until no slot is left. What cannot be asked for waits with its reason. */
async function requestBatches(
  deps: LaneDeps,
  lane: CallLane,
  loaded: Loaded<LaneState>,
  { batches, means, slots }: { batches: readonly Batch[]; means: Means; slots: number },
): Promise<'done' | 'unpaid' | 'conflict'> {
  let spentWei = 0n;
  let requested = 0;
  for (const batch of batches) {
    if (requested === slots) break;
    const { passed, culprits } = await sift(deps, lane, batch, means);
    await deferOperations(deps, culprits);
    const fees = affordableFees(deps, lane, means.market);
    const entry = passed?.entries[0];
    if (passed === null || entry === undefined || fees === null) continue;
    const { data, gas } = passed;
    const greatestCost = gas * fees.maxFeePerGas;
    const after = { ...means, committedWei: means.committedWei + spentWei };
    if (!canPay(deps, lane, after, greatestCost)) return 'unpaid';
    const asked = { feature: batch.feature, plan: entry.plan, data, gas, greatestCost };
    const result = await requestCall(deps, lane, loaded, asked);
    if (result.kind === 'conflict') return 'conflict';
    if (result.kind === 'refused') {
      const { id, attempts } = entry.row;
      await deferOperations(deps, [{ id, attempts, code: result.code, message: result.message }]);
      continue;
    }
    spentWei += greatestCost;
    requested += 1;
  }
  return 'done';
}

/**
 * Without those that the custodian refused a short while ago: they are asked for again, ever more rarely, and show the
 * custodian's word meanwhile.
 */
async function withoutRefused(deps: LaneDeps, rows: readonly WorkRow[]): Promise<readonly WorkRow[]> {
  const deferrals: Deferral[] = [];
  const kept: WorkRow[] = [];
  for (const row of rows) {
    const last = await lastCallOf(deps.store, row.id);
    const leftMs = last?.outcome === 'refused' ? last.sinceMs + pauseMs(last.attempt) - deps.time.nowMs() : 0;
    if (last === null || leftMs <= 0) {
      kept.push(row);
      continue;
    }
    const { state } = await deps.ledger.load(callKind, last.id);
    const why = state.phase === 'final' ? state.why : null;
    const message = `the custodian did not sign it: ${why ?? 'no reason given'}; it is asked again`;
    const { id, attempts } = row;
    deferrals.push({ id, attempts, code: 'custodian_refused', message, recheckMs: leftMs });
  }
  await deferOperations(deps, deferrals);
  return kept;
}

function pauseMs(attempt: number): number {
  return backoffMs(attempt, 1, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
}
