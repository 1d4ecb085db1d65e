import type { Loaded, Outcome } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { LaneFeature } from './lane-feature.ts';
import type { LaneDeps } from './runtime.ts';
import { transactionKind } from './transaction-kind.ts';
import type { TransactionEvent, TransactionState } from './transaction-state.ts';

/** Nothing of a feature's joins the commit. */
export const NO_OUTCOME: Outcome = { changes: [] };

/** @throws IssuanceError `no_feature`: without it nobody can say what an effect means, so nothing is decided */
export function featureOf(deps: Pick<LaneDeps, 'features'>, kind: string): LaneFeature {
  const feature = deps.features.get(kind);
  if (feature === undefined)
    throw new IssuanceError('no_feature', `nothing handles operations of kind ${kind}`);
  return feature;
}

/** Both, in one commit. */
export function joinOutcomes(one: Outcome, other: Outcome): Outcome {
  return {
    changes: [...one.changes, ...other.changes],
    guards: [...(one.guards ?? []), ...(other.guards ?? [])],
    writes: [...(one.writes ?? []), ...(other.writes ?? [])],
  };
}

/** Commits events of a transaction together with what they mean to its operations. */
export async function commitTransaction(
  deps: Pick<LaneDeps, 'ledger'>,
  loaded: Loaded<TransactionState>,
  events: readonly TransactionEvent[],
  outcome: Outcome,
  causation: string,
): Promise<void> {
  await deps.ledger.commit({
    changes: [change(transactionKind, loaded, events), ...outcome.changes],
    guards: outcome.guards ?? [],
    writes: outcome.writes ?? [],
    metadata: { actor: 'engine', causation },
  });
}
