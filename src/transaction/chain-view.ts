import type { Address, Hex } from 'viem';
import { hexToNumber, isHex } from 'viem';
import { finalBlock, isCanonical } from '../chain/finality.ts';
import type { BlockPoint } from '../chain/finality.ts';
import type { FeeMarket } from '../chain/fees.ts';
import type { PinnedRpc, RpcClient, TransactionReceipt } from '../chain/rpc/types.ts';
import { DependencyDown } from '../engine/dependency-down.ts';
import { IssuanceError, RpcFailure } from '../primitives/failures.ts';
import type { Timers } from '../ports/ports.ts';
import type { LaneNetwork } from './runtime.ts';

export interface NonceCounts {
  /** Nonces used in blocks. */
  readonly latest: number;
  /** The same with what waits behind them without a gap. */
  readonly pending: number;
}

/** How long the endpoints may take once one of them has answered: a node that hangs must not hold up a lane. */
const STRAGGLERS_MS = 2_000;

/**
 * The highest counts that any endpoint reports: a node that knows of more of our nonces than the others is the one to
 * believe, since what it knows was signed by us or by whoever has our key.
 *
 * @throws RpcFailure when no endpoint answered
 */
export async function highestCounts(rpc: RpcClient, signer: Address, timers: Timers): Promise<NonceCounts> {
  const seen: NonceCounts[] = [];
  const failures: unknown[] = [];
  await new Promise<void>((resolve) => {
    let stopWaiting: (() => void) | null = null;
    const settled = () => {
      if (seen.length + failures.length === rpc.endpointCount) {
        stopWaiting?.();
        resolve();
      } else if (seen.length === 1) {
        stopWaiting ??= timers.after(STRAGGLERS_MS, resolve);
      }
    };
    const ask = async (endpoint: number) => {
      try {
        seen.push(await countsAt(rpc, endpoint, signer));
      } catch (error) {
        failures.push(error);
      }
      settled();
    };
    for (let endpoint = 0; endpoint < rpc.endpointCount; endpoint += 1) void ask(endpoint);
  });
  if (seen.length === 0) throw failures[0];
  return {
    latest: Math.max(...seen.map(({ latest }) => latest)),
    pending: Math.max(...seen.map(({ pending }) => pending)),
  };
}

async function countsAt(rpc: RpcClient, endpoint: number, signer: Address): Promise<NonceCounts> {
  const [latest, pending] = await Promise.all([
    countAt(rpc, endpoint, signer, 'latest'),
    countAt(rpc, endpoint, signer, 'pending'),
  ]);
  return { latest, pending };
}

async function countAt(
  rpc: RpcClient,
  endpoint: number,
  signer: Address,
  block: 'latest' | 'pending',
): Promise<number> {
  const method = 'eth_getTransactionCount';
  const answer = await rpc.request(method, [signer, block], { endpoint });
  if (isHex(answer) && answer !== '0x') return hexToNumber(answer);
  throw new RpcFailure(`${method}: the answer is no quantity`, { kind: 'unreachable', method });
}

/** What the chain asks for gas at present. @throws IssuanceError `eip1559_unsupported` */
export async function readMarket(rpc: PinnedRpc): Promise<FeeMarket & { readonly blockGasLimit: bigint }> {
  const [block, tip] = await Promise.all([rpc.getBlock('latest'), rpc.maxPriorityFeePerGas()]);
  if (block === null) {
    const method = 'eth_getBlockByNumber';
    throw new RpcFailure(`${method}: no latest block`, { kind: 'unreachable', method });
  }
  if (block.baseFeePerGas === null) {
    throw new IssuanceError('eip1559_unsupported', 'the chain has no base fee, which our transactions need');
  }
  return { baseFee: block.baseFeePerGas, tip, blockGasLimit: block.gasLimit };
}

/**
 * The receipt of a hash in a block that the same endpoint holds at its height. Null when the endpoint says nothing of
 * the sort, which proves nothing.
 */
export async function canonicalReceipt(rpc: PinnedRpc, hash: Hex): Promise<TransactionReceipt | null> {
  const receipt = await rpc.getTransactionReceipt(hash);
  if (receipt === null || receipt.transactionHash !== hash) return null;
  const canonical = await isCanonical(rpc, receipt.blockNumber, receipt.blockHash);
  return canonical === true ? receipt : null;
}

/** The same, when the block is final. */
export async function finalReceipt(
  rpc: PinnedRpc,
  finality: LaneNetwork['finality'],
  hash: Hex,
): Promise<TransactionReceipt | null> {
  const final: BlockPoint | null = await finalBlock(rpc, finality);
  if (final === null) return null;
  const receipt = await canonicalReceipt(rpc, hash);
  return receipt !== null && receipt.blockNumber <= final.number ? receipt : null;
}

/**
 * Runs a step. An endpoint that failed to serve is left alone for a while, so the step begins again on the next one;
 * when none is left, the network pauses as a whole. A step can begin again at any point: it goes by what is committed.
 */
export async function withChain<T>(
  rpc: Pick<RpcClient, 'endpointCount' | 'network'>,
  step: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step();
    } catch (error) {
      const isDown =
        (error instanceof RpcFailure && error.kind === 'unreachable') ||
        (error instanceof IssuanceError && error.code === 'wrong_chain_id');
      if (!isDown) throw error;
      if (attempt >= rpc.endpointCount) {
        throw new DependencyDown(`chain:${rpc.network}`, error.message, { cause: error });
      }
    }
  }
}
