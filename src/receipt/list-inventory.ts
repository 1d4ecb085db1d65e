import type { Address } from 'viem';
import type { EventStore, Query, Row } from '../event-store/event-store.ts';
import { PROMISE_TABLE, RECEIPT_TABLE } from './receipt-kind.ts';

interface InventoryReceipt {
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
  /** Those that hold or reserve something, or whose balance is about to be read. */
  readonly receipts: readonly InventoryReceipt[];
}

const PAGE = 1000;

/** Every vault that has receipts or promises. */
export async function listInventory(store: EventStore): Promise<readonly InventoryVault[]> {
  const receipts = new Map<string, InventoryReceipt[]>();
  const promised = new Map<string, bigint>();
  const add = (row: Row): void => {
    const vault = `${row['chain_id'] as number}/${row['vault'] as string}`;
    const known = receipts.get(vault);
    if (known === undefined) receipts.set(vault, [receiptOf(row)]);
    else known.push(receiptOf(row));
  };
  const order = ['chain_id', 'vault', 'receipt_id'];
  await eachRow(store, { table: RECEIPT_TABLE.name, where: { in_use: true } }, order, add);
  await eachRow(
    store,
    { table: RECEIPT_TABLE.name, where: { in_use: false, reading_due: true } },
    order,
    add,
  );
  await eachRow(store, { table: PROMISE_TABLE.name }, ['redemption_id'], (row) => {
    const vault = `${row['chain_id'] as number}/${row['vault'] as string}`;
    promised.set(vault, (promised.get(vault) ?? 0n) + (row['shares'] as bigint));
  });
  return [...new Set([...receipts.keys(), ...promised.keys()])].sort().map((key) => {
    const [chainId = '', vault = ''] = key.split('/');
    return {
      chainId: Number(chainId),
      vault: vault as Address,
      promised: promised.get(key) ?? 0n,
      receipts: (receipts.get(key) ?? []).toSorted((a, b) => (a.receiptId < b.receiptId ? -1 : 1)),
    };
  });
}

function receiptOf(row: Row): InventoryReceipt {
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
