import type { EventStore, Row, StoredEvent, UpTo } from '../event-store/event-store.ts';
import { readWorkRow, WORK_TABLE } from '../engine/work.ts';
import type { DomainEvent, ImpliedRow, Ledger, StreamKind } from '../event-store/ledger.ts';
import type { StreamFacts } from '../event-store/ledger.ts';
import { evolveOne } from '../event-store/fold.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { readCursor, writeCursor } from '../primitives/wire.ts';
import type { Hindrances } from './hindrance.ts';
import { listStuck } from './list-stuck.ts';
import { findNewest, idsOfTransaction } from './newest-operations.ts';
import type { OperationFilters, Page } from './operation-filters.ts';
import { equalities, listOf, PLACE } from './operation-filters.ts';
import { openThen } from './open-then.ts';
import { OPERATION_TABLE } from './operation-row.ts';
import type { OperationView } from './operation-view.ts';
import { operationView } from './operation-view.ts';
import { momentOf } from './point-in-time.ts';

export interface Operations {
  /**
   * Newest first; with `stuck` those that are stuck longest. A cursor belongs to the filters that it was given for.
   *
   * @throws IssuanceError `malformed` for a cursor that is not ours.
   */
  list(
    filters: OperationFilters,
    page: Page,
  ): Promise<{ items: readonly OperationView[]; nextCursor: string | null }>;
  /** One operation, as it is or, with `upTo`, as it was (then without attempts); null when there is none. */
  get(id: string, upTo?: UpTo): Promise<OperationView | null>;
  /**
   * Those that were open then, newest first, as they were; see `openThen` for what it costs.
   *
   * @throws IssuanceError `malformed` for a cursor that is not ours, or a filter that only the present knows
   */
  listOpen(
    filters: OperationFilters,
    page: Page,
    upTo: UpTo,
  ): Promise<{ items: readonly OperationView[]; nextCursor: string | null }>;
  /** Everything that happened to it, with the state after each event; empty when there is none. */
  events(id: string): Promise<readonly EventWithState[]>;
}

/** An event, and the state that it brought its operation into. */
export interface EventWithState {
  readonly event: StoredEvent;
  readonly state: string;
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
  readonly hindrances: Hindrances;
}): Operations {
  const { store, ledger, kinds, clock, mintIds, hindrances } = options;

  const withWork = async (rows: readonly Row[]): Promise<readonly OperationView[]> => {
    const ids = rows.map((row) => row['id'] as string);
    if (ids.length === 0) return [];
    const found = await store.find({ table: WORK_TABLE.name, where: { id: { in: ids } }, limit: ids.length });
    const work = new Map(found.map((row) => [row['id'] as string, readWorkRow(row)]));
    const hindered = await hindrances([...work.values()]);
    return rows.map((row) => {
      const id = row['id'] as string;
      return operationView(row, work.get(id) ?? null, hindered.get(id));
    });
  };

  return {
    async list(filters, { limit, cursor }) {
      const of = listOf(filters, null);
      const after = readCursor(of, cursor, PLACE);
      if (filters.stuck === true) {
        const where = equalities(filters);
        const { transactionHash: hash } = filters;
        const ids = hash === undefined ? null : await idsOfTransaction(store, hash);
        const { rows, next } = await listStuck(store, clock.nowMs(), { where, ids, limit, after });
        return { items: await withWork(rows), nextCursor: next === null ? null : writeCursor(of, next) };
      }
      const rows = await findNewest({ store, mintIds }, filters, limit + 1, after);
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      const place = last === undefined ? null : [last['created_ms'] as number, last['id'] as string];
      return { items: await withWork(shown), nextCursor: place === null ? null : writeCursor(of, place) };
    },

    async listOpen(filters, { limit, cursor }, upTo) {
      const { transactionHash, tokenizationRequestId, stuck, ...asThen } = filters;
      if (transactionHash !== undefined || tokenizationRequestId !== undefined || stuck === true) {
        throw new IssuanceError(
          'malformed',
          'tx_hash, tokenization_request_id and stuck are of the present: ask for the operation by its id instead',
        );
      }
      const of = listOf(filters, upTo);
      const after = readCursor(of, cursor, PLACE);
      const point = { upTo, momentMs: await momentOf(store, upTo, clock.nowMs()) };
      const { items, next } = await openThen({ store, ledger, kinds }, asThen, point, { limit, after });
      const views = items.map(({ operation }) => operationView(operation, null));
      return { items: views, nextCursor: next === null ? null : writeCursor(of, next) };
    },

    async events(id) {
      for (const kind of kinds) {
        const events = await store.readStream(`${kind.category}/${id}`);
        if (events.length === 0) continue;
        let state = kind.initialState;
        return events.map((event) => {
          state = evolveOne(kind, state, event);
          return { event, state: kind.phase(state) };
        });
      }
      return [];
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
