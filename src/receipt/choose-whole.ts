import type { Address } from 'viem';
import type { EventStore } from '../event-store/event-store.ts';
import { countAvailable } from './available.ts';
import { largestFirst } from './choose-receipts.ts';

const PAGE = 500;

interface Whole {
  readonly receiptId: bigint;
  readonly shares: bigint;
}

/** See `Inventory.chooseWhole`. */
export async function chooseWholeReceipts(
  store: EventStore,
  chainId: number,
  vault: Address,
  holder: Address,
  maxReceipts: number,
  taken: ReadonlySet<bigint>,
): Promise<readonly Whole[]> {
  const found: Whole[] = [];
  let after: readonly string[] | undefined;
  while (found.length < maxReceipts) {
    const rows = await largestFirst(store, { chain_id: chainId, vault, holder }, PAGE, after);
    for (const row of rows) {
      const receiptId = BigInt(row['receipt_id'] as string);
      const isFree = row['reserved'] === 0n && row['reading_due'] === false && !taken.has(receiptId);
      if (isFree && found.length < maxReceipts) found.push({ receiptId, shares: row['balance'] as bigint });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) break;
    after = [last['free_rank'] as string, last['receipt_id'] as string];
  }
  const { available } = await countAvailable(store, chainId, vault, holder, sum(found));
  // Smaller ones may still fit where a larger one does not.
  let left = available;
  return found.filter(({ shares }) => {
    if (shares > left) return false;
    left -= shares;
    return true;
  });
}

function sum(receipts: readonly Whole[]): bigint {
  return receipts.reduce((total, it) => total + it.shares, 0n);
}
