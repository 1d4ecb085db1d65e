import type { EventStore, Row, UpTo } from '../event-store/event-store.ts';
import type { WorkRow } from '../engine/work.ts';
import { readWorkRow, WORK_TABLE } from '../engine/work.ts';
import type { DomainEvent, ImpliedRow, Ledger, StreamKind } from '../event-store/ledger.ts';
import type { StreamFacts } from '../event-store/ledger.ts';
import { findNewest } from './newest-operations.ts';
import type { OperationFilters, Page } from './operation-filters.ts';
import { decodeCursor, encodeCursor, equalities } from './operation-filters.ts';
import { OPERATION_TABLE } from './operation-row.ts';
import type { OperationView } from './operation-view.ts';
import { operationView } from './operation-view.ts';
import { isStuck, stuckCandidates } from './stuck.ts';

export interface Operations {
  /**
   * Newest first. @throws IssuanceError `malformed` for a cursor that is not ours. `stuck` answers in one page, oldest
   * first, at most `limit`.
   */
  list(
    filters: OperationFilters,
    page: Page,
  ): Promise<{ items: readonly OperationView[]; nextCursor: string | null }>;
  /** One operation, as it is or, with `upTo`, as it was (then without attempts); null when there is none. */
  get(id: string, upTo?: UpTo): Promise<OperationView | null>;
}

/** A kind of stream whose states imply an operation row. */
type OperationStream = StreamKind<unknown, DomainEvent>;

/** Creates the queries over operations of all kinds. `kinds`: the streams they are folded from, for time travel. */
export function createOperations(options: {
  readonly store: EventStore;
  readonly ledger: Ledger;
  readonly kinds: readonly OperationStream[];
  readonly clock: { nowMs(): number };
  /** Ids that a mint of this tokenization request may have. */
  readonly mintIds: (tokenizationRequestId: string) => Promise<readonly string[]>;
}): Operations {
  const { store, ledger, kinds, clock, mintIds } = options;

  const withWork = async (rows: readonly Row[]): Promise<readonly OperationView[]> => {
    const ids = rows.map((row) => row['id'] as string);
    if (ids.length === 0) return [];
    const found = await store.find({ table: WORK_TABLE.name, where: { id: { in: ids } }, limit: ids.length });
    const work = new Map(found.map((row) => [row['id'] as string, readWorkRow(row)]));
    return rows.map((row) => operationView(row, work.get(row['id'] as string) ?? null));
  };

  return {
    async list(filters, { limit, cursor }) {
      if (filters.stuck === true) {
        const stuck = await listStuck(store, clock.nowMs(), filters, limit);
        return { items: await withWork(stuck), nextCursor: null };
      }
      const after = cursor === undefined ? null : decodeCursor(cursor);
      const rows = await findNewest({ store, mintIds }, filters, limit + 1, after);
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return { items: await withWork(shown), nextCursor: last === undefined ? null : encodeCursor(last) };
    },

    async get(id, upTo) {
      if (upTo === undefined) {
        const rows = await store.find({ table: OPERATION_TABLE.name, where: { id }, limit: 1 });
        return (await withWork(rows))[0] ?? null;
      }
      for (const kind of kinds) {
        const { state, facts } = await ledger.load(kind, id, upTo);
        const row = facts === null ? undefined : impliedOperation(kind, state, facts);
        if (row !== undefined) return operationView(row.row, null);
      }
      return null;
    },
  };
}

function impliedOperation(kind: OperationStream, state: unknown, facts: StreamFacts): ImpliedRow | undefined {
  return kind.rows(state, facts).find((it) => it.table === OPERATION_TABLE.name);
}

/** Oldest first. A filter by transaction leaves stuck operations to the other list. */
async function listStuck(
  store: EventStore,
  nowMs: number,
  filters: OperationFilters,
  limit: number,
): Promise<readonly Row[]> {
  const work: WorkRow[] = [];
  for (const { table, where, orderBy } of stuckCandidates(nowMs)) {
    const rows = await store.find({ table, where, orderBy, limit: 10_000 });
    work.push(...rows.map(readWorkRow).filter((it) => isStuck(it, nowMs)));
  }
  const oldest = work.toSorted((a, b) => a.sinceMs - b.sinceMs).map((it) => it.id);
  const where = equalities(filters);
  const found: Row[] = [];
  for (let start = 0; start < oldest.length && found.length < limit; start += 500) {
    const ids = oldest.slice(start, start + 500);
    const rows = await store.find({
      table: OPERATION_TABLE.name,
      where: { ...where, id: { in: ids } },
      limit: 500,
    });
    found.push(...rows.toSorted((a, b) => ids.indexOf(a['id'] as string) - ids.indexOf(b['id'] as string)));
  }
  return found.slice(0, limit);
}
