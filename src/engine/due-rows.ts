import type { Condition, EventStore, Query, Row } from '../event-store/event-store.ts';
import { LONGEST_DELAY_MS } from './backoff.ts';
import { readWorkRow, WORK_TABLE, type WorkRow } from './work.ts';

/** Rows read at once while there is no backlog; must exceed the steps that can run at once. */
export const PAGE = 256;

export interface DueRows {
  /** Oldest first. Running ones are among them. */
  readonly rows: readonly WorkRow[];
  /** When the next row will be due; null when none waits for a time. */
  readonly nextDueMs: number | null;
  /** More were due than fit one page; the next reading may begin by that. */
  readonly isBacklog: boolean;
}

export interface DueQuery {
  readonly nowMs: number;
  readonly kinds: readonly string[];
  /** Rows wanted of one kind that need one dependency, when there are too many to read all. */
  readonly limitFor: (kind: string, dependency: string | null) => number;
  /** There was a backlog at the last reading: a page that would be thrown away is not read first. */
  readonly expectsBacklog: boolean;
}

const OLDEST_FIRST: NonNullable<Query['orderBy']> = [
  ['due_ms', 'asc'],
  ['id', 'asc'],
];

/**
 * Reads rows that are due. A due time further off than any that is ever written counts as due: the clock was
 * set back.
 *
 * As long as all fit one page, that is one query, of all kinds: asked for some, SQLite would collect and sort every row
 * of theirs that waits for a time. With a backlog every pair of kind and dependency is asked by itself, so that ten
 * thousand paused operations hide none of the others.
 */
export async function readDueRows(store: EventStore, query: DueQuery): Promise<DueRows> {
  const { nowMs, kinds } = query;
  const find = (dueMs: Condition, limit: number, more = {}) =>
    store.find({
      table: WORK_TABLE.name,
      where: { lane: null, due_ms: dueMs, ...more },
      orderBy: OLDEST_FIRST,
      limit,
    });
  const [page, stranded, next] = await Promise.all([
    query.expectsBacklog ? null : find({ lte: nowMs }, PAGE),
    find({ gt: nowMs + LONGEST_DELAY_MS }, PAGE),
    find({ gt: nowMs }, 1),
  ]);
  const { rows, isBacklog } =
    page !== null && page.length < PAGE ? { rows: page, isBacklog: false } : await backlog();
  return {
    rows: [...rows, ...stranded].map(readWorkRow).filter((row) => kinds.includes(row.kind)),
    nextDueMs: (next[0]?.['due_ms'] ?? null) as number | null,
    isBacklog,
  };

  async function backlog(): Promise<{ readonly rows: readonly Row[]; readonly isBacklog: boolean }> {
    const pairs = await Promise.all(
      kinds.map(async (kind) =>
        (await dependenciesOf(store, kind)).map((dependency) => ({ kind, dependency })),
      ),
    );
    const groups = await Promise.all(
      pairs.flat().map(async ({ kind, dependency }) => {
        const limit = query.limitFor(kind, dependency);
        const rows = await find({ lte: nowMs }, limit, { kind, dependency });
        return { rows, isCut: rows.length === limit };
      }),
    );
    const rows = groups.flatMap((it) => it.rows).sort((a, b) => Number(a['due_ms']) - Number(b['due_ms']));
    return { rows, isBacklog: groups.some(({ isCut }) => isCut) };
  }
}

/** Which dependencies rows of a kind need: one short step along the index for each. */
async function dependenciesOf(store: EventStore, kind: string): Promise<readonly (string | null)[]> {
  const found: (string | null)[] = [null];
  for (let last = ''; ;) {
    const [row] = await store.find({
      table: WORK_TABLE.name,
      where: { kind, dependency: { gt: last } },
      orderBy: [['dependency', 'asc']],
      limit: 1,
    });
    if (row === undefined) return found;
    last = row['dependency'] as string;
    found.push(last);
  }
}

/** Kinds that rows have, whoever works on them. */
export async function kindsInUse(store: EventStore): Promise<readonly string[]> {
  const found: string[] = [];
  for (;;) {
    const [row] = await store.find({
      table: WORK_TABLE.name,
      where: { kind: { gt: found.at(-1) ?? '' } },
      orderBy: [['kind', 'asc']],
      limit: 1,
    });
    if (row === undefined) return found;
    found.push(row['kind'] as string);
  }
}
