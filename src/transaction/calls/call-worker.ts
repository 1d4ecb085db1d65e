import type { StepResult, Worker } from '../../engine/work.ts';
import { unreachable } from '../../primitives/failures.ts';
import { withChain } from '../chain-view.ts';
import type { LaneId } from '../lane-feature.ts';
import { laneId } from '../lane-id.ts';
import type { AnyLane, CallWatch, LaneDeps } from '../runtime.ts';
import { isCallLane } from '../runtime.ts';
import { callKind } from './call-kind.ts';
import type { KnownCall } from './call-state.ts';
import { stepMinedCall } from './mined-call.ts';
import { stepOpenCall } from './pending-call.ts';
import { submitCall } from './submit-call.ts';

/** Takes calls of custodians to their end. */
export function createCallWorker(deps: LaneDeps, lanes: ReadonlyMap<LaneId, AnyLane>): Worker {
  return { kind: 'call', step: ({ id }) => stepCall(deps, lanes, id) };
}

async function stepCall(
  deps: LaneDeps,
  lanes: ReadonlyMap<LaneId, AnyLane>,
  id: string,
): Promise<StepResult> {
  const { state } = await deps.ledger.load(callKind, id);
  if (state.phase === 'none' || state.phase === 'final') return { kind: 'later', delayMs: 0 };
  const watch = watchOf(lanes, state);
  if (watch === null) {
    const message = `no network with chain id ${String(state.chainId)} is configured, so nothing watches it`;
    return { kind: 'failed', error: { code: 'network_unknown', message, atMs: deps.time.nowMs() } };
  }
  return withChain(watch.rpc, async () => {
    // A step that begins again on another endpoint may have committed already.
    const loaded = await deps.ledger.load(callKind, id);
    const current = loaded.state;
    switch (current.phase) {
      case 'requested':
      case 'refused':
        return submitCall(deps, watch, loaded, current);
      case 'pending':
      case 'held':
        return stepOpenCall(deps, watch, loaded, current);
      case 'mined':
        return stepMinedCall(deps, watch, loaded, current);
      case 'none':
      case 'final':
        return { kind: 'later', delayMs: 0 };
      default:
        return unreachable(current);
    }
  });
}

/** By its own lane, else, when its custodian is not configured any more, by any lane of its chain. */
function watchOf(lanes: ReadonlyMap<LaneId, AnyLane>, { chainId, signer }: KnownCall): CallWatch | null {
  const own = lanes.get(laneId(chainId, signer));
  if (own !== undefined && isCallLane(own)) return { ...own, lane: own };
  const sameChain = [...lanes.values()].find((lane) => lane.chainId === chainId);
  return sameChain === undefined ? null : { ...sameChain, lane: null };
}
