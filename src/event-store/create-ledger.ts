import { InvalidCommit } from './errors.ts';
import type { CommitStamp, EventStore, NewEvent, RowWrite } from './event-store.ts';
import { currentSchema, evolveOne, factsAfter, foldStream } from './fold.ts';
import type { Change, ChangedStream, CommitReport, DomainEvent, Ledger, LedgerCommit } from './ledger.ts';
import type { Loaded, Schema } from './ledger.ts';
import type { StreamFacts, StreamKind } from './ledger.ts';
import { createRowDiff, type RowDiff } from './row-diff.ts';
import { createTables } from './table.ts';

/** Gives a kind the type under which a `Schema` collects kinds of every state. */
export function anyKind<State, Event extends DomainEvent>(
  kind: StreamKind<State, Event>,
): StreamKind<unknown, DomainEvent> {
  return kind as unknown as StreamKind<unknown, DomainEvent>;
}

/**
 * Joins deciders to a store: loads streams into states, and commits events together with the rows they imply.
 *
 * `load` and `loadMany` reject with `UnreadableEvent`; `commit` with what the store's `commit` rejects with, and with
 * `InvalidCommit` when two changes are of one stream or of a kind that the schema does not have.
 *
 * @param onCommitted told of every commit once it is durable, before whoever made it; must not throw. The rows that it
 *   is shown are those that were computed for the commit, so that it costs nothing more.
 */
export function createLedger(
  store: EventStore,
  schema: Schema,
  onCommitted: (report: CommitReport) => void = () => {},
): Ledger {
  const kinds = new Map<string, StreamKind<unknown, DomainEvent>>();
  for (const kind of schema.kinds) {
    if (kinds.has(kind.category))
      throw new InvalidCommit(`two kinds of stream have category ${kind.category}`);
    kinds.set(kind.category, kind);
  }
  const diff = createRowDiff(createTables(schema.tables));
  return {
    async load(kind, id, upTo) {
      return foldStream(kind, id, await store.readStream(`${kind.category}/${id}`, upTo));
    },
    async loadMany(kind, ids) {
      const streams = await store.readStreams(ids.map((id) => `${kind.category}/${id}`));
      return ids.map((id) => foldStream(kind, id, streams.get(`${kind.category}/${id}`) ?? []));
    },
    async commit(commit) {
      checkChanges(kinds, commit);
      const steps = commit.changes.map(prepareChange);
      let changes: readonly ChangedStream[] = [];
      const committed = await store.commit({
        appends: steps.map((it) => it.append),
        metadata: commit.metadata,
        ...(commit.guards === undefined ? {} : { guards: commit.guards }),
        writes: (stamp) => {
          changes = steps.filter(({ states }) => states.length > 0).map((it) => changeOf(it, stamp));
          return allWrites(diff, changes, commit);
        },
      });
      onCommitted({ timeMs: committed.timeMs, metadata: commit.metadata, changes });
      return committed;
    },
  };
}

function checkChanges(
  kinds: ReadonlyMap<string, StreamKind<unknown, DomainEvent>>,
  commit: LedgerCommit,
): void {
  const seen = new Set<string>();
  for (const { kind, loaded } of commit.changes) {
    const stream = `${kind.category}/${loaded.id}`;
    if (seen.has(stream)) throw new InvalidCommit(`two changes of stream ${stream} in one commit`);
    seen.add(stream);
    if (kinds.get(kind.category) !== kind) {
      throw new InvalidCommit(
        `the schema has no such kind of stream as ${kind.category}, so no rebuild would know it`,
      );
    }
  }
}

interface Step {
  readonly change: Change;
  readonly append: {
    readonly stream: string;
    readonly expectedVersion: number;
    readonly events: readonly NewEvent[];
  };
  /** States after each new event. */
  readonly states: readonly unknown[];
}

function prepareChange(change: Change): Step {
  const { kind, loaded, events } = change;
  const stream = `${kind.category}/${loaded.id}`;
  const stored = events.map(({ type, data }): NewEvent => ({
    type,
    schema: currentSchema(kind, type),
    data,
  }));
  const states: unknown[] = [];
  let { state } = loaded;
  stored.forEach((event, at) => {
    state = evolveOne(kind, state, { ...event, stream, version: loaded.version + at + 1 });
    states.push(state);
  });
  return { change, append: { stream, expectedVersion: loaded.version, events: stored }, states };
}

function changeOf(step: Step, stamp: CommitStamp): ChangedStream {
  const { kind, loaded, events } = step.change;
  const { state, facts } = after(step, stamp.timeMs);
  return {
    category: kind.category,
    id: loaded.id,
    facts,
    factsBefore: loaded.facts,
    before: loaded.facts === null ? [] : kind.rows(loaded.state, loaded.facts),
    after: kind.rows(state, facts),
    events,
  };
}

function allWrites(
  diff: RowDiff,
  changes: readonly ChangedStream[],
  commit: LedgerCommit,
): readonly RowWrite[] {
  const implied = changes.flatMap((it) => diff(it.before, it.after));
  const rank = (write: RowWrite): number => ORDER.indexOf(write.op);
  const ordered = implied.length < 2 ? implied : implied.toSorted((a, b) => rank(a) - rank(b));
  return commit.writes === undefined ? ordered : [...ordered, ...commit.writes];
}

/** What gives a unique value up goes before what takes it. */
const ORDER: readonly RowWrite['op'][] = ['delete', 'update', 'insert', 'upsert'];

function after(step: Step, timeMs: number): { readonly state: unknown; readonly facts: StreamFacts } {
  const { kind, loaded } = step.change;
  let { state, facts }: Pick<Loaded<unknown>, 'state' | 'facts'> = loaded;
  let { version } = loaded;
  for (const next of step.states) {
    version += 1;
    facts = factsAfter(kind, facts, loaded.id, version, timeMs, state, next);
    state = next;
  }
  if (facts === null) throw new InvalidCommit(`no events for stream ${step.append.stream}`);
  return { state, facts };
}
