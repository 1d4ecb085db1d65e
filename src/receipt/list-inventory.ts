import type { Address } from 'viem';
import type { EventStore, Query, Row } from '../event-store/event-store.ts';
import { PROMISE_TABLE, RECEIPT_TABLE } from './receipt-kind.ts';

export interface ReceiptOfVault {
  readonly receiptId: bigint;
  readonly holder: Address | null;
  /** Null until it was read once. */
  readonly balance: bigint | null;
  readonly reserved: bigint;
  readonly observedBlock: number | null;
}

export interface InventoryVault {
  readonly chainId: number;
  readonly vault: Address;
  readonly promised: bigint;
  /** Those that hold or reserve something, or whose balance is about to be read, in the order of their ids as text. */
  readonly receipts: readonly ReceiptOfVault[];
}

export type VaultPlace = Pick<InventoryVault, 'chainId' | 'vault'>;

/** The receipt after which a page goes on; an empty id is before the vault's first. */
export interface ReceiptPlace extends VaultPlace {
  readonly receiptId: string;
}

const PAGE = 1000;

/**
 * One page of these vaults, which are given in the order of chain and address, with at most `limit` receipts; a vault
 * without any counts as one. A vault with more goes on in the next page.
 * `next` is where that begins; null after the last.
 */
export async function listInventory(
  store: EventStore,
  vaults: readonly VaultPlace[],
  { limit, after }: { readonly limit: number; readonly after: ReceiptPlace | null },
): Promise<{ readonly items: readonly InventoryVault[]; readonly next: ReceiptPlace | null }> {
  const isFirst = (it: VaultPlace): boolean => it.chainId === after?.chainId && it.vault === after.vault;
  const isPast = (it: VaultPlace): boolean =>
    after !== null &&
    (it.chainId < after.chainId || (it.chainId === after.chainId && it.vault < after.vault));
  const items: InventoryVault[] = [];
  let left = limit;
  for (const place of vaults.filter((it) => !isPast(it))) {
    if (left <= 0) return { items, next: { ...place, receiptId: '' } };
    const from = isFirst(place) ? (after?.receiptId ?? '') : '';
    const rows = await receiptsAfter(store, place, from, left + 1);
    const shown = rows.slice(0, left);
    const promised = await sumPromises(store, place.chainId, place.vault);
    items.push({ ...place, promised, receipts: shown.map(receiptOf) });
    if (rows.length > left) {
      return { items, next: { ...place, receiptId: (shown.at(-1)?.['receipt_id'] ?? '') as string } };
    }
    left -= Math.max(1, shown.length);
  }
  return { items, next: null };
}

/** At most `limit` receipts of a vault that are or may be in use, after this one. */
async function receiptsAfter(
  store: EventStore,
  { chainId, vault }: VaultPlace,
  receiptId: string,
  limit: number,
): Promise<readonly Row[]> {
  const where = { chain_id: chainId, vault, receipt_id: { gt: receiptId } };
  const query = { table: RECEIPT_TABLE.name, orderBy: [['receipt_id', 'asc']] as const, limit };
  const used = await store.find({ ...query, where: { ...where, in_use: true } });
  const due = await store.find({ ...query, where: { ...where, in_use: false, reading_due: true } });
  return [...used, ...due]
    .sort((a, b) => ((a['receipt_id'] as string) < (b['receipt_id'] as string) ? -1 : 1))
    .slice(0, limit);
}

/** Shares of a vault that are promised to redemptions whose burns are not signed yet: by one holder, or by all. */
export async function sumPromises(
  store: EventStore,
  chainId: number,
  vault: Address,
  holder?: Address,
): Promise<bigint> {
  let sum = 0n;
  const of = holder === undefined ? {} : { holder };
  const query = { table: PROMISE_TABLE.name, where: { chain_id: chainId, vault, ...of } };
  await eachRow(store, query, ['redemption_id'], (row) => {
    sum += row['shares'] as bigint;
  });
  return sum;
}

export function receiptOf(row: Row): ReceiptOfVault {
  return {
    receiptId: BigInt(row['receipt_id'] as string),
    holder: row['holder'] as Address | null,
    balance: row['balance'] as bigint | null,
    reserved: row['reserved'] as bigint,
    observedBlock: row['observed_block'] as number | null,
  };
}

/** Walks all rows of a query in pages. */
export async function eachRow(
  store: EventStore,
  query: Pick<Query, 'table' | 'where'>,
  order: readonly string[],
  take: (row: Row) => void,
): Promise<void> {
  let after: readonly (string | number)[] | undefined;
  for (;;) {
    const rows = await store.find({
      ...query,
      orderBy: order.map((column) => [column, 'asc'] as const),
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    for (const row of rows) take(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = order.map((column) => last[column] as string | number);
  }
}
