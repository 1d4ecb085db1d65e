import type { Metadata } from '../../event-store/event-store.ts';
import { change } from '../../event-store/ledger.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import type { LaneId } from '../lane-feature.ts';
import { laneId } from '../lane-id.ts';
import type { AnyLane, LaneDeps } from '../runtime.ts';
import { isCallLane } from '../runtime.ts';
import { decideCancelling, toldText } from './call-decider.ts';
import { callKind } from './call-kind.ts';

/**
 * Gives up a call as far as that can be done. What the custodian is not known to have gives its external id to a
 * request for nothing: whichever of the two is taken, the other never is. What it has and has not signed, it is asked
 * to cancel; its status tells what came of that.
 *
 * @throws IssuanceError `transaction_unknown`, `transaction_not_pending`, `signer_retired`, `custodian_signed`
 */
export async function cancelCall(
  deps: LaneDeps,
  lanes: ReadonlyMap<LaneId, AnyLane>,
  id: string,
  metadata: Metadata,
): Promise<void> {
  const loaded = await deps.ledger.load(callKind, id);
  const { state } = loaded;
  if (state.phase === 'none') throw new IssuanceError('transaction_unknown', `there is no call ${id}`);
  if (state.phase === 'mined' || state.phase === 'final') {
    throw new IssuanceError(
      'transaction_not_pending',
      `call ${id} is ${state.phase}, so it cannot be cancelled`,
    );
  }
  const lane = lanes.get(laneId(state.chainId, state.signer));
  if (lane === undefined || !isCallLane(lane)) {
    throw new IssuanceError('signer_retired', `the custodian of ${id} is not configured any more`);
  }
  const { told, hashes, wasSigned, externalId } = state;
  if (state.phase === 'requested' || state.phase === 'refused') {
    const filler = lane.signer.prepareFiller({ chainId: state.chainId, externalId });
    const events = decideCancelling(state, filler);
    if (events.length > 0)
      await deps.ledger.commit({ changes: [change(callKind, loaded, events)], metadata });
    return;
  }
  if (hashes.length > 0 || wasSigned || told?.stage === 'failed') {
    const words = told === null ? 'on its way' : toldText(told);
    const message = `the custodian may have signed ${externalId} (${words}): only a block tells what comes of it`;
    throw new IssuanceError('custodian_signed', message);
  }
  const custodianId = told?.custodianId ?? null;
  if (custodianId !== null) await lane.signer.cancel(custodianId);
}
