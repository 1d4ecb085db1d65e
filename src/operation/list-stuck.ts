import type { WorkRow } from '../engine/work.ts';
import { readWorkRow, WORK_TABLE } from '../engine/work.ts';
import type { Condition, EventStore, Row } from '../event-store/event-store.ts';
import { OPERATION_TABLE } from './operation-row.ts';
import { stuckCandidates } from './stuck.ts';

/** Rows that are read at a time. */
const CHUNK = 500;

/** Where a page of stuck operations ends. */
type Place = readonly [sinceMs: number, id: string];

interface Wanted {
  /** What must hold of their rows. */
  readonly where: Readonly<Record<string, Condition>>;
  /** Only these; null for any. */
  readonly ids: readonly string[] | null;
  readonly limit: number;
  readonly after: Place | null;
}

/**
 * Operations past the bound of their state, the longest first, from after a place.
 * `next` is the place where the following page begins; null after the last.
 */
export async function listStuck(
  store: EventStore,
  nowMs: number,
  { where, ids, limit, after }: Wanted,
): Promise<{ readonly rows: readonly Row[]; readonly next: Place | null }> {
  const found: { readonly row: Row; readonly place: Place }[] = [];
  let place = after;
  while (found.length <= limit) {
    const chunk = await oldestWork(store, nowMs, place);
    if (chunk.length === 0) break;
    const rows = await store.find({
      table: OPERATION_TABLE.name,
      where: { ...where, id: { in: chunk.map((it) => it.id) } },
      limit: chunk.length,
    });
    const byId = new Map(rows.map((row) => [row['id'], row]));
    for (const { id, sinceMs } of chunk) {
      const row = byId.get(id);
      place = [sinceMs, id];
      if (row !== undefined && (ids === null || ids.includes(id))) found.push({ row, place });
    }
  }
  const shown = found.slice(0, limit);
  return {
    rows: shown.map((it) => it.row),
    next: found.length > limit ? (shown.at(-1)?.place ?? null) : null,
  };
}

/** The next rows of work that are past their bounds, in the order of their age, whatever their kind and phase. */
async function oldestWork(
  store: EventStore,
  nowMs: number,
  after: Place | null,
): Promise<readonly WorkRow[]> {
  const work: WorkRow[] = [];
  for (const { table, where, orderBy } of stuckCandidates(nowMs)) {
    const page = { limit: CHUNK, ...(after === null ? {} : { after }) };
    const rows = await store.find({ table, where, orderBy, ...page });
    work.push(...rows.map(readWorkRow));
  }
  const oldest = work.toSorted((a, b) => a.sinceMs - b.sinceMs);
  const lastMs = oldest[CHUNK - 1]?.sinceMs ?? Infinity;
  const ids = oldest.filter((it) => it.sinceMs <= lastMs).map((it) => it.id);
  // The store alone knows the order of those of one millisecond, which the next page goes on in.
  const rows = await store.find({
    table: WORK_TABLE.name,
    where: { id: { in: ids } },
    orderBy: [
      ['since_ms', 'asc'],
      ['id', 'asc'],
    ],
    limit: CHUNK,
  });
  return rows.map(readWorkRow);
}
