import type { Loaded, Outcome } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { LaneDeps } from '../runtime.ts';
import { callKind } from './call-kind.ts';
import type { CallEvent, CallState } from './call-state.ts';

/** Commits events of a call together with what they mean to its operation. */
export async function commitCall(
  deps: Pick<LaneDeps, 'ledger'>,
  loaded: Loaded<CallState>,
  events: readonly CallEvent[],
  outcome: Outcome,
  causation: string,
): Promise<void> {
  await deps.ledger.commit({
    changes: [change(callKind, loaded, events), ...outcome.changes],
    guards: outcome.guards ?? [],
    writes: outcome.writes ?? [],
    metadata: { actor: 'engine', causation },
  });
}
