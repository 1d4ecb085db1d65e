import { isCanonical } from '../chain/finality.ts';
import type { RpcClient } from '../chain/rpc/types.ts';
import { DependencyDown } from '../engine/dependency-down.ts';
import { RpcFailure } from '../primitives/failures.ts';
import { transferOrdinals } from '../vault/moments.ts';
import type { TransferFacts } from './state.ts';

/**
 * Why a transfer may be gone: a reorg deeper than CONFIRMATIONS takes it away before the watcher stops the network, and
 * Alpaca would journal shares for tokens that never came. Null when it stands in a block of the canonical chain, which
 * need not be the one in which it was found.
 *
 * @throws DependencyDown when no node serves; RpcFailure
 */
export async function doubtTransfer(
  rpcOf: (network: string) => Pick<RpcClient, 'pinned'>,
  transfer: TransferFacts,
): Promise<string | null> {
  try {
    return await doubt(rpcOf(transfer.network), transfer);
  } catch (error) {
    if (!(error instanceof RpcFailure) || error.kind !== 'unreachable') throw error;
    throw new DependencyDown(`chain:${transfer.network}`, error.message, { cause: error });
  }
}

async function doubt(
  rpc: Pick<RpcClient, 'pinned'>,
  { transactionHash, vault, ordinal, from, holder, amount }: TransferFacts,
): Promise<string | null> {
  // One endpoint for both reads: a receipt and a block from two nodes may disagree without a reorg.
  const node = rpc.pinned();
  const receipt = await node.getTransactionReceipt(transactionHash);
  if (receipt === null) return `the node does not know the transaction ${transactionHash}`;
  const { blockNumber, blockHash } = receipt;
  if ((await isCanonical(node, blockNumber, blockHash)) !== true) {
    return `block ${String(blockNumber)} is not the one that holds ${transactionHash}`;
  }
  const read = transferOrdinals(receipt.logs, vault);
  const found =
    read.kind === 'read' ? read.transfers.find((it) => it.ordinal === ordinal)?.transfer : undefined;
  const isSame =
    found?.kind === 'transfer' && found.from === from && found.to === holder && found.value === amount;
  return isSame ? null : `the transaction ${transactionHash} does something else in its present block`;
}
