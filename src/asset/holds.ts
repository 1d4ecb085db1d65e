import { createCachedStreams } from '../event-store/cached-streams.ts';
import type { EventStore, Metadata, UpTo } from '../event-store/event-store.ts';
import type { Change, Ledger, Loaded } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import { transact } from '../event-store/transact.ts';
import { momentOf } from '../operation/point-in-time.ts';
import type { Clock, Random } from '../ports/ports.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { createTurns } from '../primitives/turns.ts';
import { uuidV4 } from '../primitives/uuid.ts';
import { ASSET_TABLE } from './asset.ts';
import type { FreezePeriod, HoldScope, HoldStatus, KnownHold } from './underlying.ts';
import { decideUnderlying, freezeAt, holdStatus } from './underlying.ts';
import type { UnderlyingState } from './underlying.ts';
import { HOLD_TABLE, underlyingKind } from './underlying-kind.ts';

export interface NewHold {
  readonly owner: string;
  readonly reason: string;
  readonly scope: HoldScope;
  readonly fromMs: number | null;
  readonly untilMs: number | null;
}

/** The holds of an underlying at a moment, oldest first. */
export interface HoldList {
  readonly atMs: number;
  readonly scope: FreezePeriod['scope'];
  readonly holds: readonly (KnownHold & { readonly status: HoldStatus })[];
}

/** The present period of an underlying, with what a commit must require that acts on it. */
export interface PresentFreeze extends FreezePeriod {
  /** When a hold was last placed or lifted; null: never. */
  readonly changedMs: number | null;
  readonly requires: readonly Change[];
}

export interface Holds {
  /**
   * Places a hold, and resolves with its id. From then on nothing that it stops is committed any more.
   *
   * @throws IssuanceError `asset_unknown`, `hold_window_invalid`, `hold_limit`
   */
  place(symbol: string, hold: NewHold, metadata: Metadata): Promise<string>;
  /** Idempotent. @throws IssuanceError `hold_unknown` */
  lift(symbol: string, holdId: string, metadata: Metadata): Promise<void>;
  /**
   * With `upTo` as they were known and stood then, windows as of that moment; one to come shows what is known now.
   *
   * @throws IssuanceError `asset_unknown`
   */
  list(symbol: string, upTo?: UpTo): Promise<HoldList>;
  /**
   * From memory, as fresh as the last commit; with `upTo` as it was, from the log. Rejects when it cannot be told.
   */
  present(symbol: string, upTo?: UpTo): Promise<PresentFreeze>;
  /** Every underlying that is frozen now. */
  frozen(): Promise<ReadonlyMap<string, HoldScope>>;
}

/** Standing holds that are read to find what is frozen, at most; past it nobody is told that nothing is frozen. */
const MAX_ROWS = 10_000;

export function createHolds(ports: {
  readonly ledger: Ledger;
  readonly store: EventStore;
  readonly clock: Clock;
  readonly random: Random;
}): Holds {
  const { ledger, store, clock, random } = ports;
  const streams = createCachedStreams(ports, underlyingKind);
  // A hundred holds that are placed at once would conflict with each other five thousand times.
  const turns = createTurns();
  const periods = new WeakMap<Loaded<UnderlyingState>, FreezePeriod>();

  const requireKnown = async (symbol: string): Promise<void> => {
    if ((await store.count({ table: ASSET_TABLE.name, where: { underlying: symbol } })) > 0) return;
    throw new IssuanceError('asset_unknown', `${symbol.slice(0, 80)} is not tokenized on any network`);
  };

  const periodOf = (loaded: Loaded<UnderlyingState>): FreezePeriod => {
    const nowMs = clock.nowMs();
    const known = periods.get(loaded);
    if (known !== undefined && isWithin(known, nowMs)) return known;
    const period = freezeAt(loaded.state, nowMs);
    periods.set(loaded, period);
    return period;
  };

  const then = async (symbol: string, upTo: UpTo | undefined) => {
    const loaded = await ledger.load(underlyingKind, symbol, upTo);
    const nowMs = clock.nowMs();
    return { loaded, atMs: upTo === undefined ? nowMs : await momentOf(store, upTo, nowMs) };
  };

  const present = async (symbol: string, upTo?: UpTo): Promise<PresentFreeze> => {
    if (upTo !== undefined) {
      const { loaded, atMs } = await then(symbol, upTo);
      const changedMs = loaded.facts?.updatedMs ?? null;
      return { ...freezeAt(loaded.state, atMs), changedMs, requires: [] };
    }
    const loaded = await streams.load(symbol);
    const changedMs = loaded.facts?.updatedMs ?? null;
    return { ...periodOf(loaded), changedMs, requires: [change(underlyingKind, loaded, [])] };
  };

  return {
    async place(symbol, hold, metadata) {
      await requireKnown(symbol);
      const holdId = uuidV4(random.bytes(16));
      const place = ({ state }: Loaded<UnderlyingState>) => {
        const placed = { ...hold, holdId, placedMs: clock.nowMs(), placedBy: metadata.actor };
        const events = decideUnderlying({ type: 'place', hold: placed }, state);
        return events.length === 0 ? null : { events };
      };
      const why = { ...metadata, reason: hold.reason, correlation: holdId };
      await turns.run(symbol, () => transact(ledger, underlyingKind, symbol, place, why));
      return holdId;
    },

    async lift(symbol, holdId, metadata) {
      const { actor, reason = null } = metadata;
      const lift = ({ state }: Loaded<UnderlyingState>) => {
        const lifting = { liftedMs: clock.nowMs(), liftedBy: actor, reason };
        const events = decideUnderlying({ type: 'lift', holdId, lifting }, state);
        return events.length === 0 ? null : { events };
      };
      const why = { ...metadata, correlation: holdId };
      await turns.run(symbol, () => transact(ledger, underlyingKind, symbol, lift, why));
    },

    async list(symbol, upTo) {
      await requireKnown(symbol);
      const { loaded, atMs } = await then(symbol, upTo);
      const holds = loaded.state.holds.map((it) => ({ ...it, status: holdStatus(it, atMs) }));
      return { atMs, scope: freezeAt(loaded.state, atMs).scope, holds };
    },

    present,

    async frozen() {
      const standing = await Promise.all(
        [null, { gt: clock.nowMs() }].map((until) => {
          const where = { lifted_ms: null, until_ms: until };
          return store.find({ table: HOLD_TABLE.name, where, limit: MAX_ROWS });
        }),
      );
      if (standing.some((rows) => rows.length === MAX_ROWS)) {
        throw new IssuanceError('hold_limit', `more than ${String(MAX_ROWS)} holds stand: lift some`);
      }
      const symbols = [...new Set(standing.flat().map((row) => row['underlying'] as string))].sort();
      const found = new Map<string, HoldScope>();
      for (const symbol of symbols) {
        const { scope } = await present(symbol);
        if (scope !== 'none') found.set(symbol, scope);
      }
      return found;
    },
  };
}

function isWithin({ sinceMs, untilMs }: FreezePeriod, atMs: number): boolean {
  return (sinceMs === null || sinceMs <= atMs) && (untilMs === null || atMs < untilMs);
}
