import type { Address } from 'viem';
import type { BlockPoint } from '../chain/finality.ts';
import type { PinnedRpc } from '../chain/rpc/types.ts';
import type { WatchedVault } from '../chain/watcher/types.ts';
import type { EventStore } from '../event-store/event-store.ts';
import { change, type Ledger } from '../event-store/ledger.ts';
import type { Log } from '../telemetry/log.ts';
import { inventoryGuard } from './available.ts';
import { readAt, readingOf, readReceiptBalances } from './read-balances.ts';
import type { KnownReceipt, ReceiptEvent, ReceiptState } from './receipt.ts';
import { decideReceipt, evolveReceipt, isOverdrawn, reservedShares } from './receipt.ts';
import { receiptKind, receiptStreamId } from './receipt-kind.ts';

/** A balance that nothing in the books explains. */
export interface ReceiptDifference {
  readonly kind: 'receipt';
  readonly network: string;
  readonly chainId: number;
  readonly vault: Address;
  readonly receiptId: bigint;
  readonly holderBefore: Address;
  readonly balanceBefore: bigint;
  readonly holder: Address;
  readonly balance: bigint;
}

export interface ReadingPlace {
  readonly network: string;
  readonly chainId: number;
  readonly rpc: PinnedRpc;
  readonly wallets: readonly Address[];
  readonly vault: WatchedVault;
  readonly at: BlockPoint;
}

interface Reading {
  readonly receiptId: bigint;
  readonly before: ReceiptState;
  readonly after: KnownReceipt;
  readonly events: readonly ReceiptEvent[];
}

/**
 * Reads the balances of some receipts of one vault and records what changed, in one commit. Gives what
 * nothing in the books explains: a receipt that was due for a reading had a reason to change.
 *
 * Rejects with `RpcFailure`, `ReadingUnsettled`, and, when the books moved meanwhile, `VersionConflict` or
 * `GuardConflict`.
 */
export async function recordBalances(
  context: { readonly ledger: Ledger; readonly store: EventStore; readonly log: Log },
  place: ReadingPlace,
  receiptIds: readonly bigint[],
): Promise<readonly ReceiptDifference[]> {
  const { ledger, store } = context;
  const { chainId, rpc, at, vault, wallets } = place;
  if (receiptIds.length === 0 || wallets.length === 0) return [];
  const balances = await readAt(rpc, at, () => readReceiptBalances(rpc, at, vault, wallets, receiptIds));
  const guard = inventoryGuard(chainId, vault.vault);
  const expected = await store.guard(guard);
  const loaded = await ledger.loadMany(
    receiptKind,
    receiptIds.map((id) => receiptStreamId(chainId, vault.vault, id)),
  );
  const readings: Reading[] = [];
  const changes = loaded.flatMap((receipt, index) => {
    const receiptId = receiptIds[index] ?? -1n;
    const reading = readingOf(receipt.state, balances.get(receiptId) ?? new Map(), at);
    if (reading === null) return [];
    const events = decideReceipt({ type: 'read', reading }, receipt.state);
    if (events.length === 0) return [];
    const after = events.reduce<ReceiptState>(evolveReceipt, receipt.state);
    if (after.kind === 'known') readings.push({ receiptId, before: receipt.state, after, events });
    return [change(receiptKind, receipt, events)];
  });
  if (changes.length === 0) return [];
  // Whoever counts on shares that are not there any more must decide anew.
  const guards = readings.some(lowers) ? [{ name: guard, expected }] : [];
  const metadata = { actor: 'engine', causation: `block ${chainId}/${at.number}/${at.hash}` };
  await ledger.commit({ changes, guards, metadata });
  for (const reading of readings) tellOverdrawn(context.log, place, reading);
  return readings.flatMap((reading) => differenceOf(place, reading) ?? []);
}

function lowers({ before, after }: Reading): boolean {
  if (before.kind === 'none' || before.reading === null || after.reading === null) return false;
  return before.reading.holder !== after.reading.holder || after.reading.balance < before.reading.balance;
}

function tellOverdrawn(
  log: Log,
  { network, vault }: ReadingPlace,
  { receiptId, before, after }: Reading,
): void {
  if (!isOverdrawn(after) || isOverdrawn(before)) return;
  const balance = after.reading?.balance ?? 0n;
  log.error(
    {
      alarm: 'receipt_overdrawn',
      network,
      vault: vault.vault,
      receiptId,
      balance,
      reserved: reservedShares(after),
    },
    'a receipt holds less than signed burns have reserved',
  );
}

function differenceOf(place: ReadingPlace, { receiptId, before, after }: Reading): ReceiptDifference | null {
  if (before.kind === 'none' || before.readingDue || before.reading === null || after.reading === null) {
    return null;
  }
  const { network, chainId, vault } = place;
  return {
    kind: 'receipt',
    network,
    chainId,
    vault: vault.vault,
    receiptId,
    holderBefore: before.reading.holder,
    balanceBefore: before.reading.balance,
    holder: after.reading.holder,
    balance: after.reading.balance,
  };
}
