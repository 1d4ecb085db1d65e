import type { StepResult } from '../engine/work.ts';
import { highestCounts } from './chain-view.ts';
import type { NonceCounts } from './chain-view.ts';
import { dueOperations, msUntilDue } from './defer.ts';
import { fillNonces } from './fill-nonces.ts';
import { findFound } from './found.ts';
import type { LaneState } from './lane-state.ts';
import { decideQuarantine, laneKind } from './lane-state.ts';
import { readNetworkGate } from './network-gate.ts';
import { nextNonce, unpromisedNonces } from './nonces.ts';
import { commitLane, stepQuarantine } from './quarantine.ts';
import type { Lane, LaneDeps } from './runtime.ts';
import { shortPauseMs } from './runtime.ts';
import { readSiblings } from './siblings.ts';
import { IDLE_CHECK_MS, signReady } from './sign-ready.ts';
import { resendVanished } from './vanished.ts';

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
      { alarm: 'quarantine_started', lane: laneId, reason: doubt },
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
  // With nothing to sign, nobody needs to know.
  const isReady = (await dueOperations(deps, laneId, 1)).length > 0;
  const ofOthers = isReady ? (await readSiblings(deps, lane)).doubt : null;
  if (ofOthers !== null) {
    lane.view.isWaiting = true;
    lane.view.condition = ofOthers;
    return { kind: 'later', delayMs: shortPauseMs(lane) };
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
