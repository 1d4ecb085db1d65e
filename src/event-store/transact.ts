import { GuardConflict, VersionConflict } from './errors.ts';
import type { Committed, Metadata } from './event-store.ts';
import {
  change,
  type DomainEvent,
  type Ledger,
  type LedgerCommit,
  type Loaded,
  type StreamKind,
} from './ledger.ts';

/**
 * Times that one decision is made anew before its conflict is handed to the caller. Whoever loses, another one has
 * committed: so many may change one stream at once, and only the bound keeps a mistake from looping for ever.
 */
export const MAX_ATTEMPTS = 64;

export interface Decision<Event extends DomainEvent> {
  readonly events: readonly Event[];
  /** What else belongs in the same commit. */
  readonly extra?: Partial<Pick<LedgerCommit, 'changes' | 'writes' | 'guards'>>;
}

export interface Transacted<State> {
  /** Null when the decision was to do nothing. */
  readonly committed: Committed | null;
  /** What the decision was made on. */
  readonly loaded: Loaded<State>;
}

/**
 * Loads a stream, decides, and commits. When the stream, or a guard in `extra`, moved meanwhile, all of it happens
 * anew, so `decide` must read whatever else it rests on itself.
 *
 * Rejects with the error of `decide`, with what `Ledger.commit` rejects with, and after `MAX_ATTEMPTS` with the last
 * `VersionConflict` or `GuardConflict`.
 */
export async function transact<State, Event extends DomainEvent>(
  ledger: Ledger,
  kind: StreamKind<State, Event>,
  id: string,
  decide: (loaded: Loaded<State>) => Decision<Event> | null | Promise<Decision<Event> | null>,
  metadata: Metadata,
): Promise<Transacted<State>> {
  for (let attempt = 1; ; attempt += 1) {
    const loaded = await ledger.load(kind, id);
    const decision = await decide(loaded);
    if (decision === null) return { committed: null, loaded };
    const { events, extra = {} } = decision;
    try {
      const changes = [change(kind, loaded, events), ...(extra.changes ?? [])];
      const committed = await ledger.commit({ ...extra, changes, metadata });
      return { committed, loaded };
    } catch (error) {
      const moved = error instanceof VersionConflict || error instanceof GuardConflict;
      if (!moved || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}
