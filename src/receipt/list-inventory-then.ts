import type { EventStore, Row, UpTo } from '../event-store/event-store.ts';
import type { Ledger } from '../event-store/ledger.ts';
import type { ReceiptOfVault, ReceiptPlace, VaultPlace } from './list-inventory.ts';
import { receiptOf } from './list-inventory.ts';
import { receiptKind, receiptStreamId, RECEIPT_TABLE } from './receipt-kind.ts';

/** A vault's receipts as they were. */
interface VaultThen extends VaultPlace {
  readonly receipts: readonly ReceiptOfVault[];
}

/** Receipts replayed in one call. */
const MOST_REPLAYED = 5_000;
const CHUNK = 250;

/**
 * One page of what these vaults' receipts held at a moment of the past, each replayed from the log: at most `limit` of
 * those that held or reserved something, or were about to be read. A page may hold fewer, or none, and still have a
 * next one: no call replays more than 5,000, whatever they held. Vaults come in the order given, which is that of chain
 * and address.
 */
export async function listInventoryThen(
  { store, ledger }: { readonly store: EventStore; readonly ledger: Pick<Ledger, 'load'> },
  vaults: readonly VaultPlace[],
  upTo: UpTo,
  { limit, after }: { readonly limit: number; readonly after: ReceiptPlace | null },
): Promise<{ readonly items: readonly VaultThen[]; readonly next: ReceiptPlace | null }> {
  const items: VaultThen[] = [];
  let left = limit;
  let replayed = 0;
  for (const { chainId, vault } of vaults) {
    if (after !== null && isBefore({ chainId, vault }, after)) continue;
    const isFirst = chainId === after?.chainId && vault === after.vault;
    let receiptId = isFirst ? (after?.receiptId ?? '') : '';
    const receipts: ReceiptOfVault[] = [];
    for (;;) {
      if (left <= 0 || replayed >= MOST_REPLAYED) {
        if (receipts.length > 0) items.push({ chainId, vault, receipts });
        return { items, next: { chainId, vault, receiptId } };
      }
      const chunk = Math.min(CHUNK, left);
      const rows = await store.find({
        table: RECEIPT_TABLE.name,
        where: { chain_id: chainId, vault, receipt_id: { gt: receiptId } },
        orderBy: [['receipt_id', 'asc']],
        limit: chunk,
      });
      replayed += rows.length;
      for (const row of rows) {
        receiptId = row['receipt_id'] as string;
        const then = await rowThen(ledger, receiptStreamId(chainId, vault, BigInt(receiptId)), upTo);
        if (then === null || (then['in_use'] !== true && then['reading_due'] !== true)) continue;
        receipts.push(receiptOf(then));
        left -= 1;
      }
      if (rows.length < chunk) break;
    }
    items.push({ chainId, vault, receipts });
    if (receipts.length === 0) left -= 1;
  }
  return { items, next: null };
}

/** The row of a receipt as it was; null before it was known. */
async function rowThen(ledger: Pick<Ledger, 'load'>, id: string, upTo: UpTo): Promise<Row | null> {
  const { state, facts } = await ledger.load(receiptKind, id, upTo);
  if (facts === null) return null;
  const row = receiptKind.rows(state, facts).find((it) => it.table === RECEIPT_TABLE.name)?.row ?? null;
  return row;
}

function isBefore(one: VaultPlace, other: VaultPlace): boolean {
  return one.chainId < other.chainId || (one.chainId === other.chainId && one.vault < other.vault);
}
