import type { EventStore, Query, Row } from '../event-store/event-store.ts';
import { EFFECT_TABLE } from './effect-row.ts';
import type { OperationFilters } from './operation-filters.ts';
import { equalities, spellings } from './operation-filters.ts';
import { OPERATION_TABLE } from './operation-row.ts';

type Where = NonNullable<Query['where']>;

interface Sources {
  readonly store: EventStore;
  /** Ids that a mint of this tokenization request may have. */
  readonly mintIds: (tokenizationRequestId: string) => Promise<readonly string[]>;
}

const table = OPERATION_TABLE.name;

const NEWEST_FIRST: NonNullable<Query['orderBy']> = [
  ['created_ms', 'desc'],
  ['id', 'desc'],
];

/** Rows of the newest operations that the filters select, after this one. Every query in it is served by an index. */
export async function findNewest(
  sources: Sources,
  filters: OperationFilters,
  limit: number,
  after: readonly [createdMs: number, id: string] | null,
): Promise<readonly Row[]> {
  const { store } = sources;
  const find = (where: Where): Promise<readonly Row[]> =>
    store.find({ table, where, orderBy: NEWEST_FIRST, limit, ...(after === null ? {} : { after }) });
  const [only, ...more] = await conditions(sources, filters);
  if (only === undefined) return [];
  if (more.length === 0) return find(only);
  const pages = await Promise.all([only, ...more].map(find));
  const found = pages.flat().toSorted((a, b) => createdMs(b) - createdMs(a));
  const oldestMs = found.length > limit ? createdMs(found[limit - 1]) : 0;
  const ids = found.filter((row) => createdMs(row) >= oldestMs).map((row) => row['id'] as string);
  // The store alone knows the order of those of one millisecond.
  return store.find({ table, where: { id: { in: ids } }, orderBy: NEWEST_FIRST, limit });
}

function createdMs(row: Row | undefined): number {
  return row?.['created_ms'] as number;
}

/**
 * Conditions that together select what the filters do. The index by kind and state needs both, so one that is not given
 * is filled in with each of its values.
 */
async function conditions({ store, mintIds }: Sources, filters: OperationFilters): Promise<readonly Where[]> {
  const where = equalities(filters);
  const { transactionHash, tokenizationRequestId, kind, state } = filters;
  if (transactionHash !== undefined) {
    return [{ ...where, id: { in: await idsOfTransaction(store, transactionHash) } }];
  }
  if (tokenizationRequestId !== undefined) {
    const others = await store.find({
      table,
      where: { request_key: { in: spellings(tokenizationRequestId) } },
      limit: 1_000,
    });
    const ids = [...(await mintIds(tokenizationRequestId)), ...others.map((row) => row['id'] as string)];
    return [{ ...where, id: { in: ids } }];
  }
  if (kind === undefined && state !== undefined) {
    return (await valuesOf(store, 'kind', {})).map((it) => ({ ...where, kind: it }));
  }
  if (kind !== undefined && state === undefined) {
    return (await valuesOf(store, 'state', { kind })).map((it) => ({ ...where, state: it }));
  }
  return [where];
}

/** The different values of a column of the index by kind and state: one short step along it for each. */
async function valuesOf(
  store: EventStore,
  column: 'kind' | 'state',
  where: Where,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (;;) {
    const [row] = await store.find({
      table,
      where: { ...where, [column]: { gt: found.at(-1) ?? '' } },
      orderBy: [[column, 'asc']],
      limit: 1,
    });
    if (row === undefined) return found;
    found.push(row[column] as string);
  }
}

/** Operations that a transaction began, or that claim an effect of it. */
export async function idsOfTransaction(store: EventStore, hash: string): Promise<readonly string[]> {
  const transactionHash = hash.toLowerCase();
  const begun = await store.find({
    table: OPERATION_TABLE.name,
    where: { tx_hash: transactionHash },
    limit: 1_000,
  });
  const effects = await store.find({
    table: EFFECT_TABLE.name,
    where: { transaction_hash: transactionHash },
    limit: 1_000,
  });
  const ids = [...begun.map((row) => row['id']), ...effects.map((row) => row['operation_id'])];
  return [...new Set(ids as string[])].slice(0, 1_000);
}
