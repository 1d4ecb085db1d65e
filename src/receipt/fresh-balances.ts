import type { Address } from 'viem';
import type { BlockPoint } from '../chain/finality.ts';
import type { RpcClient } from '../chain/rpc/types.ts';
import { readCursors } from '../chain/watcher/cursors.ts';
import type { EventStore } from '../event-store/event-store.ts';
import { withChain } from '../transaction/chain-view.ts';
import {
  type Balances,
  readAt,
  ReadingUnsettled,
  readReceiptBalances,
  RECEIPTS_PER_CALL,
} from './read-balances.ts';

/** Balances of some receipts, all as of one block. */
export interface FreshBalances {
  readonly at: BlockPoint;
  readonly balances: Balances;
}

/** A vault's receipts, and the first block that a reading of them may be of. */
export interface FreshPlace {
  readonly network: string;
  readonly chainId: number;
  readonly vault: Address;
  readonly fromBlock: bigint;
}

/** Reads balances now; a text tells why they are not to be had yet. @throws DependencyDown */
export type ReadFresh = (place: FreshPlace, receiptIds: readonly bigint[]) => Promise<FreshBalances | string>;

/**
 * Creates what reads balances for a commit that cannot wait for the next reconciliation. They are of the block up to
 * which the vault's logs are taken in, so that they are never ahead of what the books know of.
 */
export function createReadFresh(options: {
  readonly store: EventStore;
  readonly rpcOf: (network: string) => Pick<RpcClient, 'pinned' | 'endpointCount' | 'network'>;
  /** Our signers on a network, retired ones too, in lower case. */
  readonly wallets: (network: string) => readonly Address[];
  /** The vault's receipt contract; null for a vault of no asset. */
  readonly receiptOf: (chainId: number, vault: Address) => Promise<Address | null>;
}): ReadFresh {
  const { store, rpcOf, wallets, receiptOf } = options;
  return async ({ network, chainId, vault, fromBlock }, receiptIds) => {
    const receipt = await receiptOf(chainId, vault);
    if (receipt === null) return `${vault} is the vault of no asset, so its receipts cannot be read`;
    const watched = { vault, receipt, startBlock: 0n };
    const { block, hash } = (await readCursors(store, chainId, 'head'))(watched);
    if (hash === null || block < fromBlock) {
      return `the logs of ${vault} are not taken in up to block ${String(fromBlock)} yet`;
    }
    const at = { number: block, hash };
    const rpc = rpcOf(network);
    try {
      return await withChain(rpc, async () => {
        const node = rpc.pinned();
        const balances = new Map<bigint, ReadonlyMap<Address, bigint>>();
        for (let from = 0; from < receiptIds.length; from += RECEIPTS_PER_CALL) {
          const some = receiptIds.slice(from, from + RECEIPTS_PER_CALL);
          const read = await readAt(node, at, () =>
            readReceiptBalances(node, at, watched, wallets(network), some),
          );
          for (const [id, held] of read) balances.set(id, held);
        }
        return { at, balances };
      });
    } catch (error) {
      if (!(error instanceof ReadingUnsettled)) throw error;
      return `the receipts of ${vault} cannot be read now: ${error.message}`;
    }
  };
}
