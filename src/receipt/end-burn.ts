import type { Address, Hex } from 'viem';
import type { EventStore } from '../event-store/event-store.ts';
import { change, type Change, type Ledger, type Outcome } from '../event-store/ledger.ts';
import { inventoryGuard } from './available.ts';
import type { ReceiptPick } from './choose-receipts.ts';
import type { FreshBalances } from './fresh-balances.ts';
import { readingOf } from './read-balances.ts';
import type { ReceiptCommand, ReceiptState } from './receipt.ts';
import { decideReceipt, evolveReceipt } from './receipt.ts';
import { receiptKind, receiptStreamId } from './receipt-kind.ts';

/** A burn whose transaction is final and did something that was not planned. */
export interface UnplannedBurn {
  readonly redemptionId: string;
  readonly chainId: number;
  readonly vault: Address;
  /** What it had reserved. */
  readonly reserved: readonly ReceiptPick[];
  /** What is proven to be burned for the redemption all the same; null for nothing. */
  readonly burned: {
    readonly picks: readonly ReceiptPick[];
    readonly at: { readonly transactionHash: Hex; readonly blockNumber: bigint };
  } | null;
  readonly why: string;
}

/** Receipts that a burn reserved or burned. */
export function receiptsOf({
  reserved,
  burned,
}: Pick<UnplannedBurn, 'reserved' | 'burned'>): readonly bigint[] {
  return [...new Set([...reserved, ...(burned?.picks ?? [])].map((it) => it.receiptId))];
}

/**
 * See `Inventory.endUnplanned`. Each receipt is released and read in one commit: between the two, what an unplanned
 * effect took would count as free, and could be promised to another redemption.
 */
export async function endUnplannedBurn(
  { ledger, store }: { readonly ledger: Ledger; readonly store: EventStore },
  burn: UnplannedBurn,
  { at, balances }: FreshBalances,
): Promise<Outcome | string> {
  const { redemptionId, chainId, vault, reserved, burned, why } = burn;
  const name = inventoryGuard(chainId, vault);
  const guards = [{ name, expected: await store.guard(name) }];
  const ids = receiptsOf(burn);
  const loaded = await ledger.loadMany(
    receiptKind,
    ids.map((id) => receiptStreamId(chainId, vault, id)),
  );
  const changes: Change[] = [];
  for (const [index, receipt] of loaded.entries()) {
    const id = ids[index] ?? -1n;
    const commands: ReceiptCommand[] = [];
    const freed = sharesOf(reserved, id);
    if (freed > 0n) commands.push({ type: 'release', redemptionId, shares: freed, why });
    const shares = burned === null ? 0n : sharesOf(burned.picks, id);
    if (burned !== null && shares > 0n) commands.push({ type: 'burn', redemptionId, shares, ...burned.at });
    let state: ReceiptState = receipt.state;
    const events = commands.flatMap((command) => {
      const decided = decideReceipt(command, state);
      state = decided.reduce<ReceiptState>(evolveReceipt, state);
      return decided;
    });
    const reading = readingOf(state, balances.get(id) ?? new Map(), at);
    const read =
      reading === null ? [] : decideReceipt({ type: 'read', reading: { ...reading, exact: true } }, state);
    if (read.length === 0) {
      return `receipt ${String(id)} of ${vault} moved after block ${String(at.number)}: look again in a moment`;
    }
    changes.push(change(receiptKind, receipt, [...events, ...read]));
  }
  return { changes, guards };
}

function sharesOf(picks: readonly ReceiptPick[], id: bigint): bigint {
  return picks.reduce((sum, it) => (it.receiptId === id ? sum + it.shares : sum), 0n);
}
