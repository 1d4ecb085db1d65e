import type { Address, Hex } from 'viem';
import { pad, zeroAddress } from 'viem';
import { RpcFailure } from '../../../src/primitives/failures.ts';
import type { Block, Chain, Mined, Transaction } from './chain.ts';
import { simulate } from './chain.ts';
import { Revert } from './revert.ts';

/** What a node that sees the chain up to `head` answers. @throws RpcFailure of kind `answered` */
export function answer(chain: Chain, head: Block, method: string, params: readonly unknown[]): unknown {
  const reads = READS[method];
  if (reads === undefined) throw failed(method, -32_601, `the method ${method} does not exist`);
  return reads({ chain, head, method, params });
}

interface Question {
  readonly chain: Chain;
  readonly head: Block;
  readonly method: string;
  readonly params: readonly unknown[];
}

const hex = (value: bigint | number): Hex => `0x${value.toString(16)}`;

const READS: Readonly<Record<string, (question: Question) => unknown>> = {
  eth_chainId: ({ chain }) => hex(chain.chainId),
  eth_blockNumber: ({ head }) => hex(head.number),
  eth_getBlockByNumber: ({ chain, head, params: [tag, whole] }) => {
    if (tag === 'pending') return { transactions: chain.pool().map((it) => transactionJson(it, null)) };
    const block = blockAt(chain, head, tag as string);
    return block === null ? null : blockJson(block, whole === true);
  },
  eth_getTransactionReceipt: ({ chain, head, params: [hash] }) => {
    const found = chain.find(head, hash as Hex);
    return found === null ? null : receiptJson(found.block, found.mined);
  },
  eth_getTransactionByHash: ({ chain, head, params: [hash] }) => {
    const found = chain.find(head, hash as Hex);
    if (found !== null) return transactionJson(found.mined.transaction, found.block);
    const waiting = chain.pool().find((it) => it.hash === hash);
    return waiting === undefined ? null : transactionJson(waiting, null);
  },
  eth_getTransactionCount: ({ chain, head, method, params: [address, tag] }) => {
    const account = (address as string).toLowerCase() as Address;
    const block = tag === 'pending' ? head : stateAt(chain, head, method, tag as string);
    let count = block.state.nonces.get(account) ?? 0;
    if (tag === 'pending') {
      while (chain.pool().some((it) => it.from === account && it.nonce === count)) count += 1;
    }
    return hex(count);
  },
  eth_getBalance: ({ chain, head, method, params: [address, tag] }) =>
    hex(stateAt(chain, head, method, tag as string).state.wei.get(address as Address) ?? 0n),
  eth_getCode: ({ chain, params: [address] }) => (chain.places.has(address as Address) ? '0x60' : '0x'),
  eth_call: (question) => callOn(question).result,
  eth_estimateGas: (question) => hex(callOn(question).gas),
  eth_getLogs: ({ chain, head, params: [filter] }) => logsJson(chain, head, filter as Filter),
  eth_maxPriorityFeePerGas: ({ chain }) => hex(chain.tip),
  eth_gasPrice: ({ chain }) => hex(chain.baseFee + chain.tip),
  eth_sendRawTransaction: ({ chain, method, params: [raw] }) => {
    const submitted = chain.submit(raw as Hex);
    if (submitted.kind === 'refused') throw failed(method, -32_000, submitted.why);
    return submitted.hash;
  },
};

export function failed(method: string, rpcCode: number, message: string, data?: unknown): RpcFailure {
  return new RpcFailure(`${method}: ${message}`, { kind: 'answered', method, rpcCode, data });
}

/** Null where this node has no such block (yet). */
function blockAt(chain: Chain, head: Block, tag: string): Block | null {
  if (tag === 'latest') return head;
  if (tag === 'finalized' || tag === 'safe') {
    const top = Math.min(head.number, chain.finalStopsAt ?? Number.POSITIVE_INFINITY);
    // An epoch is justified before it is finalized.
    const depth = tag === 'safe' ? Math.floor(chain.finalDepth / 2) : chain.finalDepth;
    return chain.at(head, Math.max(0, top - depth));
  }
  return chain.at(head, Number(tag));
}

