import { InvalidQuery, UnreadableEvent } from './errors.ts';
import type { EventStore, StoredEvent, StreamName } from './event-store.ts';
import { foldStream } from './fold.ts';
import type { ImpliedRow, Schema } from './ledger.ts';
import type { OnProgress } from './progress.ts';
import { createCounter } from './progress.ts';

/** What a store offers so that its log tables can be filled anew. */
export interface RebuildTarget {
  /**
   * In one transaction: empties these log tables, asks `rowsOf` for the rows of every stream, one stream at a time,
   * and writes those that belong to them. Operational columns of rows that exist before and after are kept. When
   * `rowsOf` throws, or a unique index is violated, nothing changes.
   */
  rebuildTables(
    tables: readonly string[],
    rowsOf: (stream: StreamName, events: readonly StoredEvent[]) => readonly ImpliedRow[],
  ): Promise<RebuildReport>;
}

export interface RebuildReport {
  readonly streams: number;
  readonly events: number;
  readonly rows: number;
}

/**
 * Fills log tables anew from the whole log; all of them unless `tables` names some. Memory holds one stream at a
 * time. Nothing is committed meanwhile.
 *
 * @throws InvalidQuery for a table that is no log table, UnreadableEvent for an event that no kind can fold,
 *   UniqueViolation when two streams imply rows that exclude each other. Then nothing changed.
 */
export async function rebuild(
  store: RebuildTarget & Pick<EventStore, 'lastPosition'>,
  schema: Schema,
  tables: readonly string[] = logTables(schema),
  onProgress?: OnProgress,
): Promise<RebuildReport> {
  const known = new Set(logTables(schema));
  const stranger = tables.find((it) => !known.has(it));
  if (stranger !== undefined)
    throw new InvalidQuery(stranger, 'it is not a log table, so no log can rebuild it');
  const kinds = new Map(schema.kinds.map((it) => [it.category, it]));
  const count = createCounter('events', await store.lastPosition(), onProgress);
  return store.rebuildTables(tables, (stream, events) => {
    count(events.length);
    const slash = stream.indexOf('/');
    const kind = kinds.get(stream.slice(0, slash));
    const [first] = events;
    if (first === undefined) return [];
    if (kind === undefined) throw new UnreadableEvent(first, 'no kind of stream has this category');
    const { state, facts } = foldStream(kind, stream.slice(slash + 1), events);
    return facts === null ? [] : kind.rows(state, facts);
  });
}

function logTables(schema: Schema): readonly string[] {
  return schema.tables.filter((it) => it.source === 'log').map((it) => it.name);
}
