import type { Address } from 'viem';
import type { BlockPoint } from '../chain/finality.ts';
import type { PinnedRpc } from '../chain/rpc/types.ts';
import type { EventStore } from '../event-store/event-store.ts';
import type { Log } from '../telemetry/log.ts';
import { readSplitCount, type SplitReading } from '../vault/split-count.ts';
import type { ReadingPlace } from './record-balances.ts';
import { cannotTell, lastKnownSplits, SPLIT_TABLE, splitWrite } from './splits.ts';

/** Vaults read for the first time in one step; the next step takes the next ones. */
const NEW_AT_ONCE = 20;

/** Keeps the last known split counts of one network's vaults fresh. */
export interface SplitWatch {
  /** Some of the vaults of which nothing is known yet; each is given once, whatever came of its reading. */
  unread(vaults: readonly Address[]): Promise<readonly Address[]>;
  /** Reads vaults for the first time. @throws RpcFailure when the endpoint does not serve */
  readNew(rpc: PinnedRpc, vaults: readonly Address[], head: BlockPoint): Promise<void>;
  /**
   * Reads a vault again, as of the block that its balances are read at, and runs `onSplit` when it has split since the
   * last look: every balance is another one then. A look whose `onSplit` failed is made again.
   */
  look(place: ReadingPlace, onSplit: () => Promise<void>): Promise<void>;
}

export function createSplitWatch(
  { store, log }: { readonly store: EventStore; readonly log: Log },
  chainId: number,
): SplitWatch {
  let known: Set<Address> | null = null;
  /** Counts as of which the balances were read in this process; a start reads all balances anyway. */
  const counts = new Map<Address, bigint>();

  /** Null where this vault cannot be read now: that is no reason to leave the other vaults' books alone. */
  async function read(rpc: PinnedRpc, vault: Address, block: bigint): Promise<SplitReading | null> {
    try {
      const reading = await readSplitCount(rpc, vault, block);
      const before = await lastKnownSplits(store, chainId, vault);
      if (before === null || before.blockNumber <= reading.blockNumber) {
        await store.commit({
          appends: [],
          writes: () => [splitWrite(chainId, vault, reading)],
          metadata: { actor: 'engine' },
        });
      }
      return reading;
    } catch (error) {
      if (!cannotTell(error)) throw error;
      log.warn({ err: error, vault, block }, 'the split count of a vault cannot be read');
      return null;
    }
  }

  return {
    async unread(vaults) {
      known ??= new Set(
        (await store.find({ table: SPLIT_TABLE.name, where: { chain_id: chainId }, limit: 10_000 })).map(
          (row) => row['vault'] as Address,
        ),
      );
      const all = known;
      return vaults.filter((it) => !all.has(it)).slice(0, NEW_AT_ONCE);
    },
    async readNew(rpc, vaults, head) {
      for (const vault of vaults) {
        await read(rpc, vault, head.number);
        known?.add(vault);
      }
    },
    async look({ rpc, at, vault: { vault } }, onSplit) {
      const reading = await read(rpc, vault, at.number);
      if (reading === null) return;
      const count = reading.count ?? 0n;
      const before = counts.get(vault);
      if (before !== undefined && before !== count) {
        log.warn({ vault, before, count, block: at.number }, 'a vault split: its balances are read anew');
        await onSplit();
      }
      counts.set(vault, count);
    },
  };
}
