import type { Address, Hex } from 'viem';
import type { EventStore, Row } from '../event-store/event-store.ts';
import type { Ledger, Loaded } from '../event-store/ledger.ts';
import { invariant } from '../primitives/failures.ts';
import { freeShares, type ReceiptState } from './receipt.ts';
import { parseReceiptStreamId, rankOf, receiptKind, receiptStreamId, RECEIPT_TABLE } from './receipt-kind.ts';

/** A part of a burn: so many shares of one receipt. */
export interface ReceiptPick {
  readonly receiptId: bigint;
  readonly shares: bigint;
  /** The deposit's bytes, to be passed back verbatim; `0x` where they are not known. */
  readonly information: Hex;
}

/** About what fits into one transaction (see the vault's gas per receipt). */
const MAX_RECEIPTS = 140;

/** See `Inventory.choose`. */
export async function chooseReceipts(
  { ledger, store }: { readonly ledger: Ledger; readonly store: EventStore },
  chainId: number,
  vault: Address,
  holder: Address,
  shares: bigint,
  maxReceipts: number = MAX_RECEIPTS,
): Promise<{ readonly picks: readonly ReceiptPick[]; readonly covered: bigint }> {
  invariant(shares > 0n && maxReceipts > 0, 'receipts are chosen for some shares');
  const where = { chain_id: chainId, vault, holder };
  const single = await store.find({
    table: RECEIPT_TABLE.name,
    where: { ...where, free_rank: { gte: rankOf(shares) } },
    orderBy: [
      ['free_rank', 'asc'],
      ['receipt_id', 'asc'],
    ],
    limit: 1,
  });
  const rows = single.length > 0 ? single : await largestFirst(store, where, maxReceipts);
  const loaded = await ledger.loadMany(
    receiptKind,
    rows.map((row) => receiptStreamId(chainId, vault, BigInt(row['receipt_id'] as string))),
  );
  return pickFrom(loaded, shares);
}

function pickFrom(
  loaded: readonly Loaded<ReceiptState>[],
  shares: bigint,
): { readonly picks: readonly ReceiptPick[]; readonly covered: bigint } {
  const picks: ReceiptPick[] = [];
  let missing = shares;
  for (const { id, state } of loaded) {
    const free = freeShares(state);
    if (missing === 0n || free === 0n || state.kind === 'none') continue;
    const taken = free < missing ? free : missing;
    const { receiptId } = parseReceiptStreamId(id);
    picks.push({ receiptId, shares: taken, information: state.deposit?.information ?? '0x' });
    missing -= taken;
  }
  return { picks, covered: shares - missing };
}

type HolderWhere = { readonly chain_id: number; readonly vault: Address; readonly holder: Address };

/** Receipts of which something is free. */
export function largestFirst(
  store: EventStore,
  where: HolderWhere,
  limit: number,
  after?: readonly (string | number)[],
): Promise<readonly Row[]> {
  return store.find({
    table: RECEIPT_TABLE.name,
    where: { ...where, free_rank: { gt: rankOf(0n) } },
    orderBy: [
      ['free_rank', 'desc'],
      ['receipt_id', 'desc'],
    ],
    limit,
    ...(after === undefined ? {} : { after }),
  });
}
