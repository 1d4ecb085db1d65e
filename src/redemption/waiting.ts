import type { Address } from 'viem';
import { RowMissing } from '../event-store/errors.ts';
import type { EventStore } from '../event-store/event-store.ts';
import { OPERATION_TABLE } from '../operation/operation-row.ts';
import type { Clock } from '../ports/ports.ts';
import { WORK_TABLE } from '../engine/work.ts';
import type { WaitReason } from './state.ts';
import { OWED_TABLE } from './redemption-kind.ts';

const PAGE = 1_000;

/**
 * Makes detected redemptions that wait for this reason due at once, of one sender or of all: a wallet was linked, a
 * freeze lifted, receipts came in. Resolves with how many.
 */
export async function wakeRedemptions(
  { store, clock }: { readonly store: EventStore; readonly clock: Clock },
  reason: WaitReason,
  from?: Address,
): Promise<number> {
  const rows = await store.find({
    table: OPERATION_TABLE.name,
    where: {
      state: 'detected',
      kind: 'redemption',
      waiting_for: reason,
      ...(from === undefined ? {} : { wallet: from }),
    },
    orderBy: [
      ['created_ms', 'asc'],
      ['id', 'asc'],
    ],
    limit: PAGE,
  });
  let woken = 0;
  for (const row of rows) {
    if (await makeDue(store, row['id'] as string, clock.nowMs())) woken += 1;
  }
  return woken;
}

async function makeDue(store: EventStore, id: string, dueMs: number): Promise<boolean> {
  try {
    await store.commit({
      appends: [],
      writes: () => [{ op: 'update', table: WORK_TABLE.name, key: { id }, set: { due_ms: dueMs } }],
      metadata: { actor: 'engine', correlation: id },
    });
    return true;
  } catch (error) {
    // It came to its end meanwhile.
    if (error instanceof RowMissing) return false;
    throw error;
  }
}

/** Shares of a vault that must lie in our wallets, in 10⁻¹⁸: open redemptions, rejected ones, recorded dust. */
export async function owedShares(store: EventStore, chainId: number, vault: Address): Promise<bigint> {
  let sum = 0n;
  for await (const { shares } of owedRows(store, chainId, vault)) sum += shares;
  return sum;
}

/** Every redemption, and every recorded remainder, of which something must lie in our wallets, or in this one. */
export async function* owedRows(
  store: EventStore,
  chainId: number,
  vault: Address,
  holder?: Address,
): AsyncGenerator<{ readonly redemptionId: string; readonly shares: bigint }> {
  let after: readonly string[] | undefined;
  for (;;) {
    const rows = await store.find({
      table: OWED_TABLE.name,
      where: { chain_id: chainId, vault, ...(holder === undefined ? {} : { holder }) },
      orderBy: [['redemption_id', 'asc']],
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    for (const row of rows) {
      yield { redemptionId: row['redemption_id'] as string, shares: row['shares'] as bigint };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = [last['redemption_id'] as string];
  }
}
