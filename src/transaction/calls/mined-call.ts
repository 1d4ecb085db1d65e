import type { PinnedRpc } from '../../chain/rpc/types.ts';
import type { StepResult } from '../../engine/work.ts';
import type { Loaded } from '../../event-store/ledger.ts';
import { unreachable } from '../../primitives/failures.ts';
import { revertReason } from '../final-step.ts';
import { depthOf, pauseToFinality } from '../mined-step.ts';
import type { CallWatch, LaneDeps } from '../runtime.ts';
import { featureOf, NO_OUTCOME } from '../transaction-commit.ts';
import { decideFinal, decideUnmined } from './call-decider.ts';
import type { CallState, MinedCall } from './call-state.ts';
import { callForFeature } from './call-state.ts';
import { commitCall } from './commit-call.ts';

/**
 * One look at a mined call, until its block is final. Another block at its height takes the effect back; to bring it
 * back is the custodian's, and its operation stays with this call until a block tells.
 */
export async function stepMinedCall(
  deps: LaneDeps,
  watch: CallWatch,
  loaded: Loaded<CallState>,
  state: MinedCall,
): Promise<StepResult> {
  const rpc = watch.rpc.pinned();
  const { mined } = state;
  const depth = await depthOf(deps, watch, loaded.id, mined, rpc);
  switch (depth) {
    case 'gone':
      return unmine(deps, loaded, state);
    case 'doubtful':
    case 'unknown':
      return { kind: 'later', delayMs: watch.pollMs };
    case 'mined':
      return { kind: 'later', delayMs: pauseToFinality(deps, watch, loaded.facts?.sinceMs ?? 0) };
    case 'final':
      return end(deps, loaded, state, rpc);
    default:
      return unreachable(depth);
  }
}

async function unmine(deps: LaneDeps, loaded: Loaded<CallState>, state: MinedCall): Promise<StepResult> {
  const { hash, status, blockNumber, blockHash } = state.mined;
  const why = `block ${String(blockNumber)} is no longer ${blockHash}`;
  const shown = callForFeature(state);
  const hadEffect = status === 1;
  const outcome = hadEffect ? await featureOf(deps, shown.kind).unsettle(shown, why) : NO_OUTCOME;
  await commitCall(deps, loaded, decideUnmined(state, why), outcome, hash);
  const fields = { call: loaded.id, hash };
  if (hadEffect)
    deps.log.error(
      { ...fields, alarm: 'effect_vanished' },
      `an effect vanished; its custodian is to bring it back: ${why}`,
    );
  else deps.log.warn(fields, `a mined call vanished: ${why}`);
  return { kind: 'advanced' };
}

async function end(
  deps: LaneDeps,
  loaded: Loaded<CallState>,
  state: MinedCall,
  rpc: PinnedRpc,
): Promise<StepResult> {
  const { mined, signer, to, data } = state;
  const shown = callForFeature(state);
  const reverted = mined.status === 0;
  const outcome = reverted
    ? await featureOf(deps, shown.kind).release(shown, {
        kind: 'reverted',
        text: await revertReason(rpc, mined, { from: signer, to, data }),
      })
    : NO_OUTCOME;
  await commitCall(deps, loaded, decideFinal(state), outcome, mined.hash);
  const ending = reverted ? 'reverted' : 'effect';
  deps.log.info({ call: loaded.id, hash: mined.hash, outcome: ending }, 'call final');
  return { kind: 'advanced' };
}
