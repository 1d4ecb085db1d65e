import { IssuanceError } from '../primitives/failures.ts';
import { UnreadableEvent } from './errors.ts';
import type { Cell, EventStore, JsonObject, Row, StoredEvent, TableDefinition } from './event-store.ts';
import type { DomainEvent, ImpliedRow, Schema, StreamFacts, StreamKind } from './ledger.ts';
import type { OnProgress } from './progress.ts';
import { createCounter } from './progress.ts';

/**
 * Compares the log tables with a replay of the log.
 *
 * This is the check on the fold, the row diff and the rebuild, so it uses none of them: it reads the log in order of
 * position instead of by stream, keeps its own states, and has its own comparison. Only the kinds' `evolve`, `rows`,
 * `phase` and `upcast` are the same.
 */

interface RowDifference {
  readonly table: string;
  /** The row's key, as text: `id=…`. */
  readonly key: string;
  /** `missing`: the log implies the row, the table lacks it. `surplus`: the other way round. */
  readonly problem: 'missing' | 'surplus' | 'different';
  /** Null when the whole row is missing or surplus. */
  readonly column: string | null;
  readonly expected: Cell;
  readonly found: Cell;
}

export interface VerifyReport {
  /** Position up to which the log was replayed. */
  readonly position: number;
  readonly streams: number;
  /** Rows that the log implies. */
  readonly rows: number;
  /** At most `MAX_DIFFERENCES`. */
  readonly differences: readonly RowDifference[];
  /** How many there are in all. */
  readonly differenceCount: number;
}

/** Differences listed in a report; the rest are only counted. */
const MAX_DIFFERENCES = 1_000;

/** Events or rows read at a time. */
const PAGE = 1_000;

/** Times that a store in use is compared before it is said to move too fast. */
const MAX_ROUNDS = 5;

interface Replayed {
  readonly kind: StreamKind<unknown, DomainEvent>;
  state: unknown;
  facts: StreamFacts;
}

/**
 * Replays the log and names every log-table row that differs. Operational columns are left out. Memory holds every
 * stream's state and every implied row.
 *
 * A store in use may move between the reading of the log and of the rows; then the comparison is repeated.
 *
 * @throws UnreadableEvent for an event that no kind can fold.
 * @throws IssuanceError `verify_unsettled` when the store kept moving: verify a backup or a read-only store.
 */
export async function verify(
  store: EventStore,
  schema: Schema,
  onProgress?: OnProgress,
): Promise<VerifyReport> {
  const kinds = new Map(schema.kinds.map((it) => [it.category, it]));
  const replayed = new Map<string, Replayed>();
  let position = 0;
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const count = createCounter('events', await store.lastPosition(), onProgress);
    count(position);
    position = await replay(store, kinds, replayed, { from: position, count });
    const report = await compare(store, schema, replayed, { position, onProgress });
    const settled = (await store.lastPosition()) === position;
    if (report.differenceCount === 0 || settled) return report;
  }
  throw new IssuanceError(
    'verify_unsettled',
    'the store was written to throughout the comparison: verify a backup, or the file opened for reading',
  );
}

async function replay(
  store: EventStore,
  kinds: ReadonlyMap<string, StreamKind<unknown, DomainEvent>>,
  replayed: Map<string, Replayed>,
  { from, count }: { readonly from: number; readonly count: (events: number) => void },
): Promise<number> {
  let position = from;
  for (;;) {
    const events = await store.readAll({ after: position, limit: PAGE });
    for (const event of events) {
      applyEvent(kinds, replayed, event);
      position = event.position;
    }
    count(events.length);
    if (events.length < PAGE) return position;
  }
}

function applyEvent(
  kinds: ReadonlyMap<string, StreamKind<unknown, DomainEvent>>,
  replayed: Map<string, Replayed>,
  event: StoredEvent,
): void {
  const [category = '', ...rest] = event.stream.split('/');
  const known = replayed.get(event.stream);
  const kind = known?.kind ?? kinds.get(category);
  if (kind === undefined) throw new UnreadableEvent(event, 'no kind of stream has this category');
  if (event.version !== (known?.facts.version ?? 0) + 1) {
    throw new UnreadableEvent(event, `version ${known?.facts.version ?? 0} of its stream precedes it`);
  }
  const before = known === undefined ? kind.initialState : known.state;
  const state = evolve(kind, before, event);
  const moved = known === undefined || kind.phase(before) !== kind.phase(state);
  const facts: StreamFacts = {
    id: rest.join('/'),
    version: event.version,
    createdMs: known?.facts.createdMs ?? event.timeMs,
    updatedMs: event.timeMs,
    sinceMs: moved ? event.timeMs : known.facts.sinceMs,
  };
  replayed.set(event.stream, { kind, state, facts });
}

