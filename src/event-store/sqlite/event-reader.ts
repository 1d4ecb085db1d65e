import { DatabaseDamaged, InvalidQuery } from '../errors.ts';
import type { JsonObject, Metadata, StoredEvent, StreamName, UpTo } from '../event-store.ts';
import { decodeJson } from '../json.ts';
import type { Connection } from './connection.ts';
import { eventSum } from './event-sum.ts';
import { LIMIT } from './query.ts';
import { MAX_CATEGORIES, type StreamIds } from './stream-ids.ts';

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

const COLUMNS = 'e.position, e.version, e.type, e.schema, e.time AS timeMs, e.metadata, e.data, e.sum';

const UP_TO = 'e.version <= ? AND e.position <= ? AND e.time <= ?';

const STREAM = `SELECT ${COLUMNS} FROM events e WHERE e.stream = ? AND ${UP_TO} ORDER BY e.version`;

const NAME = `(SELECT name FROM names WHERE number = e.stream / ${MAX_CATEGORIES}) AS name`;

const ALL = `SELECT ${COLUMNS}, e.stream, ${NAME} FROM events e
  WHERE e.position > ? AND ${UP_TO} ORDER BY e.position ${LIMIT}`;

const ALL_OF_CATEGORY = `SELECT ${COLUMNS}, e.stream, ${NAME} FROM events e
  WHERE e.position > ? AND ${UP_TO} AND e.stream % ${MAX_CATEGORIES} = ? ORDER BY e.position ${LIMIT}`;

const BY_STREAM = `SELECT ${COLUMNS}, e.stream FROM events e ORDER BY e.stream, e.version`;

const NAME_OF = 'SELECT name FROM names WHERE number = ?';

export function createEventReader(connection: Connection, streams: StreamIds): EventReader {
  const decode = createDecoder(connection.path);
  const decodeNamed = (row: Record<string, unknown>): StoredEvent =>
    decode(row, streams.nameOf(row['stream'] as number, row['name']));
  return {
    stream(stream, upTo) {
      const id = streams.find(stream);
      if (id === null) return [];
      const rows = connection.prepare(STREAM).all(id, ...bounds(upTo));
      return rows.map((row) => decode(row, stream));
    },
    all({ after, limit, category, upTo }) {
      if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_PAGE) {
        throw new InvalidQuery('events', `limit must be from 1 to ${MAX_PAGE}, not ${limit}`);
      }
      if (category === undefined) {
        const rows = connection.prepare(ALL).all(after, ...bounds(upTo), limit);
        if (upTo === undefined) checkPositions(connection.path, after, rows);
        return rows.map(decodeNamed);
      }
      const code = streams.category(category);
      if (code === null) return [];
      return connection
        .prepare(ALL_OF_CATEGORY)
        .all(after, ...bounds(upTo), code, limit)
        .map(decodeNamed);
    },
    *byStream() {
      let id = -1;
      let stream = '';
      let events: StoredEvent[] = [];
      for (const row of connection.db.prepare(BY_STREAM).iterate()) {
        if (row['stream'] !== id) {
          if (events.length > 0) yield [stream, events];
          id = row['stream'] as number;
          const name = connection.prepare(NAME_OF).get(Math.trunc(id / MAX_CATEGORIES))?.['name'];
          stream = streams.nameOf(id, name);
          events = [];
        }
        events.push(decode(row, stream));
      }
      if (events.length > 0) yield [stream, events];
    },
    lastPosition() {
      const row = connection.prepare('SELECT max(position) AS position FROM events').get();
      return (row?.['position'] as number | null | undefined) ?? 0;
    },
  };
}

/** Positions are given one after the other and no event is ever removed: a gap is damage that no sum can show. */
function checkPositions(path: string, after: number, rows: readonly Record<string, unknown>[]): void {
  const first = Math.max(after, 0) + 1;
  const wrong = rows.findIndex((row, at) => row['position'] !== first + at);
  if (wrong < 0) return;
  const [wanted, found] = [first + wrong, rows[wrong]?.['position']];
  throw new DatabaseDamaged(
    path,
    `where event ${String(wanted)} of the log belongs there is ${String(found)}`,
  );
}

function bounds(upTo: UpTo = {}): readonly [number, number, number] {
  const end = Number.MAX_SAFE_INTEGER;
  return [upTo.version ?? end, upTo.position ?? end, upTo.timeMs ?? end];
}

/**
 * Decodes what `COLUMNS` gives. @throws DatabaseDamaged when it is not what was written.
 *
 * The events of one commit share their metadata, so the last one read is usually the next one too.
 */
function createDecoder(path: string): (row: Record<string, unknown>, stream: StreamName) => StoredEvent {
  let lastText = '';
  let lastMetadata: Metadata = { actor: '' };
  return (row, stream) => {
    const [version, type, schema, timeMs] = [
      row['version'] as number,
      row['type'] as string,
      row['schema'] as number,
      row['timeMs'] as number,
    ];
    const [text, data] = [row['metadata'] as string, row['data'] as string];
    if (eventSum({ stream, version, type, schema, timeMs, metadata: text, data }) !== row['sum']) {
      throw new DatabaseDamaged(path, `event ${String(row['position'])} of the log is not as it was written`);
    }
    if (text !== lastText) {
      lastMetadata = decodeJson(text) as unknown as Metadata;
      lastText = text;
    }
    return {
      position: row['position'] as number,
      stream,
      version,
      type,
      schema,
      timeMs,
      metadata: lastMetadata,
      data: decodeJson(data) as JsonObject,
    };
  };
}
