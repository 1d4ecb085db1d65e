import type { Address } from 'viem';
import type { EventStore } from '../event-store/event-store.ts';
import { largestFirst } from './choose-receipts.ts';
import { sumPromises } from './list-inventory.ts';
import { RECEIPT_TABLE } from './receipt-kind.ts';

/** How much a further redemption may burn, and the guard that a commit which counts on it must raise. */
export interface Available {
  /** Balances less reservations and promises; may be negative when others burned what was counted on. */
  readonly available: bigint;
  readonly guard: { readonly name: string; readonly expected: number };
}

const PAGE = 500;

/** Name of the guard that serialises decisions on what a vault's inventory can give. */
export function inventoryGuard(chainId: number, vault: Address): string {
  return `inventory:${chainId}:${vault}`;
}

/** See `Inventory.available`. */
export async function countAvailable(
  store: EventStore,
  chainId: number,
  vault: Address,
  holder: Address,
  atLeast?: bigint,
): Promise<Available> {
  // Read first: whatever changes the inventory after this makes the caller's commit fail.
  const name = inventoryGuard(chainId, vault);
  const guard = { name, expected: await store.guard(name) };
  const promisedBefore = await sumPromises(store, chainId, vault, holder);
  const overdrawn = await sumOverdrawn(store, chainId, vault, holder);
  const wanted = atLeast === undefined ? null : atLeast + promisedBefore + overdrawn;
  const free = await sumFree(store, chainId, vault, holder, wanted);
  // A burn that is signed or released between these reads turns a promise into a reservation or back, without
  // the guard: whichever reading of the promises is larger holds it.
  const promisedAfter = await sumPromises(store, chainId, vault, holder);
  const promised = promisedAfter > promisedBefore ? promisedAfter : promisedBefore;
  return { available: free - promised - overdrawn, guard };
}

async function sumFree(
  store: EventStore,
  chainId: number,
  vault: Address,
  holder: Address,
  enough: bigint | null,
): Promise<bigint> {
  const where = { chain_id: chainId, vault, holder };
  let sum = 0n;
  let after: readonly string[] | undefined;
  // A receipt of which something is reserved meanwhile sinks, and may come up again on a later page.
  const counted = new Set<string>();
  for (;;) {
    const rows = await largestFirst(store, where, PAGE, after);
    for (const row of rows) {
      const receiptId = row['receipt_id'] as string;
      if (!counted.has(receiptId)) sum += BigInt(row['free_rank'] as string);
      counted.add(receiptId);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE || (enough !== null && sum >= enough)) return sum;
    after = [last['free_rank'] as string, last['receipt_id'] as string];
  }
}

/** Shares reserved beyond a balance: they will be missing elsewhere. */
async function sumOverdrawn(
  store: EventStore,
  chainId: number,
  vault: Address,
  holder: Address,
): Promise<bigint> {
  const rows = await store.find({
    table: RECEIPT_TABLE.name,
    where: { chain_id: chainId, vault, holder, overdrawn: true },
    limit: 10_000,
  });
  return rows.reduce((sum, row) => sum + (row['reserved'] as bigint) - (row['balance'] as bigint), 0n);
}