function stateAt(chain: Chain, head: Block, method: string, tag: string): Block {
  const block = blockAt(chain, head, tag);
  if (block === null) throw failed(method, -32_000, 'header not found');
  return block;
}

function callOn({ chain, head, method, params }: Question): { readonly result: Hex; readonly gas: bigint } {
  const [request, tag] = params as [
    { from?: Address; to: Address; data: Hex; gas?: Hex },
    string | undefined,
  ];
  const block = stateAt(chain, head, method, tag ?? 'latest');
  const from = (request.from?.toLowerCase() ?? zeroAddress) as Address;
  const to = request.to.toLowerCase() as Address;
  try {
    return simulate(chain.places, block, { from, to, data: request.data });
  } catch (error) {
    if (error instanceof Revert) throw failed(method, 3, 'execution reverted', error.data);
    throw error;
  }
}

interface Filter {
  readonly address: readonly Address[];
  readonly topics: readonly (Hex | readonly Hex[] | null)[];
  readonly fromBlock: string;
  readonly toBlock: string;
}

function logsJson(chain: Chain, head: Block, filter: Filter): readonly unknown[] {
  const first = blockAt(chain, head, filter.fromBlock)?.number ?? Number(filter.fromBlock);
  const last = blockAt(chain, head, filter.toBlock)?.number ?? head.number;
  const found: unknown[] = [];
  for (let number = first; number <= last; number += 1) {
    const block = chain.at(head, number);
    if (block === null || block.mined.length === 0) continue;
    for (const mined of block.mined) {
      mined.logs.forEach((log, index) => {
        const isWanted =
          filter.address.includes(log.address) &&
          filter.topics.every((wanted, at) => isTopic(wanted, log.topics[at]));
        if (isWanted) found.push(logJson(block, mined, index));
      });
    }
  }
  return found;
}

function isTopic(wanted: Filter['topics'][number], topic: Hex | undefined): boolean {
  if (wanted === null) return true;
  return topic !== undefined && (typeof wanted === 'string' ? wanted === topic : wanted.includes(topic));
}

function logJson(block: Block, mined: Mined, index: number): unknown {
  const log = mined.logs[index];
  return {
    ...log,
    blockNumber: hex(block.number),
    blockHash: block.hash,
    transactionHash: mined.transaction.hash,
    transactionIndex: hex(block.mined.indexOf(mined)),
    logIndex: hex(mined.firstLog + index),
    removed: false,
  };
}

function receiptJson(block: Block, mined: Mined): unknown {
  const { transaction } = mined;
  return {
    transactionHash: transaction.hash,
    status: hex(mined.status),
    blockNumber: hex(block.number),
    blockHash: block.hash,
    gasUsed: hex(mined.gasUsed),
    effectiveGasPrice: hex(mined.price),
    from: transaction.from,
    to: transaction.to,
    logs: mined.logs.map((_, index) => logJson(block, mined, index)),
  };
}

function transactionJson(transaction: Transaction, block: Block | null): unknown {
  const { hash, from, to, nonce, input, value } = transaction;
  const place = {
    blockNumber: block === null ? null : hex(block.number),
    blockHash: block?.hash ?? null,
  };
  return { hash, from, to, nonce: hex(nonce), input, value: hex(value), ...place };
}

function blockJson(block: Block, whole: boolean): unknown {
  const gasUsed = block.mined.reduce((sum, it) => sum + it.gasUsed, 0n);
  return {
    number: hex(block.number),
    hash: block.hash,
    parentHash: block.parent?.hash ?? pad('0x0'),
    timestamp: hex(block.timestamp),
    baseFeePerGas: hex(block.baseFee),
    gasLimit: hex(30_000_000),
    gasUsed: hex(gasUsed),
    transactions: block.mined.map(({ transaction }) =>
      whole ? transactionJson(transaction, block) : transaction.hash,
    ),
  };
}
