import type { PinnedRpc } from '../../chain/rpc/types.ts';
import type { StepResult } from '../../engine/work.ts';
import type { Loaded } from '../../event-store/ledger.ts';
import type { CallLane, CallWatch, LaneDeps } from '../runtime.ts';
import { shortPauseMs } from '../runtime.ts';
import { featureOf } from '../transaction-commit.ts';
import { decideEndedUnsigned, toldText } from './call-decider.ts';
import type { CallState, OpenCall } from './call-state.ts';
import { callForFeature } from './call-state.ts';
import { commitCall } from './commit-call.ts';
import { lookOnChain } from './look-on-chain.ts';
import { holdCall, takeReport } from './take-report.ts';

/** Pauses between questions to the custodian about one call: an eighth of its age, within these. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** More than ever are open; beyond that the custodian is asked once more. */
const MOST_ASKED = 10_000;

/**
 * One look at a call that the custodian has, and that no confirmed block is known to hold: on the chain first, whatever
 * the custodian says; then, ever more rarely, at the custodian.
 */
export async function stepOpenCall(
  deps: LaneDeps,
  watch: CallWatch,
  loaded: Loaded<CallState>,
  state: OpenCall,
): Promise<StepResult> {
  const rpc: PinnedRpc = watch.rpc.pinned();
  const seen = await lookOnChain(deps, watch, loaded, state, rpc);
  if (seen !== null) return seen;
  const { lane } = watch;
  if (lane === null) return gone(deps, loaded, state);
  const reported = await askIfDue(deps, lane, loaded, state);
  if (reported !== null) return reported;
  const ended = await endIfOver(deps, loaded, state);
  if (ended !== null) return ended;
  const pauseMs = questionPauseMs(deps, loaded);
  return {
    kind: 'later',
    delayMs: state.hashes.length > 0 ? Math.min(pauseMs, shortPauseMs(watch)) : pauseMs,
  };
}

async function askIfDue(
  deps: LaneDeps,
  lane: CallLane,
  loaded: Loaded<CallState>,
  state: OpenCall,
): Promise<StepResult | null> {
  const nowMs = deps.time.nowMs();
  const askedMs = deps.askedMs.get(loaded.id);
  if (askedMs !== undefined && nowMs >= askedMs && nowMs - askedMs < questionPauseMs(deps, loaded))
    return null;
  const { externalId, told } = state;
  const report = await lane.signer.look({ externalId, custodianId: told?.custodianId ?? null });
  if (deps.askedMs.size >= MOST_ASKED) deps.askedMs.clear();
  deps.askedMs.set(loaded.id, nowMs);
  if (report !== null) return takeReport(deps, lane, loaded, state, report);
  deps.log.warn({ call: loaded.id }, 'the custodian does not show a call that it took, which proves nothing');
  return null;
}

/** What the custodian's last word ends: only where nothing was signed is the operation free. */
async function endIfOver(
  deps: LaneDeps,
  loaded: Loaded<CallState>,
  state: OpenCall,
): Promise<StepResult | null> {
  const { told, hashes, phase } = state;
  if (told === null || phase !== 'pending') return null;
  const words = toldText(told);
  if (hashes.length > 0) {
    if (told.stage !== 'failed' && told.stage !== 'refused') return null;
    const message = `the custodian ended a call that it had signed: ${words}; only a block can tell what came of it`;
    deps.alarms.raise(`call_unclear/${loaded.id}`, { call: loaded.id, hashes: hashes.join(', ') }, message);
    return null;
  }
  switch (told.stage) {
    case 'open':
    case 'signed':
      return null;
    case 'completed':
      deps.alarms.raise(
        `call_unclear/${loaded.id}`,
        { call: loaded.id },
        'the custodian completed a call and names no hash: it is not believed before it does, or the chain shows it',
      );
      return null;
    case 'refused': {
      if (state.wasSigned) {
        const why = `the custodian ended it as ${words}, after it had said that it was signed, and names no hash`;
        return holdCall(deps, loaded, state, why);
      }
      const shown = callForFeature(state);
      const released = await featureOf(deps, shown.kind).release(shown, { kind: 'cancelled', text: words });
      await commitCall(deps, loaded, decideEndedUnsigned(state), released, state.externalId);
      deps.log.warn({ call: loaded.id }, `the custodian did not sign a call: ${words}`);
      return { kind: 'advanced' };
    }
    case 'failed':
      return holdCall(
        deps,
        loaded,
        state,
        `the custodian ended it as ${words}, after it may have been signed, and names no hash`,
      );
    default:
      return told.stage satisfies never;
  }
}

/** Its custodian is not configured: the chain is all there is to look at. */
function gone(deps: LaneDeps, loaded: Loaded<CallState>, state: OpenCall): StepResult {
  const message = `the custodian of ${state.signer} is not configured any more: only the chain can tell its end`;
  deps.alarms.raise(`signer_gone/${loaded.id}`, { call: loaded.id, signer: state.signer }, message);
  return { kind: 'failed', error: { code: 'signer_retired', message, atMs: deps.time.nowMs() } };
}

function questionPauseMs(deps: LaneDeps, loaded: Loaded<CallState>): number {
  const ageMs = deps.time.nowMs() - (loaded.facts?.createdMs ?? 0);
  return Math.max(FIRST_PAUSE_MS, Math.min(LONGEST_PAUSE_MS, ageMs / 8));
}
