import { IssuanceError, unreachable } from '../primitives/failures.ts';

/**
 * An underlying and the holds that freeze it. Each hold has an owner and stands by itself: none undoes another. Whether
 * one is in force is a matter of the clock, so windows begin and end without an event.
 */

/** `new`: new mints are refused and detected redemptions wait. `all`: nothing more is signed either. */
export type HoldScope = 'new' | 'all';

export type Hold = {
  holdId: string;
  /** On whose behalf it stands: a team, a system, a case. */
  owner: string;
  reason: string;
  scope: HoldScope;
  /** First moment of its window; null: from when it was placed. */
  fromMs: number | null;
  /** First moment after its window; null: until it is lifted. */
  untilMs: number | null;
  placedMs: number;
  /** Name of the operator's key. */
  placedBy: string;
};

export type Lifting = { liftedMs: number; liftedBy: string; reason: string | null };

export type KnownHold = Hold & { readonly lifted: Lifting | null };

export type UnderlyingEvent =
  | { type: 'HoldPlaced'; data: Hold }
  | { type: 'HoldLifted'; data: Lifting & { holdId: string } };

export interface UnderlyingState {
  /** Every hold that was ever placed, oldest first. */
  readonly holds: readonly KnownHold[];
}

export type UnderlyingCommand =
  | { readonly type: 'place'; readonly hold: Hold }
  | { readonly type: 'lift'; readonly holdId: string; readonly lifting: Lifting };

/** Holds of one underlying that are neither lifted nor over, at most: more are a program that has gone wrong. */
export const MAX_STANDING = 1_000;

/**
 * Lifting a lifted hold again does nothing. The command's own moment is the present.
 *
 * @throws IssuanceError `hold_window_invalid`, `hold_limit`, `hold_unknown`
 */
export function decideUnderlying(
  command: UnderlyingCommand,
  state: UnderlyingState,
): readonly UnderlyingEvent[] {
  switch (command.type) {
    case 'place':
      return decidePlace(command.hold, state);
    case 'lift': {
      const { holdId, lifting } = command;
      const known = state.holds.find((it) => it.holdId === holdId);
      if (known === undefined) {
        throw new IssuanceError('hold_unknown', `there is no hold ${holdId.slice(0, 80)} on this underlying`);
      }
      return known.lifted === null ? [{ type: 'HoldLifted', data: { holdId, ...lifting } }] : [];
    }
    default:
      return unreachable(command);
  }
}

function decidePlace(hold: Hold, { holds }: UnderlyingState): readonly UnderlyingEvent[] {
  const { holdId, fromMs, untilMs, placedMs } = hold;
  if (holds.some((it) => it.holdId === holdId)) return [];
  if (untilMs !== null && fromMs !== null && untilMs <= fromMs) {
    throw invalidWindow(`until ${iso(untilMs)} is not after from ${iso(fromMs)}`);
  }
  if (untilMs !== null && untilMs <= placedMs) {
    throw invalidWindow(`until ${iso(untilMs)} is over already: it is ${iso(placedMs)}`);
  }
  const standing = holds.filter((it) => it.lifted === null && !isOver(it, placedMs));
  if (standing.length >= MAX_STANDING) {
    throw new IssuanceError('hold_limit', `${String(MAX_STANDING)} holds stand already: lift some first`);
  }
  return [{ type: 'HoldPlaced', data: hold }];
}

function invalidWindow(why: string): IssuanceError {
  return new IssuanceError('hold_window_invalid', `the hold would never freeze anything: ${why}`);
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function isOver({ untilMs }: Hold, nowMs: number): boolean {
  return untilMs !== null && untilMs <= nowMs;
}

export function evolveUnderlying(state: UnderlyingState, event: UnderlyingEvent): UnderlyingState {
  switch (event.type) {
    case 'HoldPlaced':
      return { holds: [...state.holds, { ...event.data, lifted: null }] };
    case 'HoldLifted': {
      const { holdId, ...lifted } = event.data;
      return { holds: state.holds.map((it) => (it.holdId === holdId ? { ...it, lifted } : it)) };
    }
    default:
      return unreachable(event);
  }
}

/** What a hold is at a moment. */
export type HoldStatus = 'future' | 'active' | 'past' | 'lifted';

/** A lifted hold is no longer any of the others. */
export function holdStatus(hold: KnownHold, atMs: number): HoldStatus {
  if (hold.lifted !== null) return 'lifted';
  if (isOver(hold, atMs)) return 'past';
  return hold.fromMs !== null && atMs < hold.fromMs ? 'future' : 'active';
}

/** Which holds are in force, and how long that stays so if none is placed or lifted. */
export interface FreezePeriod {
  readonly active: readonly Hold[];
  /** How much they stop together. */
  readonly scope: 'none' | HoldScope;
  /** First moment of this period; null: since ever. */
  readonly sinceMs: number | null;
  /** First moment after it; null: for ever. */
  readonly untilMs: number | null;
}

/** The period around a moment: the answer is the same for every moment in it. */
export function freezeAt({ holds }: UnderlyingState, atMs: number): FreezePeriod {
  const standing = holds.filter((it) => it.lifted === null);
  const active = standing.filter((it) => holdStatus(it, atMs) === 'active');
  let sinceMs: number | null = null;
  let untilMs: number | null = null;
  for (const hold of standing) {
    for (const edge of [hold.fromMs, hold.untilMs]) {
      if (edge === null) continue;
      if (edge <= atMs) sinceMs = sinceMs === null ? edge : Math.max(sinceMs, edge);
      else untilMs = untilMs === null ? edge : Math.min(untilMs, edge);
    }
  }
  const scope = active.some((it) => it.scope === 'all') ? 'all' : active.length > 0 ? 'new' : 'none';
  return { active, scope, sinceMs, untilMs };
}
