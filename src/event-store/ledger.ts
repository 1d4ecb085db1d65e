import type { Committed, JsonObject, Metadata, Row, RowWrite, TableDefinition, UpTo } from './event-store.ts';

/**
 * The ledger joins deciders to the store: it loads a stream into its state, and commits new events together with the
 * rows that the new state implies. Rows are a function of the state, so a table cannot miss a kind of event, and a
 * rebuild is the same function over the whole log.
 */

export interface DomainEvent {
  readonly type: string;
  readonly data: JsonObject;
}

/** What the log says of a stream besides its state. */
export interface StreamFacts {
  readonly id: string;
  readonly version: number;
  /** Time of the first event, ms. */
  readonly createdMs: number;
  /** Time of the last event, ms. */
  readonly updatedMs: number;
  /** Time since which `phase` of the state has been what it is, ms. */
  readonly sinceMs: number;
}

/** A row that a state implies. `reset` columns are operational: written whenever the stream grows, never compared. */
export interface ImpliedRow {
  readonly table: string;
  readonly row: Row;
  readonly reset?: Row;
}

/** A category of streams: its decider's `evolve`, and the rows that its states imply. */
export interface StreamKind<State, Event extends DomainEvent> {
  readonly category: string;
  readonly initialState: State;
  readonly evolve: (state: State, event: Event) => State;
  /** Name of what the state is in; a change of it restarts `sinceMs`. */
  readonly phase: (state: State) => string;
  /** Must name each row at most once (by its table's key). `facts` are those after the last event. */
  readonly rows: (state: State, facts: StreamFacts) => readonly ImpliedRow[];
  /** Current schema of each event type; 1 where absent. */
  readonly schemas?: Readonly<Partial<Record<Event['type'], number>>>;
  /** Lifts the data of an older schema to the current one. Required as soon as a schema is above 1. */
  readonly upcast?: (type: string, schema: number, data: JsonObject) => JsonObject;
}

export interface Loaded<State> {
  readonly id: string;
  /** 0 when the stream does not exist. */
  readonly version: number;
  readonly state: State;
  readonly facts: StreamFacts | null;
}

/**
 * What loading a stream gives that has no events, without looking. A commit on it is refused with `VersionConflict`
 * when it has some: for streams that nearly always are new, one search less.
 */
export function newStream<State, Event extends DomainEvent>(
  kind: StreamKind<State, Event>,
  id: string,
): Loaded<State> {
  return { id, version: 0, state: kind.initialState, facts: null };
}

/** New events for one loaded stream; made by `change`, so that the types of state and event agree. */
export interface Change {
  readonly kind: StreamKind<unknown, DomainEvent>;
  readonly loaded: Loaded<unknown>;
  readonly events: readonly DomainEvent[];
}

/** Pairs a loaded stream with what was decided on it. No events: the commit only requires the loaded version. */
export function change<State, Event extends DomainEvent>(
  kind: StreamKind<State, Event>,
  loaded: Loaded<State>,
  events: readonly Event[],
): Change {
  return { kind, loaded, events } as unknown as Change;
}

/** Parts of one commit that a feature contributes. */
export interface Outcome {
  readonly changes: readonly Change[];
  readonly guards?: readonly { readonly name: string; readonly expected: number }[];
  readonly writes?: readonly RowWrite[];
}

export interface LedgerCommit {
  /** At most one change per stream. */
  readonly changes: readonly Change[];
  /** Further row changes, after those that the states imply. */
  readonly writes?: readonly RowWrite[];
  readonly guards?: readonly { readonly name: string; readonly expected: number }[];
  readonly metadata: Metadata;
}

/** What one commit did to one stream, as those who watch commits are told. */
export interface ChangedStream {
  readonly category: string;
  readonly id: string;
  /** After the commit. */
  readonly facts: StreamFacts;
  /** Null when the commit began the stream. */
  readonly factsBefore: StreamFacts | null;
  /** Rows that the state before implied; none for a new stream. */
  readonly before: readonly ImpliedRow[];
  readonly after: readonly ImpliedRow[];
  readonly events: readonly DomainEvent[];
}

/** A durable commit, with the rows that its streams imply before and after it. */
export interface CommitReport {
  readonly timeMs: number;
  readonly metadata: Metadata;
  /** Streams that grew; those of which only the version was required are left out. */
  readonly changes: readonly ChangedStream[];
}

export interface Ledger {
  load<State, Event extends DomainEvent>(
    kind: StreamKind<State, Event>,
    id: string,
    upTo?: UpTo,
  ): Promise<Loaded<State>>;
  loadMany<State, Event extends DomainEvent>(
    kind: StreamKind<State, Event>,
    ids: readonly string[],
  ): Promise<readonly Loaded<State>[]>;
  commit(commit: LedgerCommit): Promise<Committed>;
}

/** All categories and tables of the program, collected by the composition root. */
export interface Schema {
  readonly kinds: readonly StreamKind<unknown, DomainEvent>[];
  readonly tables: readonly TableDefinition[];
}
