import { InvalidQuery } from '../errors.ts';
import type { JsonObject, Metadata, StoredEvent, StreamName, UpTo } from '../event-store.ts';
import { decodeJson } from '../json.ts';
import type { Connection } from './connection.ts';

/** Longest answer of one `readAll`. */
const MAX_PAGE = 10_000;

export interface EventReader {
  stream(stream: StreamName, upTo?: UpTo): readonly StoredEvent[];
  all(options: {
    readonly after: number;
    readonly limit: number;
    readonly category?: string;
    readonly upTo?: UpTo;
  }): readonly StoredEvent[];
  /** Every stream with its events, one stream in memory at a time. */
  byStream(): Iterable<readonly [StreamName, readonly StoredEvent[]]>;
  lastPosition(): number;
}

const COLUMNS =
  's.key AS stream, e.position, e.version, e.type, e.schema, e.time AS timeMs, e.metadata, e.data';

const UP_TO = 'e.version <= ? AND e.position <= ? AND e.time <= ?';

const STREAM = `SELECT ${COLUMNS} FROM streams s JOIN events e ON e.stream = s.id
  WHERE s.key = ? AND ${UP_TO} ORDER BY e.version`;

// The cross join keeps SQLite walking the log in order, instead of collecting a category and sorting it.
const ALL = `SELECT ${COLUMNS} FROM events e CROSS JOIN streams s ON s.id = e.stream
  WHERE e.position > ? AND ${UP_TO} ORDER BY e.position LIMIT ?`;

const ALL_OF_CATEGORY = `SELECT ${COLUMNS} FROM events e CROSS JOIN streams s ON s.id = e.stream
  WHERE e.position > ? AND ${UP_TO} AND s.key >= ? AND s.key < ? ORDER BY e.position LIMIT ?`;

const BY_STREAM = `SELECT ${COLUMNS} FROM streams s CROSS JOIN events e ON e.stream = s.id
  ORDER BY s.id, e.version`;

export function createEventReader(connection: Connection): EventReader {
  const decode = createDecoder();
  return {
    stream(stream, upTo) {
      return connection
        .prepare(STREAM)
        .all(stream, ...bounds(upTo))
        .map(decode);
    },
    all({ after, limit, category, upTo }) {
      if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_PAGE) {
        throw new InvalidQuery('events', `limit must be from 1 to ${MAX_PAGE}, not ${limit}`);
      }
      // "0" follows "/" in every collation by code, so this range is exactly the category.
      const rows =
        category === undefined
          ? connection.prepare(ALL).all(after, ...bounds(upTo), limit)
          : connection
              .prepare(ALL_OF_CATEGORY)
              .all(after, ...bounds(upTo), `${category}/`, `${category}0`, limit);
      return rows.map(decode);
    },
    *byStream() {
      let events: StoredEvent[] = [];
      for (const row of connection.db.prepare(BY_STREAM).iterate()) {
        const event = decode(row);
        const [first] = events;
        if (first !== undefined && first.stream !== event.stream) {
          yield [first.stream, events];
          events = [];
        }
        events.push(event);
      }
      const [first] = events;
      if (first !== undefined) yield [first.stream, events];
    },
    lastPosition() {
      const row = connection.prepare('SELECT max(position) AS position FROM events').get();
      return (row?.['position'] as number | null | undefined) ?? 0;
    },
  };
}

function bounds(upTo: UpTo = {}): readonly [number, number, number] {
  const end = Number.MAX_SAFE_INTEGER;
  return [upTo.version ?? end, upTo.position ?? end, upTo.timeMs ?? end];
}

/** The events of one commit share their metadata, so the last one read is usually the next one too. */
function createDecoder(): (row: Record<string, unknown>) => StoredEvent {
  let lastText = '';
  let lastMetadata: Metadata = { actor: '' };
  return (row) => {
    const text = row['metadata'] as string;
    if (text !== lastText) {
      lastMetadata = decodeJson(text) as unknown as Metadata;
      lastText = text;
    }
    return {
      position: row['position'] as number,
      stream: row['stream'] as string,
      version: row['version'] as number,
      type: row['type'] as string,
      schema: row['schema'] as number,
      timeMs: row['timeMs'] as number,
      metadata: lastMetadata,
      data: decodeJson(row['data'] as string) as JsonObject,
    };
  };
}
