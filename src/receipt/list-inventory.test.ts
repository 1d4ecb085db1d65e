import type { Address } from 'viem';
import { assert, asyncProperty, integer } from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import type { EventStore } from '../event-store/event-store.ts';
import { openTestLedger } from '../operation/test-ledger.ts';
import type { ReceiptPlace } from './list-inventory.ts';
import { listInventory } from './list-inventory.ts';
import { PROMISE_TABLE, RECEIPT_TABLE } from './receipt-kind.ts';

const vaultAt = (digit: number): Address => `0x${String(digit).repeat(40)}`;
const VAULTS = [1, 2, 3, 4].map((digit) => ({ chainId: 1, vault: vaultAt(digit) }));

let store: EventStore;

async function add(
  digit: number,
  receiptId: number,
  what: { inUse?: boolean; due?: boolean } = {},
): Promise<void> {
  const row = {
    chain_id: 1,
    vault: vaultAt(digit),
    receipt_id: String(receiptId),
    holder: null,
    balance: 5n,
    reserved: 0n,
    free_rank: '',
    in_use: what.inUse ?? true,
    overdrawn: false,
    reading_due: what.due ?? false,
    due_from_block: 0,
    observed_block: null,
    observed_hash: null,
  };
  const writes = () => [{ op: 'insert', table: RECEIPT_TABLE.name, row } as const];
  await store.commit({ appends: [], writes, metadata: { actor: 'test' } });
}

beforeEach(async () => {
  ({ store } = await openTestLedger([], [RECEIPT_TABLE, PROMISE_TABLE]));
  for (const id of [1, 2, 10, 11, 100]) await add(1, id);
  await add(1, 12, { inUse: false, due: true });
  await add(1, 13, { inUse: false });
  for (const id of [7, 8]) await add(3, id);
  const row = { redemption_id: 'r-1', chain_id: 1, vault: vaultAt(2), holder: vaultAt(9), shares: 3n };
  const writes = () => [{ op: 'insert', table: PROMISE_TABLE.name, row } as const];
  await store.commit({ appends: [], writes, metadata: { actor: 'test' } });
});

/** All pages of this size, joined. */
async function pages(
  limit: number,
): Promise<{ readonly receipts: readonly string[]; readonly most: number }> {
  const receipts: string[] = [];
  let most = 0;
  let after: ReceiptPlace | null = null;
  do {
    const page: Awaited<ReturnType<typeof listInventory>> = await listInventory(store, VAULTS, {
      limit,
      after,
    });
    const shown = page.items.flatMap((it) =>
      it.receipts.map((r) => `${it.vault[2] ?? ''}/${String(r.receiptId)}`),
    );
    receipts.push(...shown);
    most = Math.max(most, shown.length);
    after = page.next;
  } while (after !== null);
  return { receipts, most };
}

test('shows what is in use or about to be read, and what is promised, of every vault', async () => {
  const { items, next } = await listInventory(store, VAULTS, { limit: 100, after: null });
  expect(next).toBeNull();
  expect(items.map((it) => [it.vault, it.promised, it.receipts.length])).toEqual([
    [vaultAt(1), 0n, 6],
    [vaultAt(2), 3n, 0],
    [vaultAt(3), 0n, 2],
    [vaultAt(4), 0n, 0],
  ]);
});

test('pages of any size lose nothing and repeat nothing', async () => {
  const { receipts: whole } = await pages(100);
  await assert(
    asyncProperty(integer({ min: 1, max: 12 }), async (limit) => {
      const { receipts, most } = await pages(limit);
      expect(receipts).toEqual(whole);
      expect(most).toBeLessThanOrEqual(limit);
    }),
  );
});
