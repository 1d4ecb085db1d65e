import { workRow } from '../engine/work.ts';
import type { TableDefinition } from '../event-store/event-store.ts';
import type { ImpliedRow, StreamFacts, StreamKind } from '../event-store/ledger.ts';
import type { UnderlyingEvent, UnderlyingState } from './underlying.ts';
import { evolveUnderlying } from './underlying.ts';

/** Every hold that was ever placed; what it is at present follows from the clock. */
export const HOLD_TABLE: TableDefinition = {
  name: 'hold',
  columns: {
    hold_id: 'text',
    underlying: 'text',
    owner: 'text',
    reason: 'text',
    scope: 'text',
    from_ms: 'integer',
    until_ms: 'integer',
    placed_ms: 'integer',
    placed_by: 'text',
    lifted_ms: 'integer',
    lifted_by: 'text',
    lift_reason: 'text',
  },
  required: ['underlying', 'owner', 'reason', 'scope', 'placed_ms', 'placed_by'],
  key: ['hold_id'],
  indexes: [
    ['underlying', 'placed_ms'],
    ['lifted_ms', 'until_ms'],
  ],
  source: 'log',
};

/** Kind of the work that lets go on what a freeze stopped. */
export const UNDERLYING_WORK = 'underlying';

function rows({ holds }: UnderlyingState, facts: StreamFacts): readonly ImpliedRow[] {
  const underlying = facts.id;
  const holdRows = holds.map((it) => ({
    table: HOLD_TABLE.name,
    row: {
      hold_id: it.holdId,
      underlying,
      owner: it.owner,
      reason: it.reason,
      scope: it.scope,
      from_ms: it.fromMs,
      until_ms: it.untilMs,
      placed_ms: it.placedMs,
      placed_by: it.placedBy,
      lifted_ms: it.lifted?.liftedMs ?? null,
      lifted_by: it.lifted?.liftedBy ?? null,
      lift_reason: it.lifted?.reason ?? null,
    },
  }));
  // For ever, like a lane's: whoever was stopped must be let go however late that is found.
  const next = { kind: 'step', dependency: null } as const;
  const work = { kind: UNDERLYING_WORK, phase: phaseOf({ holds }), next, underlying };
  return [...holdRows, ...workRow(work, facts, `underlying/${underlying}`)];
}

function phaseOf({ holds }: UnderlyingState): string {
  return holds.some((it) => it.lifted === null) ? 'held' : 'free';
}

export const underlyingKind: StreamKind<UnderlyingState, UnderlyingEvent> = {
  category: 'underlying',
  initialState: { holds: [] },
  evolve: evolveUnderlying,
  phase: phaseOf,
  rows,
};
