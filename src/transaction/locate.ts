import type { Address } from 'viem';
import type { PinnedRpc, RpcTransaction } from '../chain/rpc/types.ts';

/** A chain of 2⁶⁴ blocks would be searched in this many halvings; more means that the answers contradict themselves. */
const MAX_READS = 130;

/**
 * Finds the transaction that used a nonce, by presence: the block in which the signer's count passes the nonce, read
 * whole from the same endpoint. Null when it is not there, which proves nothing (a reorg between the reads, a node
 * whose answers do not belong together).
 *
 * @throws RpcFailure also when the node no longer has the state of the blocks in question
 */
export async function locateNonce(
  rpc: PinnedRpc,
  signer: Address,
  nonce: number,
): Promise<RpcTransaction | null> {
  const used = await firstBlockWithUse(rpc, signer, nonce);
  if (used === null) return null;
  const block = await rpc.getBlock(used, { transactions: true });
  const mine = signer.toLowerCase();
  return block?.transactions.find((it) => it.nonce === nonce && it.from === mine) ?? null;
}

async function firstBlockWithUse(rpc: PinnedRpc, signer: Address, nonce: number): Promise<bigint | null> {
  const isUsedAt = async (block: bigint) => (await rpc.getTransactionCount(signer, block)) > nonce;
  let used = await rpc.blockNumber();
  if (!(await isUsedAt(used))) return null;
  // Doubling steps back from the head: nodes forget old states, and most nonces were used lately.
  let free = -1n;
  let reads = 0;
  for (let step = 1n; used > 0n; step *= 2n) {
    const probe = used > step ? used - step : 0n;
    if (!(await isUsedAt(probe))) {
      free = probe;
      break;
    }
    used = probe;
  }
  while (used - free > 1n) {
    reads += 1;
    if (reads > MAX_READS) return null;
    const middle = (used + free) / 2n;
    if (await isUsedAt(middle)) used = middle;
    else free = middle;
  }
  return used;
}
