import type { EventStore } from '../event-store/event-store.ts';
import type { LaneId } from './lane-feature.ts';
import { TRANSACTION_TABLE } from './transaction-kind.ts';

const table = TRANSACTION_TABLE.name;

/**
 * Highest committed nonce + 1: the only source of nonces. Read it after the chain's counts, so that a count above it
 * cannot be a nonce that was committed in between.
 */
export async function nextNonce(store: EventStore, lane: LaneId): Promise<number> {
  const [last] = await store.find({ table, where: { lane }, orderBy: [['nonce', 'desc']], limit: 1 });
  return last === undefined ? 0 : (last['nonce'] as number) + 1;
}

/** Nonces from `first` to `last`, inclusive, that nothing was ever signed for. At most 1,000 are looked at. */
export async function unpromisedNonces(
  store: EventStore,
  lane: LaneId,
  first: number,
  last: number,
): Promise<readonly number[]> {
  if (last < first) return [];
  const bounded = Math.min(last, first + 999);
  const rows = await store.find({
    table,
    where: { lane, nonce: { gte: first } },
    orderBy: [['nonce', 'asc']],
    limit: 1_000,
  });
  const promised = new Set(rows.map((row) => row['nonce'] as number));
  const nonces: number[] = [];
  for (let nonce = first; nonce <= bounded; nonce += 1) if (!promised.has(nonce)) nonces.push(nonce);
  return nonces;
}

/** Wei that the lane's transactions which the chain still has to take can cost at most. */
export async function committedCostWei(
  store: EventStore,
  lane: LaneId,
  latestNonce: number,
  exceptNonce: number | null = null,
): Promise<bigint> {
  const rows = await store.find({
    table,
    where: { lane, phase: 'pending', nonce: { gte: latestNonce } },
    limit: 10_000,
  });
  return rows
    .filter((row) => row['nonce'] !== exceptNonce)
    .reduce((sum, row) => sum + BigInt(row['greatest_cost'] as string), 0n);
}
