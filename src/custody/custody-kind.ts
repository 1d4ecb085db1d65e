import { workRow } from '../engine/work.ts';
import type { ImpliedRow, StreamFacts, StreamKind } from '../event-store/ledger.ts';
import type { CustodyEvent, CustodyState } from './state.ts';
import { evolveCustody } from './state.ts';

/** Kind of the rows of work of moves. */
export const MOVE_WORK = 'move';

/** Custody has one stream for each chain. */
export function custodyStreamId(chainId: number): string {
  return String(chainId);
}

/** Id of the row of work of a network's move. */
export function moveWorkId(chainId: number): string {
  return `move/${String(chainId)}`;
}

function rows(state: CustodyState, facts: StreamFacts): readonly ImpliedRow[] {
  if (state.kind === 'none' || state.move === null) return [];
  const { network, chainId, move } = state;
  const next = { kind: 'step', dependency: `chain:${network}` } as const;
  return workRow({ kind: MOVE_WORK, phase: move.phase, next, network }, facts, moveWorkId(chainId));
}

export const custodyKind: StreamKind<CustodyState, CustodyEvent> = {
  category: 'custody',
  initialState: { kind: 'none' },
  evolve: evolveCustody,
  // With its id: a move that turns another one round has been under way since it began itself.
  phase: (state) =>
    state.kind === 'none'
      ? 'none'
      : state.move === null
        ? 'kept'
        : `${state.move.phase} ${state.move.moveId}`,
  rows,
};
