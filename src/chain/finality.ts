import type { Hex } from 'viem';
import { RpcFailure } from '../primitives/failures.ts';
import type { PinnedRpc, RpcBlock } from './rpc/types.ts';

/** FINALITY: the node's own judgement, or a number of blocks on top. */
export type FinalitySetting = 'finalized' | 'safe' | number;

export interface BlockPoint {
  readonly number: bigint;
  readonly hash: Hex;
}

/** What geth and its relatives answer, as an error, while the chain has no such block yet. */
const NO_SUCH_BLOCK_YET = /(finalized|safe) block (was )?not found|unknown (finalized|safe)? ?block/i;

/**
 * Reads the highest block that counts as final. Null while there is none: a young chain, or one whose
 * finality the node has not learned yet, which frees nothing.
 */
export async function finalBlock(rpc: PinnedRpc, finality: FinalitySetting): Promise<BlockPoint | null> {
  if (typeof finality === 'number') return confirmedHead(rpc, finality);
  try {
    const block = await rpc.getBlock(finality);
    return block === null ? null : pointOf(block);
  } catch (error) {
    const notYet =
      error instanceof RpcFailure && error.kind === 'answered' && NO_SUCH_BLOCK_YET.test(error.message);
    if (notYet) return null;
    throw error;
  }
}

/**
 * Reads the highest block with `confirmations` blocks on top; with 0 it is the head. A transaction in it or
 * below is confirmed. Null while the chain is shorter. Rejects with `RpcFailure` when the node does not know
 * a block below its own head.
 */
export async function confirmedHead(rpc: PinnedRpc, confirmations: number): Promise<BlockPoint | null> {
  const head = await rpc.getBlock('latest');
  if (head === null) throw missing(rpc, 'its latest block');
  if (confirmations === 0) return pointOf(head);
  const number = head.number - BigInt(confirmations);
  if (number < 0n) return null;
  const block = await rpc.getBlock(number);
  if (block === null) throw missing(rpc, `block ${String(number)} below its head ${String(head.number)}`);
  return pointOf(block);
}

/**
 * Whether the endpoint's chain holds this block at this height. False is a statement: another block stands
 * there. Null is none: the endpoint knows no block at that height, as when it lags.
 */
export async function isCanonical(
  rpc: PinnedRpc,
  blockNumber: bigint,
  blockHash: Hex,
): Promise<boolean | null> {
  const block = await rpc.getBlock(blockNumber);
  return block === null ? null : block.hash === blockHash.toLowerCase();
}

function pointOf({ number, hash }: RpcBlock): BlockPoint {
  return { number, hash };
}

function missing(rpc: PinnedRpc, what: string): RpcFailure {
  const method = 'eth_getBlockByNumber';
  return new RpcFailure(`${method}: endpoint ${String(rpc.endpoint)} (${rpc.origin}) does not know ${what}`, {
    kind: 'unreachable',
    method,
  });
}
