import { invariant } from '../../primitives/failures.ts';
import { GuardConflict, InvalidCommit, InvalidRow, RowMissing } from '../errors.ts';
import { UniqueViolation, VersionConflict } from '../errors.ts';
import type { Commit, Committed, CommitStamp, JsonObject, NewEvent, StoredEvent } from '../event-store.ts';
import { encodeJson } from '../json.ts';
import type { Connection } from './connection.ts';
import { eventSum } from './event-sum.ts';
import type { PreparedWrite, RowWriter } from './row-writer.ts';
import type { StreamHead, StreamIds } from './stream-ids.ts';

/** A commit whose shape was checked and whose JSON was written out, before it took its place in a group. */
export interface PreparedCommit {
  readonly commit: Commit;
  readonly metadata: string;
  /** JSON of each event's data, by append and event. */
  readonly data: readonly (readonly string[])[];
  /** Its rows, once they were computed: a group that starts over does not ask for them again. */
  computed: { readonly timeMs: number; readonly writes: readonly PreparedWrite[] } | null;
}

export type Outcome = { readonly committed: Committed } | { readonly refused: unknown };

const STREAM_NAME = /^[^/]+\/./s;

/** @throws InvalidCommit when no state of the store could accept it. */
export function prepareCommit(commit: Commit): PreparedCommit {
  const streams = new Set<string>();
  for (const { stream, expectedVersion, events } of commit.appends) {
    if (!STREAM_NAME.test(stream) || !stream.isWellFormed()) {
      throw new InvalidCommit(`"${stream}" is not a stream name of the form category/id`);
    }
    if (streams.has(stream)) throw new InvalidCommit(`stream ${stream} appears twice in one commit`);
    streams.add(stream);
    if (!Number.isSafeInteger(expectedVersion) || expectedVersion < 0) {
      throw new InvalidCommit(`expected version ${expectedVersion} of stream ${stream} is not a version`);
    }
    for (const event of events) checkEvent(stream, event);
  }
  const guards = new Set(commit.guards?.map((it) => it.name));
  if (guards.size !== (commit.guards?.length ?? 0))
    throw new InvalidCommit('a guard appears twice in one commit');
  return {
    commit,
    metadata: encodeJson(commit.metadata as unknown as JsonObject),
    data: commit.appends.map((append) => append.events.map((event) => encodeJson(event.data))),
    computed: null,
  };
}

function checkEvent(stream: string, event: NewEvent): void {
  if (event.type === '') throw new InvalidCommit(`an event for stream ${stream} has no type`);
  if (!Number.isSafeInteger(event.schema) || event.schema < 1) {
    throw new InvalidCommit(`schema ${event.schema} of ${event.type} for stream ${stream} is not 1 or more`);
  }
}

/** A commit was refused after it had written, and only a rollback of the transaction takes that back. */
export interface Tainted {
  readonly tainted: unknown;
}

/** Applies commits inside the open transaction of a group. */
export function createApply(connection: Connection, writer: RowWriter, streams: StreamIds) {
  /**
   * Takes the commit in whole, or refuses it in whole. `isolated` puts a savepoint around it, so that a refusal
   * leaves the transaction as it was; without, a late refusal answers `tainted`. Savepoints copy every page that a
   * commit touches, which costs as much as the commit itself, and refusals of this kind are rare.
   *
   * @throws only what leaves the outcome of the whole group unknown.
   */
  return (prepared: PreparedCommit, stamp: CommitStamp, isolated: boolean): Outcome | Tainted => {
    let heads: readonly StreamHead[];
    try {
      heads = checkVersions(streams, prepared.commit);
      checkGuards(connection, prepared.commit);
    } catch (error) {
      if (error instanceof VersionConflict || error instanceof GuardConflict) return { refused: error };
      if (error instanceof InvalidCommit) return { refused: error };
      throw error;
    }
    let writes: readonly PreparedWrite[];
    try {
      writes = computeWrites(writer, prepared, stamp);
    } catch (error) {
      // The caller's own error: nothing was written yet.
      return { refused: error };
    }
    // Without rows nothing can be refused any more.
    const guarded = isolated && writes.length > 0;
    if (guarded) connection.prepare('SAVEPOINT one').run();
    try {
      const committed = append(connection, streams, prepared, heads, stamp);
      for (const write of writes) writer.run(write);
      if (guarded) connection.prepare('RELEASE one').run();
      return { committed };
    } catch (error) {
      // A failure of the database may have rolled the whole group back; then there is nothing to return to.
      if (!isRefusal(error) || !connection.db.isTransaction) throw error;
      if (!guarded) return { tainted: error };
      connection.prepare('ROLLBACK TO one').run();
      connection.prepare('RELEASE one').run();
      streams.forget();
      return { refused: error };
    }
  };
}

function computeWrites(
  writer: RowWriter,
  prepared: PreparedCommit,
  stamp: CommitStamp,
): readonly PreparedWrite[] {
  if (prepared.commit.writes === undefined) return [];
  if (prepared.computed?.timeMs === stamp.timeMs) return prepared.computed.writes;
  const writes = prepared.commit.writes(stamp).map((it) => writer.prepare(it));
  prepared.computed = { timeMs: stamp.timeMs, writes };
  return writes;
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof UniqueViolation ||
    error instanceof RowMissing ||
    error instanceof InvalidRow ||
    error instanceof InvalidCommit
  );
}

/** A stream that gets its first events is named here already; a name without events is no stream. */
function checkVersions(streams: StreamIds, commit: Commit): readonly StreamHead[] {
  return commit.appends.map(({ stream, expectedVersion, events }) => {
    const begins = expectedVersion === 0 && events.length > 0;
    const head = begins ? streams.headOfNew(stream) : streams.head(stream);
    if (head.version !== expectedVersion) throw new VersionConflict(stream, expectedVersion, head.version);
    return head;
  });
}

function checkGuards(connection: Connection, commit: Commit): void {
  for (const { name, expected } of commit.guards ?? []) {
    const row = connection.prepare('SELECT value FROM guards WHERE name = ?').get(name);
    const actual = row === undefined ? 0 : (row['value'] as number);
    if (actual !== expected) throw new GuardConflict(name, expected, actual);
  }
}

function append(
  connection: Connection,
  streams: StreamIds,
  { commit, metadata, data }: PreparedCommit,
  heads: readonly StreamHead[],
  { timeMs }: CommitStamp,
): Committed {
  for (const { name, expected } of commit.guards ?? []) {
    connection.prepare('INSERT OR REPLACE INTO guards (name, value) VALUES (?, ?)').run(name, expected + 1);
  }
  const stored: StoredEvent[] = [];
  const insert = connection.prepare(
    'INSERT INTO events (stream, version, type, schema, time, metadata, data, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  commit.appends.forEach(({ stream, events }, at) => {
    if (events.length === 0) return;
    const { id = null, version: before = 0 } = heads[at] ?? {};
    invariant(id !== null, 'a stream that gets events has an id');
    let version = before;
    events.forEach(({ type, schema, data: value }, index) => {
      version += 1;
      const text = data[at]?.[index] ?? '{}';
      const sum = eventSum({ stream, version, type, schema, timeMs, metadata, data: text });
      const { lastInsertRowid } = insert.run(id, version, type, schema, timeMs, metadata, text, sum);
      const position = Number(lastInsertRowid);
      stored.push({
        position,
        stream,
        version,
        timeMs,
        metadata: commit.metadata,
        type,
        schema,
        data: value,
      });
    });
    streams.moved(id, version);
  });
  return { timeMs, events: stored };
}
