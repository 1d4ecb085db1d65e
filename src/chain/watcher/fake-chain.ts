import { type Address, encodeAbiParameters, encodeEventTopics, type Hex, pad, toHex } from 'viem';
import { RpcFailure } from '../../primitives/failures.ts';
import { receiptAbi, vaultAbi } from '../../vault/abi.ts';
import type { RawLog } from '../raw-log.ts';
import type { LogFilter, PinnedRpc, RpcBlock, RpcClient } from '../rpc/types.ts';

/** A chain in memory and the nodes that show it, each with its own faults; for tests. */

/** A log as it is put into a block. */
export type FakeLog = Pick<RawLog, 'address' | 'topics' | 'data' | 'transactionHash'>;

/** How one node misbehaves. */
export interface FakeNode {
  /** Does not know the newest blocks, so many of them. */
  lag: number;
  /** Refuses log queries over more blocks than this. */
  rangeLimit: bigint | null;
  /** Changes what a log query answers: drops, doubles, reorders. */
  answer: (logs: readonly RawLog[]) => readonly RawLog[];
  /** Refuses log queries up to `latest`. */
  refusesLooks: boolean;
  down: boolean;
  /** Shows blocks of its own fork from this number on. */
  forkFrom: bigint | null;
}

export interface FakeChain {
  readonly rpc: RpcClient;
  readonly nodes: readonly FakeNode[];
  /** Log queries so far: endpoint and number of blocks. */
  readonly queries: { endpoint: number; fromBlock: bigint; toBlock: bigint; addresses: readonly Address[] }[];
  /** Requests so far, by method. */
  readonly requests: Map<string, number>;
  /** Appends blocks; the logs go into the first. */
  mine(blocks: number, logs?: readonly FakeLog[]): void;
  /** Replaces the last blocks by as many empty ones. */
  reorg(depth: number): void;
  head(): bigint;
  hash(block: bigint): Hex;
  /** Called before every log query is answered. */
  onQuery: () => void | Promise<void>;
  /** Answers contract calls; none is known at first. */
  onCall: (to: Address, data: Hex, block: bigint) => Hex;
}

interface Block {
  readonly hash: Hex;
  readonly logs: readonly FakeLog[];
}

export function createFakeChain(options: { readonly network: string; readonly nodes?: number }): FakeChain {
  const blocks: Block[] = [{ hash: hashOf(0, 0), logs: [] }];
  let fork = 0;
  const nodes = Array.from({ length: options.nodes ?? 1 }, (): FakeNode => {
    return {
      lag: 0,
      rangeLimit: null,
      answer: (logs) => logs,
      refusesLooks: false,
      down: false,
      forkFrom: null,
    };
  });
  const chain: FakeChain = {
    rpc: null as unknown as RpcClient,
    nodes,
    queries: [],
    requests: new Map(),
    mine(count, logs = []) {
      for (let at = 0; at < count; at += 1) {
        blocks.push({ hash: hashOf(blocks.length, fork), logs: at === 0 ? logs : [] });
      }
    },
    reorg(depth) {
      fork += 1;
      const kept = blocks.length - depth;
      blocks.splice(kept);
      chain.mine(depth);
    },
    head: () => BigInt(blocks.length - 1),
    hash: (block) => blocks[Number(block)]?.hash ?? '0x',
    onQuery: () => undefined,
    onCall: () => '0x',
  };

  function pin(endpoint: number): PinnedRpc {
    const node = nodes[endpoint];
    if (node === undefined) throw new Error(`no node ${endpoint}`);
    const serve = (method: string): void => {
      chain.requests.set(method, (chain.requests.get(method) ?? 0) + 1);
      if (node.down) throw new RpcFailure('refused', { kind: 'unreachable', method });
    };
    const headOf = (): bigint => chain.head() - BigInt(node.lag);
    const hashAt = (number: bigint): Hex =>
      node.forkFrom !== null && number >= node.forkFrom ? hashOf(Number(number), 999) : chain.hash(number);
    const block = (number: bigint): RpcBlock | null => {
      if (number < 0n || number > headOf()) return null;
      return { ...EMPTY_BLOCK, number, hash: hashAt(number), timestamp: 1_700_000_000n + number * 2n };
    };
    const reads = {
      async blockNumber() {
        serve('eth_blockNumber');
        return headOf();
      },
      async getBlock(at: unknown) {
        serve('eth_getBlockByNumber');
        return block(typeof at === 'bigint' ? at : headOf());
      },
      async getLogs(filter: LogFilter) {
        serve('eth_getLogs');
        if (!('fromBlock' in filter)) throw new Error('only ranges are known');
        const { fromBlock, toBlock, addresses } = filter;
        chain.queries.push({ endpoint, fromBlock, toBlock, addresses });
        await chain.onQuery();
        if (node.rangeLimit !== null && toBlock - fromBlock + 1n > node.rangeLimit) {
          const message = `query exceeds max block range ${node.rangeLimit}`;
          throw new RpcFailure(message, { kind: 'answered', method: 'eth_getLogs', rpcCode: -32_602 });
        }
        return node.answer(logsBetween(fromBlock, toBlock < headOf() ? toBlock : headOf(), filter));
      },
      /** Log queries up to the head, as they go over the wire. */
      async request(method: string, params: readonly { address: Address[]; topics: []; fromBlock: Hex }[]) {
        serve(method);
        const [filter] = params;
        if (method !== 'eth_getLogs' || filter === undefined) throw new Error(`${method} is not known`);
        if (node.refusesLooks) throw new RpcFailure('not today', { kind: 'answered', method });
        const { address: addresses, topics, fromBlock } = filter;
        const range = { addresses, topics, fromBlock: BigInt(fromBlock), toBlock: headOf() };
        return logsBetween(range.fromBlock, range.toBlock, range).map((log) => ({
          ...log,
          blockNumber: toHex(log.blockNumber),
        }));
      },
      async call(request: { to: Address; data: Hex; block?: unknown }) {
        serve('eth_call');
        return chain.onCall(
          request.to,
          request.data,
          typeof request.block === 'bigint' ? request.block : headOf(),
        );
      },
    };
    return { ...unsupported, ...reads, endpoint, origin: `http://node-${endpoint}` } as unknown as PinnedRpc;
  }

  function logsBetween(from: bigint, to: bigint, filter: LogFilter): readonly RawLog[] {
    const found: RawLog[] = [];
    for (let number = from < 0n ? 0n : from; number <= to; number += 1n) {
      const { hash, logs } = blocks[Number(number)] ?? { hash: '0x' as const, logs: [] };
      logs.forEach((log, logIndex) => {
        if (!filter.addresses.includes(log.address)) return;
        if (!filter.topics.every((wanted, at) => matches(wanted, log.topics[at]))) return;
        const place = { blockNumber: number, blockHash: hash, transactionIndex: 0, logIndex, removed: false };
        found.push({ ...log, ...place });
      });
    }
    return found;
  }

  const best = (): PinnedRpc =>
    pin(
      Math.max(
        0,
        nodes.findIndex((node) => !node.down),
      ),
    );
  const rpc = {
    ...unsupported,
    network: options.network,
    chainId: 31_337,
    endpointCount: nodes.length,
    blockNumber: () => best().blockNumber(),
    pinned: best,
    other: (endpoint: number) => (nodes.length < 2 ? null : pin(endpoint === 0 ? 1 : 0)),
  } as unknown as RpcClient;
  return Object.assign(chain, { rpc });
}

