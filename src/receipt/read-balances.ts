import type { Address } from 'viem';
import { type BlockPoint, isCanonical } from '../chain/finality.ts';
import type { PinnedRpc } from '../chain/rpc/types.ts';
import type { WatchedVault } from '../chain/watcher/types.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { receiptReads, vaultReads } from '../vault/reads.ts';
import type { BalanceReading, ReceiptState } from './receipt.ts';

/** Receipts of one call; about 250k gas, far below what any node allows for a call. */
export const RECEIPTS_PER_CALL = 100;

/** Balances of receipts by receipt and holder, as of one block. */
export type Balances = ReadonlyMap<bigint, ReadonlyMap<Address, bigint>>;

/** The block of a reading is not part of the chain that the endpoint shows: nothing that it said counts. */
export class ReadingUnsettled extends IssuanceError {
  override readonly name = 'ReadingUnsettled';
  constructor(rpc: PinnedRpc, at: BlockPoint) {
    super('reading_unsettled', `${rpc.origin} does not have block ${at.number} as ${at.hash}`);
  }
}

/**
 * Runs reads that are all as of block `at`, and makes sure that the endpoint's chain held that very block
 * before and after. Rejects with `ReadingUnsettled`, and with what the reads reject with.
 */
export async function readAt<Result>(
  rpc: PinnedRpc,
  at: BlockPoint,
  read: () => Promise<Result>,
): Promise<Result> {
  if ((await isCanonical(rpc, at.number, at.hash)) !== true) throw new ReadingUnsettled(rpc, at);
  const result = await read();
  if ((await isCanonical(rpc, at.number, at.hash)) !== true) throw new ReadingUnsettled(rpc, at);
  return result;
}

/** Balances of these receipts for each wallet; one call a wallet. At most `RECEIPTS_PER_CALL` receipts. */
export async function readReceiptBalances(
  rpc: PinnedRpc,
  at: BlockPoint,
  vault: WatchedVault,
  wallets: readonly Address[],
  receiptIds: readonly bigint[],
): Promise<Balances> {
  const balances = new Map<bigint, Map<Address, bigint>>(receiptIds.map((id) => [id, new Map()]));
  for (const wallet of wallets) {
    const data = receiptReads.balanceOfBatch.encode(wallet, receiptIds);
    const answer = await rpc.call({ to: vault.receipt, data, block: at.number });
    const ofWallet = receiptReads.balanceOfBatch.decode(answer, receiptIds);
    for (const [id, balance] of ofWallet) balances.get(id)?.set(wallet, balance);
  }
  return balances;
}

/** Shares of a vault that all wallets together hold. */
export async function readShares(
  rpc: PinnedRpc,
  at: BlockPoint,
  vault: WatchedVault,
  wallets: readonly Address[],
): Promise<bigint> {
  let sum = 0n;
  for (const wallet of wallets) {
    const data = vaultReads.balanceOf.encode(wallet);
    sum += vaultReads.balanceOf.decode(await rpc.call({ to: vault.vault, data, block: at.number }));
  }
  return sum;
}

/**
 * The holder whose balance is kept: the one it was kept for, as long as anything is left there, else the
 * wallet that holds most. Null when we have no wallet.
 */
export function readingOf(
  state: ReceiptState,
  balances: ReadonlyMap<Address, bigint>,
  at: BlockPoint,
): BalanceReading | null {
  const before = state.kind === 'known' ? (state.reading?.holder ?? state.deposit?.owner ?? null) : null;
  const most = [...balances].reduce<readonly [Address, bigint] | null>((best, entry) => {
    return best === null || entry[1] > best[1] ? entry : best;
  }, null);
  if (most === null) return null;
  const kept = before === null ? undefined : balances.get(before);
  const keeps = kept !== undefined && (kept > 0n || most[1] === 0n);
  const [holder, balance] = keeps && before !== null ? [before, kept] : most;
  return { holder, balance, blockNumber: at.number, blockHash: at.hash };
}
