import type { Query } from '../event-store/event-store.ts';
import { WORK_TABLE } from '../engine/work.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How long something may be in a state before it needs a person, by kind and state; 0 where it needs one at once. */
export type StateBounds = Readonly<Record<string, Readonly<Record<string, number>>>>;

/**
 * Of every state in which an operation is open. What others decide (a journal at Alpaca, a wallet to be linked) may
 * take an hour; what is ours takes minutes; what is held or rejected waits for nobody else.
 */
export const STATE_BOUNDS_MS: StateBounds = {
  mint: {
    unrequested: 0,
    requested: HOUR_MS,
    /** Requested, and its confirm could not be read. */
    unclear: 0,
    journaled: 10 * MINUTE_MS,
    submitted: 30 * MINUTE_MS,
    minted: 15 * MINUTE_MS,
    held: 0,
  },
  redemption: {
    detected: HOUR_MS,
    requested: HOUR_MS,
    journaled: 10 * MINUTE_MS,
    burning: 30 * MINUTE_MS,
    refunding: 40 * MINUTE_MS,
    rejected: 0,
    held: 0,
  },
  refund: {
    requested: 10 * MINUTE_MS,
    submitted: 30 * MINUTE_MS,
    held: 0,
  },
  transfer: {
    requested: 10 * MINUTE_MS,
    submitted: 30 * MINUTE_MS,
    held: 0,
  },
};

/** A query for the rows of work past the bound of one state. */
interface StuckQuery extends Required<Pick<Query, 'table' | 'where' | 'orderBy'>> {
  readonly kind: string;
  readonly phase: string;
}

/**
 * Queries that together find every row of work past its bound, oldest first each. What needs a person at once is
 * found whatever the clock says: one that was set back is still before the moment of the hold.
 */
export function stuckCandidates(nowMs: number, bounds: StateBounds = STATE_BOUNDS_MS): readonly StuckQuery[] {
  return Object.entries(bounds).flatMap(([kind, phases]) =>
    Object.entries(phases).map(([phase, boundMs]) => ({
      kind,
      phase,
      table: WORK_TABLE.name,
      where: { kind, phase, ...(boundMs === 0 ? {} : { since_ms: { lte: nowMs - boundMs } }) },
      orderBy: [
        ['since_ms', 'asc'],
        ['id', 'asc'],
      ] as const,
    })),
  );
}