const EMPTY_BLOCK = {
  parentHash: '0x',
  baseFeePerGas: null,
  gasLimit: 30_000_000n,
  gasUsed: 0n,
  transactions: [],
} as const;

/** What the watcher must not need. */
const unsupported = {
  getTransactionReceipt: () => Promise.reject(new Error('not part of this fake')),
  getTransaction: () => Promise.reject(new Error('not part of this fake')),
};

function hashOf(number: number, fork: number): Hex {
  return pad(toHex(number * 1000 + fork + 1), { size: 32 });
}

function matches(wanted: LogFilter['topics'][number], topic: Hex | undefined): boolean {
  if (wanted === null) return true;
  return topic !== undefined && (typeof wanted === 'string' ? wanted === topic : wanted.includes(topic));
}

let transactions = 0;
function nextTransaction(): Hex {
  transactions += 1;
  return pad(toHex(transactions), { size: 32 });
}

/** A `Transfer` of shares. */
export function transferLog(vault: Address, from: Address, to: Address, value: bigint): FakeLog {
  const topics = encodeEventTopics({ abi: vaultAbi, eventName: 'Transfer', args: { from, to } }) as Hex[];
  const data = encodeAbiParameters([{ type: 'uint256' }], [value]);
  return { address: vault, topics, data, transactionHash: nextTransaction() };
}

/** A vault's `Deposit`. */
export function depositLog(
  vault: Address,
  deposit: { sender: Address; owner: Address; shares: bigint; id: bigint; information: Hex },
): FakeLog {
  const { sender, owner, shares, id, information } = deposit;
  const types = ['address', 'address', 'uint256', 'uint256', 'uint256', 'bytes'] as const;
  const data = encodeAbiParameters(
    types.map((type) => ({ type })),
    [sender, owner, shares, shares, id, information],
  );
  const topics = encodeEventTopics({ abi: vaultAbi, eventName: 'Deposit' }) as Hex[];
  return { address: vault, topics, data, transactionHash: nextTransaction() };
}

/** A vault's `Withdraw`: `owner`'s receipt burned by `sender`. */
export function withdrawLog(
  vault: Address,
  burn: { sender: Address; owner: Address; shares: bigint; id: bigint },
): FakeLog {
  const { sender, owner, shares, id } = burn;
  const types = ['address', 'address', 'address', 'uint256', 'uint256', 'uint256', 'bytes'] as const;
  const data = encodeAbiParameters(
    types.map((type) => ({ type })),
    [sender, owner, owner, shares, shares, id, '0x'],
  );
  const topics = encodeEventTopics({ abi: vaultAbi, eventName: 'Withdraw' }) as Hex[];
  return { address: vault, topics, data, transactionHash: nextTransaction() };
}

/** A `TransferSingle` of the receipt contract. */
export function receiptTransferLog(
  receipt: Address,
  move: { from: Address; to: Address; id: bigint; amount: bigint },
): FakeLog {
  const { from, to, id, amount } = move;
  const topics = encodeEventTopics({
    abi: receiptAbi,
    eventName: 'TransferSingle',
    args: { operator: from, from, to },
  }) as Hex[];
  const data = encodeAbiParameters([{ type: 'uint256' }, { type: 'uint256' }], [id, amount]);
  return { address: receipt, topics, data, transactionHash: nextTransaction() };
}
