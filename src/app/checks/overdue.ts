import { NETWORK_TABLE } from '../../chain/watcher/network.ts';
import type { StepResult, WorkRow } from '../../engine/work.ts';
import { readWorkRow, WORK_TABLE } from '../../engine/work.ts';
import type { EventStore, Query, Row, TableDefinition } from '../../event-store/event-store.ts';
import type { StateBounds } from '../../operation/stuck.ts';
import { STATE_BOUNDS_MS } from '../../operation/stuck.ts';
import type { Hindrance, Hindrances } from '../../operation/hindrance.ts';
import type { Clock } from '../../ports/ports.ts';
import type { Log } from '../../telemetry/log.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Of what operations rest on. A mined transaction waits for finality: some twenty minutes on most chains. */
export const GROUND_BOUNDS_MS: StateBounds = {
  lane: { quarantine: HOUR_MS, stopped: 0 },
  transaction: { pending: 30 * MINUTE_MS, mined: 2 * HOUR_MS },
  /** What a custodian was asked for; `refused`: it does not take the request. What is held was told when it came so. */
  call: {
    requested: 10 * MINUTE_MS,
    refused: 10 * MINUTE_MS,
    pending: 30 * MINUTE_MS,
    held: 0,
    mined: 2 * HOUR_MS,
  },
  /** Of a network to another key: what goes on with the old one may take hours, and its roles are others' to take. */
  move: { moving: 4 * HOUR_MS, comparing: 30 * MINUTE_MS, revoking: 24 * HOUR_MS },
};

/** How long a network may wait for a node to tell its head for the first time. */
export const OPENING_BOUND_MS = 10 * MINUTE_MS;

/**
 * Up to where crossings of each bound were told. States are entered in the order of the log's time, and so are their
 * bounds crossed: one place for each tells what was told, however many operations there are, and outlasts a restart.
 */
export const OVERDUE_TABLE: TableDefinition = {
  name: 'overdue',
  columns: { kind: 'text', state: 'text', since_ms: 'integer', id: 'text' },
  required: ['since_ms', 'id'],
  key: ['kind', 'state'],
  source: 'operational',
};

/** Crossings that are told of before the place is written: after a crash in between they are told again. */
const PAGE = 200;
/** Longest pause between two looks. No bound is shorter than ten minutes, but the clock may jump. */
const LONGEST_PAUSE_MS = MINUTE_MS;

/** One state with its bound, and where what is in it stands. */
interface Bounded {
  readonly kind: string;
  readonly state: string;
  readonly boundMs: number;
  readonly query: Required<Pick<Query, 'table' | 'where' | 'orderBy'>>;
  readonly idColumn: string;
}

export interface OverdueOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly hindrances: Hindrances;
  /** What a row of work waits for, in sentences, where it says that itself. */
  readonly waitsFor: (id: string) => readonly string[];
  /** Told of every crossing, for metrics. */
  readonly onCrossing: (kind: string, state: string) => void;
}

/**
 * Creates the look for what is longer in its state than it should be: one line at error for each that crosses its
 * bound, and none again for the same. What needs a person from the start was told by the commit that brought it there.
 */
export function createOverdueCheck(options: OverdueOptions): () => Promise<StepResult> {
  const { store, clock } = options;
  const all = boundedStates();

  return async () => {
    const nowMs = clock.nowMs();
    let nextMs = nowMs + LONGEST_PAUSE_MS;
    for (const bounded of all) {
      const rows = await rowsAfter(store, bounded, await placeOf(store, bounded));
      const crossed = rows.filter((row) => (row['since_ms'] as number) + bounded.boundMs <= nowMs);
      await tell(options, bounded, crossed);
      const next = rows[crossed.length];
      if (next !== undefined) nextMs = Math.min(nextMs, (next['since_ms'] as number) + bounded.boundMs);
      else if (rows.length === PAGE) nextMs = nowMs;
    }
    return { kind: 'later', delayMs: Math.max(0, nextMs - nowMs) };
  };
}

function boundedStates(): readonly Bounded[] {
  const ofWork = Object.entries({ ...STATE_BOUNDS_MS, ...GROUND_BOUNDS_MS }).flatMap(([kind, states]) =>
    Object.entries(states).map(([state, boundMs]): Bounded => {
      const orderBy = oldestFirst('id');
      return {
        kind,
        state,
        boundMs,
        query: { table: WORK_TABLE.name, where: { kind, phase: state }, orderBy },
        idColumn: 'id',
      };
    }),
  );
  const opening: Bounded = {
    kind: 'network',
    state: 'opening',
    boundMs: OPENING_BOUND_MS,
    query: { table: NETWORK_TABLE.name, where: { state: 'opening' }, orderBy: oldestFirst('network') },
    idColumn: 'network',
  };
  return [...ofWork, opening].filter(({ boundMs }) => boundMs > 0);
}

function oldestFirst(id: string): Bounded['query']['orderBy'] {
  return [
    ['since_ms', 'asc'],
    [id, 'asc'],
  ];
}

async function placeOf(
  store: EventStore,
  { kind, state }: Bounded,
): Promise<readonly [sinceMs: number, id: string] | null> {
  const [row] = await store.find({ table: OVERDUE_TABLE.name, where: { kind, state }, limit: 1 });
  return row === undefined ? null : [row['since_ms'] as number, row['id'] as string];
}

function rowsAfter(
  store: EventStore,
  { query }: Bounded,
  after: readonly [number, string] | null,
): Promise<readonly Row[]> {
  return store.find({ ...query, limit: PAGE, ...(after === null ? {} : { after }) });
}

async function tell(options: OverdueOptions, bounded: Bounded, crossed: readonly Row[]): Promise<void> {
  const last = crossed.at(-1);
  if (last === undefined) return;
  const { kind, state, boundMs, idColumn } = bounded;
  const work = bounded.query.table === WORK_TABLE.name ? crossed.map(readWorkRow) : [];
  const hindered = await options.hindrances(work);
  for (const [at, row] of crossed.entries()) {
    const id = row[idColumn] as string;
    options.onCrossing(kind, state);
    options.log.error(
      {
        alarm: 'overdue',
        ...named(kind, id),
        kind,
        state,
        since: isoTime(row['since_ms'] as number),
        bound_ms: boundMs,
        network: row['network'],
        ...waitOf(work[at], hindered.get(id), options.waitsFor(id)),
      },
      `a ${kind} is longer in its state than it should be`,
    );
  }
  const place = { kind, state, since_ms: last['since_ms'] as number, id: last[idColumn] as string };
  await options.store.commit({
    appends: [],
    writes: () => [{ op: 'upsert', table: OVERDUE_TABLE.name, row: place }],
    metadata: { actor: 'engine' },
  });
}

/** What it waits for, in the words of whoever failed last, and when it is tried again. */
function waitOf(work: WorkRow | undefined, hindrance: Hindrance | undefined, waitsFor: readonly string[]) {
  if (work === undefined) return {};
  const dueMs = hindrance?.nextMs ?? work.dueMs;
  return {
    underlying: work.underlying,
    waiting_for: waitsFor.length > 0 ? waitsFor.join('; ') : (work.waitingFor ?? work.dependency),
    attempts: work.attempts,
    last_error: work.lastError ?? hindrance?.error ?? null,
    next_attempt_at: dueMs === null ? null : isoTime(dueMs),
  };
}

/** Lines about one operation have its id in `operation`, wherever they come from. */
function named(kind: string, id: string): Readonly<Record<string, string>> {
  return kind in STATE_BOUNDS_MS ? { operation: id } : { id };
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
