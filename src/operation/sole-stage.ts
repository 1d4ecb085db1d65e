import type { NextStep } from '../engine/work.ts';
import { unreachable } from '../primitives/failures.ts';
import { CLOSING_RECHECK_MS } from './closing.ts';

/** Where an open operation stands that is one transaction of its own; what a held one returns to. */
export type SoleStage =
  | { readonly kind: 'requested' }
  | { readonly kind: 'submitted'; readonly transactionId: string };

/** Such an operation in any of its states, as far as its way is concerned. */
type SoleState =
  | { readonly kind: 'none' | 'completed' | 'closed' }
  | SoleStage
  | { readonly kind: 'held'; readonly from: SoleStage };

/** The stage of an open or held operation; null for every other state. */
export function stageOf(state: SoleState): SoleStage | null {
  switch (state.kind) {
    case 'held':
      return state.from;
    case 'requested':
    case 'submitted':
      return state;
    default:
      return null;
  }
}

/** The stage without whatever else the state carries. */
export function bareStage(stage: SoleStage): SoleStage {
  return stage.kind === 'requested'
    ? { kind: 'requested' }
    : { kind: 'submitted', transactionId: stage.transactionId };
}

/** What it does next; `known` is asked of open ones only. */
export function nextSoleStep(
  state: SoleState,
  known: () => { readonly lane: string; readonly network: string; readonly closing: string | null },
): NextStep {
  switch (state.kind) {
    case 'none':
    case 'completed':
    case 'closed':
      return { kind: 'none' };
    case 'requested':
      return { kind: 'lane', lane: known().lane };
    case 'submitted':
    case 'held': {
      const { closing, network } = known();
      if (closing === null) return { kind: 'wait', for: state.kind === 'held' ? 'operator' : 'transaction' };
      const dependency = `chain:${network}`;
      return { kind: 'wait', for: 'closing', dependency, recheckMs: CLOSING_RECHECK_MS };
    }
    default:
      return unreachable(state);
  }
}
