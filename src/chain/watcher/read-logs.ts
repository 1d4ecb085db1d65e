import type { Address } from 'viem';
import { departuresFilter, watchFilters } from '../../vault/filters.ts';
import type { RawLog } from '../raw-log.ts';
import type { PinnedRpc } from '../rpc/types.ts';
import type { WatchedVault } from './types.ts';
import { UnsettledLogs } from './unsettled-logs.ts';

/**
 * Reads all logs of these vaults and their receipt contracts that concern the service, in the order of the
 * chain and each once. Three queries, since no single filter says "to a wallet of ours" for all kinds of
 * log; with `departures` a fourth, for shares that leave a wallet.
 *
 * Rejects with `RpcFailure`, and with `UnsettledLogs` when the answers contradict each other.
 */
export async function readLogs(
  rpc: PinnedRpc,
  vaults: readonly WatchedVault[],
  wallets: readonly Address[],
  range: { readonly fromBlock: bigint; readonly toBlock: bigint },
  { departures }: { readonly departures: boolean },
): Promise<readonly RawLog[]> {
  const watched = {
    vaults: vaults.map((it) => it.vault),
    receipts: vaults.map((it) => it.receipt),
    wallets,
  };
  const departing = departures ? departuresFilter(watched) : null;
  const filters = [...watchFilters(watched), ...(departing === null ? [] : [departing])];
  const answers = await Promise.all(filters.map((filter) => rpc.getLogs({ ...filter, ...range })));
  const logs = answers.flat();
  assertSettled(logs);
  const byIdentity = new Map(logs.map((log) => [`${log.blockHash} ${log.logIndex}`, log]));
  return [...byIdentity.values()].toSorted(
    (a, b) => Number(a.blockNumber - b.blockNumber) || a.logIndex - b.logIndex,
  );
}

function assertSettled(logs: readonly RawLog[]): void {
  const hashes = new Map<bigint, string>();
  for (const { removed, blockNumber, blockHash, transactionHash } of logs) {
    if (removed) throw new UnsettledLogs(`the node takes back a log of ${transactionHash}`);
    const hash = hashes.get(blockNumber) ?? blockHash;
    if (hash !== blockHash) throw new UnsettledLogs(`the node gave logs of two blocks ${blockNumber}`);
    hashes.set(blockNumber, hash);
  }
}
