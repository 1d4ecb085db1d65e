import type { Address } from 'viem';
import type { EventStore } from '../event-store/event-store.ts';
import type { Log } from '../telemetry/log.ts';
import { CALL_TABLE } from '../transaction/calls/call-kind.ts';
import { laneId } from '../transaction/lane-id.ts';
import { TRANSACTION_TABLE } from '../transaction/transaction-kind.ts';
import { readAt, readShares } from './read-balances.ts';
import { RECEIPT_TABLE, VAULT_BALANCE_TABLE } from './receipt-kind.ts';
import type { ReadingPlace } from './record-balances.ts';

/**
 * Shares of a vault that the wallets ought to hold: those of open redemptions and recorded remainders, in
 * 10⁻¹⁸. Null while something is in flight that makes the question idle.
 */
export type OwedShares = (chainId: number, vault: Address) => Promise<bigint | null>;

export interface SharesDifference {
  readonly kind: 'shares';
  readonly network: string;
  readonly chainId: number;
  readonly vault: Address;
  /** What the wallets hold. */
  readonly shares: bigint;
  readonly owed: bigint;
}

/** Two comparisons in a row: one may fall between an effect on chain and its record. */
const ALARM_AFTER = 2;

/**
 * Compares the wallets' shares of a vault with what is owed from them, and raises an alarm when they differ
 * twice in a row. Gives the present difference; null when there is none, or when nothing can be said: burns are
 * pending, or a later block than the balances are of was settled already.
 *
 * Rejects with `RpcFailure`, `ReadingUnsettled` and what `owedShares` rejects with.
 */
export async function checkShares(
  context: { readonly store: EventStore; readonly log: Log; readonly owedShares: OwedShares },
  place: ReadingPlace,
): Promise<SharesDifference | null> {
  const { store, log, owedShares } = context;
  const { network, chainId, rpc, at, wallets } = place;
  const { vault } = place.vault;
  const owed = await owedShares(chainId, vault);
  if (owed === null || (await isBurning(store, chainId, vault))) return null;
  const shares = await readAt(rpc, at, () => readShares(rpc, at, place.vault, wallets));
  if ((await owedShares(chainId, vault)) !== owed || (await isSettledPast(store, place))) return null;
  const [before] = await store.find({
    table: VAULT_BALANCE_TABLE.name,
    where: { chain_id: chainId, vault },
    limit: 1,
  });
  const mismatchesBefore = (before?.['mismatches'] ?? 0) as number;
  const mismatches = shares === owed ? 0 : Math.min(mismatchesBefore + 1, ALARM_AFTER);
  const same = before?.['shares'] === shares && before['owed'] === owed && mismatches === mismatchesBefore;
  if (!same) {
    const row = { chain_id: chainId, vault, shares, owed, block_number: Number(at.number), mismatches };
    await store.commit({
      appends: [],
      writes: () => [{ op: 'upsert', table: VAULT_BALANCE_TABLE.name, row }],
      metadata: { actor: 'engine' },
    });
  }
  if (mismatches === ALARM_AFTER && mismatchesBefore < ALARM_AFTER) {
    log.error(
      { alarm: 'shares_differ', network, vault, shares, owed },
      'the wallet does not hold the shares that it owes',
    );
  }
  if (mismatches === 0 && mismatchesBefore === ALARM_AFTER) {
    log.info({ network, vault, shares }, 'the wallet holds the shares that it owes again');
  }
  return shares === owed ? null : { kind: 'shares', network, chainId, vault, shares, owed };
}

async function isBurning(store: EventStore, chainId: number, vault: Address): Promise<boolean> {
  const where = { chain_id: chainId, vault, in_use: true, reserved: { not: '0' } };
  return (await store.find({ table: RECEIPT_TABLE.name, where, limit: 1 })).length > 0;
}

/** Whether a transaction of ours is in a later block than is read, so that what it burned is owed no more. */
async function isSettledPast(store: EventStore, { chainId, wallets, at }: ReadingPlace): Promise<boolean> {
  for (const wallet of wallets) {
    for (const phase of ['mined', 'final']) {
      const [newest] = await store.find({
        table: TRANSACTION_TABLE.name,
        where: { lane: laneId(chainId, wallet), phase },
        orderBy: [['nonce', 'desc']],
        limit: 1,
      });
      if (newest !== undefined && Number(newest['block_number']) > at.number) return true;
    }
    const later = { lane: laneId(chainId, wallet), block_number: { gt: Number(at.number) } };
    if ((await store.find({ table: CALL_TABLE.name, where: later, limit: 1 })).length > 0) return true;
  }
  return false;
}
