import { type Address, type Hex, pad } from 'viem';
import { eventTopics } from '../../vault/logs.ts';
import type { LogFilter } from '../rpc/types.ts';
import type { WatchedVault } from './types.ts';

/** A query without its blocks. */
export type WatchFilter = Pick<LogFilter, 'addresses' | 'topics'>;

/**
 * The queries that together give every log that concerns our wallets: shares to them and receipts from them (both in
 * topic 2), receipts to them (topic 3), and all deposits and withdrawals, which have no indexed parameter. Any number
 * of vaults fits into the three.
 */
export function watchFilters(
  vaults: readonly WatchedVault[],
  wallets: readonly Address[],
): readonly WatchFilter[] {
  if (vaults.length === 0) return [];
  const { Deposit, Withdraw, Transfer, TransferSingle, TransferBatch } = eventTopics;
  const shares = vaults.map((it) => it.vault);
  const receipts = vaults.map((it) => it.receipt);
  const deposits: WatchFilter = { addresses: shares, topics: [[Deposit, Withdraw]] };
  // An empty list would stand for any wallet at all.
  if (wallets.length === 0) return [deposits];
  const ours: readonly Hex[] = wallets.map((wallet) => pad(wallet));
  return [
    deposits,
    { addresses: [...shares, ...receipts], topics: [[Transfer, TransferSingle, TransferBatch], null, ours] },
    { addresses: receipts, topics: [[TransferSingle, TransferBatch], null, null, ours] },
  ];
}
