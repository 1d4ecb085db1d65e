import type { Change } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import { laneKind } from './lane-state.ts';
import type { AnyLane, LaneCondition, LaneDeps } from './runtime.ts';

/**
 * Several signers on one chain share what is doubtful: what one of them did may be what another is about to do, since
 * operations go from a signer that retires to the next one.
 */
export interface Siblings {
  /** Why a lane signs nothing at present on account of the others; null when nothing does. */
  readonly doubt: LaneCondition | null;
  /** That none of them came into doubt since; for the commit that signs. */
  readonly requires: readonly Change[];
}

/** Whether the other lanes of a chain are sure that this database knows all that they signed. */
export async function readSiblings(deps: LaneDeps, lane: AnyLane): Promise<Siblings> {
  const requires: Change[] = [];
  let doubt: LaneCondition | null = null;
  for (const { context, view } of deps.siblings(lane)) {
    const loaded = await deps.ledger.load(laneKind, context.lane);
    requires.push(change(laneKind, loaded, []));
    const { state } = loaded;
    if (state.kind !== 'none' && state.quarantine !== null) {
      const message = `lane ${context.lane} is in quarantine: it may have done what waits here`;
      doubt = { code: 'other_lane_in_quarantine', message };
    } else if (view.checkedMs === null && state.kind !== 'none' && state.stopped === null) {
      const message = `lane ${context.lane} was not compared with the chain since the start`;
      doubt ??= { code: 'other_lane_unchecked', message };
    }
  }
  return { doubt, requires };
}