function evolve(kind: StreamKind<unknown, DomainEvent>, state: unknown, event: StoredEvent): unknown {
  const wanted = kind.schemas?.[event.type] ?? 1;
  let { data }: { data: JsonObject } = event;
  try {
    if (event.schema !== wanted) {
      if (kind.upcast === undefined) throw new UnreadableEvent(event, 'nothing lifts its schema');
      data = kind.upcast(event.type, event.schema, data);
    }
    return kind.evolve(state, { type: event.type, data });
  } catch (error) {
    if (error instanceof UnreadableEvent) throw error;
    throw new UnreadableEvent(event, error instanceof Error ? error.message : String(error), error);
  }
}

async function compare(
  store: EventStore,
  schema: Schema,
  replayed: ReadonlyMap<string, Replayed>,
  { position, onProgress }: { readonly position: number; readonly onProgress: OnProgress | undefined },
): Promise<VerifyReport> {
  const expected = expectedRows(schema, replayed);
  const sizes = [...expected.values()].map((it) => it.size);
  const count = createCounter(
    'rows',
    sizes.reduce((sum, it) => sum + it, 0),
    onProgress,
  );
  const differences: RowDifference[] = [];
  let differenceCount = 0;
  let rows = 0;
  const report = (difference: RowDifference): void => {
    differenceCount += 1;
    if (differences.length < MAX_DIFFERENCES) differences.push(difference);
  };
  for (const table of schema.tables) {
    if (table.source !== 'log') continue;
    const ofTable = expected.get(table.name) ?? new Map<string, Row>();
    rows += ofTable.size;
    await compareTable(store, table, ofTable, { report, count });
  }
  return { position, streams: replayed.size, rows, differences, differenceCount };
}

function expectedRows(
  schema: Schema,
  replayed: ReadonlyMap<string, Replayed>,
): ReadonlyMap<string, Map<string, Row>> {
  const tables = new Map(schema.tables.map((it) => [it.name, it]));
  const expected = new Map<string, Map<string, Row>>();
  for (const { kind, state, facts } of replayed.values()) {
    for (const implied of kind.rows(state, facts)) addExpected(tables, expected, implied, facts);
  }
  return expected;
}

function addExpected(
  tables: ReadonlyMap<string, TableDefinition>,
  expected: Map<string, Map<string, Row>>,
  implied: ImpliedRow,
  facts: StreamFacts,
): void {
  const table = tables.get(implied.table);
  if (table === undefined) {
    throw new IssuanceError(
      'verify_table',
      `${facts.id} implies a row of ${implied.table}, which is no table`,
    );
  }
  const ofTable = expected.get(table.name) ?? new Map<string, Row>();
  expected.set(table.name, ofTable);
  const key = describeKey(table, implied.row);
  if (ofTable.has(key)) {
    throw new IssuanceError('verify_twice', `the log implies the row ${key} of ${table.name} twice`);
  }
  ofTable.set(key, implied.row);
}

async function compareTable(
  store: EventStore,
  table: TableDefinition,
  expected: ReadonlyMap<string, Row>,
  {
    report,
    count,
  }: { readonly report: (difference: RowDifference) => void; readonly count: (rows: number) => void },
): Promise<void> {
  const operational = new Set(table.operationalColumns);
  const columns = Object.keys(table.columns).filter((it) => !operational.has(it));
  const seen = new Set<string>();
  for await (const row of storedRows(store, table)) {
    const key = describeKey(table, row);
    seen.add(key);
    count(1);
    const wanted = expected.get(key);
    if (wanted === undefined) {
      report({
        table: table.name,
        key,
        problem: 'surplus',
        column: null,
        expected: null,
        found: row,
      });
      continue;
    }
    for (const column of columns) {
      const [left, right] = [wanted[column] ?? null, row[column] ?? null];
      if (canonical(left) === canonical(right)) continue;
      report({ table: table.name, key, problem: 'different', column, expected: left, found: right });
    }
  }
  for (const [key, row] of expected) {
    if (seen.has(key)) continue;
    report({ table: table.name, key, problem: 'missing', column: null, expected: row, found: null });
  }
}

/** Every row of a table, by its key. A key with a bigint has no order to page by; such a table must be small. */
async function* storedRows(store: EventStore, table: TableDefinition): AsyncGenerator<Row> {
  if (table.key.some((it) => table.columns[it] === 'bigint')) {
    yield* await store.find({ table: table.name });
    return;
  }
  const orderBy = table.key.map((it) => [it, 'asc'] as const);
  let after: readonly (string | number)[] | undefined;
  for (;;) {
    const page = await store.find({
      table: table.name,
      orderBy,
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = table.key.map((it) => last[it] as string | number);
  }
}

function describeKey(table: TableDefinition, row: Row): string {
  return table.key.map((it) => `${it}=${canonical(row[it] ?? null)}`).join(' ');
}

/** One text for one value: names in order, bigint apart from number and string. */
function canonical(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const parts = Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, part]) => `${JSON.stringify(name)}:${canonical(part)}`);
  return `{${parts.join(',')}}`;
}
