import type { Address } from 'viem';
import type { PinnedRpc, RpcClient } from '../chain/rpc/types.ts';
import type { EventStore, RowWrite, TableDefinition } from '../event-store/event-store.ts';
import { IssuanceError, RpcFailure } from '../primitives/failures.ts';
import { compareSplits, readSplitCount, type SplitReading } from '../vault/split-count.ts';

/** Each vault's split count as last read, for those who may not ask a node. */
export const SPLIT_TABLE: TableDefinition = {
  name: 'split_count',
  columns: { chain_id: 'integer', vault: 'text', count: 'bigint', block_number: 'integer' },
  required: ['block_number'],
  key: ['chain_id', 'vault'],
  source: 'operational',
  remembered: true,
};

/** What operations ask about stock splits of their vaults. */
export interface Splits {
  /** The last reading of which the books know; null while there is none. Asks no node. */
  lastKnown(chainId: number, vault: Address): Promise<SplitReading | null>;
  /** Reads it at the head of the network's best endpoint. @throws RpcFailure; IssuanceError `unexpected_answer` */
  now(network: string, vault: Address): Promise<SplitReading>;
  /**
   * A count that was surely reached before anything in `block` happened, so that a split in the same block shows as a
   * difference later. From this endpoint, or where it has that old state no more, the last known; null where neither
   * tells. @throws RpcFailure when the endpoint does not serve
   */
  before(
    rpc: Pick<PinnedRpc, 'call'>,
    chainId: number,
    vault: Address,
    block: bigint,
  ): Promise<SplitReading | null>;
}

export interface SplitsOptions {
  readonly store: Pick<EventStore, 'find'>;
  readonly rpcOf: (network: string) => Pick<RpcClient, 'pinned'>;
}

export function createSplits({ store, rpcOf }: SplitsOptions): Splits {
  return {
    lastKnown: (chainId, vault) => lastKnownSplits(store, chainId, vault),
    async now(network, vault) {
      const rpc = rpcOf(network).pinned();
      return readSplitCount(rpc, vault, await rpc.blockNumber());
    },
    async before(rpc, chainId, vault, block) {
      try {
        return await readSplitCount(rpc, vault, block - 1n);
      } catch (error) {
        if (!cannotTell(error)) throw error;
        const known = await lastKnownSplits(store, chainId, vault);
        return known !== null && known.blockNumber < block ? known : null;
      }
    },
  };
}

/** The reading of which the books know; null while there is none. */
export async function lastKnownSplits(
  store: Pick<EventStore, 'find'>,
  chainId: number,
  vault: Address,
): Promise<SplitReading | null> {
  const where = { chain_id: chainId, vault };
  const [row] = await store.find({ table: SPLIT_TABLE.name, where, limit: 1 });
  if (row === undefined) return null;
  return { count: row['count'] as bigint | null, blockNumber: BigInt(row['block_number'] as number) };
}

/** The node has the state of so old a block no more, or the vault was not there yet: asking again helps nothing. */
export function cannotTell(error: unknown): boolean {
  if (error instanceof RpcFailure) return error.kind === 'answered';
  return error instanceof IssuanceError && error.code === 'unexpected_answer';
}

/** Row that keeps a reading; for the commit of what the reading led to. */
export function splitWrite(
  chainId: number,
  vault: Address,
  { count, blockNumber }: SplitReading,
): RowWrite & { readonly op: 'upsert' } {
  const row = { chain_id: chainId, vault, count, block_number: Number(blockNumber) };
  return { op: 'upsert', table: SPLIT_TABLE.name, row };
}

/**
 * Refuses to go on when a vault's count is not the one that these operations carry any more; for the last moment before
 * they are signed.
 *
 * @throws IssuanceError `vault_split`; RpcFailure
 */
export async function requireUnsplit(
  splits: Pick<Splits, 'now'>,
  network: string,
  vault: Address,
  carried: readonly (SplitReading | null)[],
): Promise<void> {
  const reading = await splits.now(network, vault);
  for (const before of carried) {
    const verdict = compareSplits(before, reading);
    if (verdict.kind === 'first')
      throw new IssuanceError('vault_split', 'no split count was read for it yet');
    if (verdict.kind !== 'same') throw new IssuanceError('vault_split', verdict.why);
  }
}
