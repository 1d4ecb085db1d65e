import { WORK_TABLE } from '../engine/work.ts';
import type { EventStore, Row, UpTo } from '../event-store/event-store.ts';
import type { DomainEvent, ImpliedRow, Ledger, StreamKind } from '../event-store/ledger.ts';
import { findNewest } from './newest-operations.ts';
import { OPERATION_TABLE } from './operation-row.ts';

/** What operations were open at a moment of the past, from the log. */

export interface OpenThenSources {
  readonly store: EventStore;
  readonly ledger: Pick<Ledger, 'load'>;
  readonly kinds: readonly StreamKind<unknown, DomainEvent>[];
}

export interface OpenThen {
  /** Its row as it was then. */
  readonly operation: Row;
  /** All rows that its state of then implies. */
  readonly rows: readonly ImpliedRow[];
  /** Where the walk goes on after it. */
  readonly place: Place;
}

type Place = readonly [createdMs: number, id: string];

/** Of what began before; a kind narrows the walk, and each of the others must have held then. */
export interface OpenThenFilters {
  readonly kind?: string;
  readonly state?: string;
  readonly underlying?: string;
  readonly network?: string;
  readonly clientId?: string;
}

/** Operations looked at in one call. What ended before the moment costs a row; what may have been open, a replay. */
const MOST_LOOKED_AT = 5_000;
const CHUNK = 250;

/**
 * Up to `limit` operations that were open then, newest first, from after a place. What has ended before and was left
 * alone since is told by its row; every other one is replayed up to the moment, so that the cost is that of what was
 * open then and of what began before it. `next` is where to go on; a page may hold fewer than `limit`, or none, and
 * still have a next one: no call looks at more than 5,000 operations.
 *
 * @param momentMs see `momentOf`
 */
export async function openThen(
  sources: OpenThenSources,
  filters: OpenThenFilters,
  { upTo, momentMs }: { readonly upTo: UpTo; readonly momentMs: number },
  { limit, after }: { readonly limit: number; readonly after: Place | null },
): Promise<{ readonly items: readonly OpenThen[]; readonly next: Place | null }> {
  const items: OpenThen[] = [];
  let place = after;
  const narrowed = {
    createdUntilMs: momentMs,
    ...(filters.kind === undefined ? {} : { kind: filters.kind }),
  };
  for (let lookedAt = 0; lookedAt < MOST_LOOKED_AT; lookedAt += CHUNK) {
    const rows = await findNewest({ store: sources.store, mintIds: async () => [] }, narrowed, CHUNK, place);
    const doubtful = await withoutEnded(sources.store, rows, momentMs);
    for (const row of rows) {
      place = [row['created_ms'] as number, row['id'] as string];
      if (!doubtful.has(row['id'] as string)) continue;
      const found = await replay(sources, row, upTo);
      if (found === null || !fits(found.operation, filters)) continue;
      items.push({ ...found, place });
      if (items.length === limit) return { items, next: place };
    }
    if (rows.length < CHUNK) return { items, next: null };
  }
  return { items, next: place };
}

/** Those that may have been open: whatever is open now, or came into its last state since. */
async function withoutEnded(
  store: EventStore,
  rows: readonly Row[],
  momentMs: number,
): Promise<ReadonlySet<string>> {
  const ids = rows.map((row) => row['id'] as string);
  if (ids.length === 0) return new Set();
  const work = await store.find({ table: WORK_TABLE.name, where: { id: { in: ids } }, limit: ids.length });
  const since = rows.filter((row) => (row['since_ms'] as number) >= momentMs);
  return new Set([...work, ...since].map((row) => row['id'] as string));
}

async function replay(
  { ledger, kinds }: OpenThenSources,
  row: Row,
  upTo: UpTo,
): Promise<Omit<OpenThen, 'place'> | null> {
  const kind = kinds.find((it) => it.category === row['kind']);
  if (kind === undefined) return null;
  const { state, facts } = await ledger.load(kind, row['id'] as string, upTo);
  const rows = facts === null ? [] : kind.rows(state, facts);
  const operation = rows.find((it) => it.table === OPERATION_TABLE.name);
  const isOpen = rows.some((it) => it.table === WORK_TABLE.name);
  return operation === undefined || !isOpen ? null : { operation: operation.row, rows };
}

function fits(operation: Row, { state, underlying, network, clientId }: OpenThenFilters): boolean {
  const is = (column: string, wanted: string | undefined): boolean =>
    wanted === undefined || operation[column] === wanted;
  return (
    is('state', state) && is('underlying', underlying) && is('network', network) && is('client_id', clientId)
  );
}
