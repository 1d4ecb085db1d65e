import { workRow } from '../../engine/work.ts';
import type { StreamKind } from '../../event-store/ledger.ts';
import { IssuanceError, unreachable } from '../../primitives/failures.ts';

/**
 * A database that came from a backup has forgotten what Alpaca told it since. Alpaca repeats no confirm that it had
 * delivered, so that its requests are listed and compared once after each restore.
 */
export type RestoreEvent =
  /** Requests since `sinceMs` may have been forgotten; mints until `untilMs` may have been confirmed meanwhile. */
  | { type: 'RestoreNoticed'; data: { sinceMs: number; untilMs: number } }
  /** Mints that wait for a confirm which may have come, with those that Alpaca lists and this database did not know. */
  | { type: 'RequestsListed'; data: { mints: readonly string[]; forgotten: readonly string[] } }
  /** `outcome`: what was found of it, in words. */
  | { type: 'MintCompared'; data: { id: string; outcome: string } };

export type RestoreState =
  | { readonly kind: 'none' | 'done' }
  | { readonly kind: 'noticed'; readonly sinceMs: number; readonly untilMs: number }
  /** Mints that are still to be compared. Never empty. */
  | { readonly kind: 'comparing'; readonly mints: readonly string[]; readonly sinceMs: number };

/** The one stream of the database. */
export const RESTORE_ID = 'alpaca-requests';

export function evolveRestore(state: RestoreState, event: RestoreEvent): RestoreState {
  switch (event.type) {
    case 'RestoreNoticed': {
      const isOpen = state.kind === 'noticed' || state.kind === 'comparing';
      const { sinceMs, untilMs } = event.data;
      return { kind: 'noticed', sinceMs: isOpen ? Math.min(state.sinceMs, sinceMs) : sinceMs, untilMs };
    }
    case 'RequestsListed':
      if (state.kind !== 'noticed') throw corrupt(state, event);
      return comparing(event.data.mints, state.sinceMs);
    case 'MintCompared':
      if (state.kind !== 'comparing') throw corrupt(state, event);
      return comparing(
        state.mints.filter((it) => it !== event.data.id),
        state.sinceMs,
      );
    default:
      return unreachable(event);
  }
}

function comparing(mints: readonly string[], sinceMs: number): RestoreState {
  return mints.length === 0 ? { kind: 'done' } : { kind: 'comparing', mints, sinceMs };
}

function corrupt(state: RestoreState, event: RestoreEvent): IssuanceError {
  return new IssuanceError('log_corrupt', `a restore that is ${state.kind} has the event ${event.type}`);
}

export const restoreKind: StreamKind<RestoreState, RestoreEvent> = {
  category: 'restore',
  initialState: { kind: 'none' },
  evolve: evolveRestore,
  phase: (state) => state.kind,
  rows: (state, facts) => {
    const isOpen = state.kind === 'noticed' || state.kind === 'comparing';
    const next = isOpen ? ({ kind: 'step', dependency: 'alpaca' } as const) : ({ kind: 'none' } as const);
    return workRow({ kind: 'restore', phase: state.kind, next }, facts);
  },
};
