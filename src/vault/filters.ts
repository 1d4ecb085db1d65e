import type { Address, Hex } from 'viem';
import { padHex } from 'viem';
import { eventTopics } from './logs.ts';

/** Which logs to ask a node for, whatever the range of blocks. */
export interface WatchFilter {
  readonly addresses: readonly Address[];
  /** One position each: any of several, or null for any at all. */
  readonly topics: readonly (readonly Hex[] | null)[];
}

/**
 * The three log filters that see, over all vaults at once, everything that concerns our wallets:
 *
 * 1. shares sent **to** a wallet (`Transfer`, topic 2), and receipts sent **from** one, whose wallet stands
 *    in the same topic;
 * 2. receipts sent **to** a wallet (topic 3);
 * 3. deposits and burns, whose owner is in no topic: compare it when they are decoded.
 *
 * Empty when there is no vault or no wallet: a node takes an empty list for "any at all".
 */
export function watchFilters(watched: {
  readonly vaults: readonly Address[];
  readonly receipts: readonly Address[];
  readonly wallets: readonly Address[];
}): readonly WatchFilter[] {
  const vaults = distinct(watched.vaults);
  const receipts = distinct(watched.receipts);
  const wallets = distinct(watched.wallets).map((wallet) => padHex(wallet, { size: 32 }));
  if (vaults.length === 0 || wallets.length === 0) return [];
  const { Deposit, Withdraw, Transfer, TransferSingle, TransferBatch } = eventTopics;
  const receiptTransfers = [TransferSingle, TransferBatch];
  const moves: WatchFilter = {
    addresses: [...vaults, ...receipts],
    topics: [[Transfer, ...receiptTransfers], null, wallets],
  };
  const deposits: WatchFilter = { addresses: vaults, topics: [[Deposit, Withdraw]] };
  if (receipts.length === 0) return [moves, deposits];
  return [moves, { addresses: receipts, topics: [receiptTransfers, null, null, wallets] }, deposits];
}

/**
 * Shares that leave a wallet: nothing begins with them, but they tell what a database forgot that is older than its
 * signatures. Null when there is nothing to ask for.
 */
export function departuresFilter(
  watched: Pick<Parameters<typeof watchFilters>[0], 'vaults' | 'wallets'>,
): WatchFilter | null {
  const addresses = distinct(watched.vaults);
  const wallets = distinct(watched.wallets).map((wallet) => padHex(wallet, { size: 32 }));
  if (addresses.length === 0 || wallets.length === 0) return null;
  return { addresses, topics: [[eventTopics.Transfer], wallets] };
}

/**
 * The first of those filters by itself: what arrives in a wallet, and so begins a redemption. Null when there
 * is nothing to ask for.
 */
export function arrivalsFilter(watched: Parameters<typeof watchFilters>[0]): WatchFilter | null {
  return watchFilters(watched)[0] ?? null;
}

function distinct(addresses: readonly Address[]): readonly Address[] {
  return [...new Set(addresses.map((address) => address.toLowerCase() as Address))];
}
