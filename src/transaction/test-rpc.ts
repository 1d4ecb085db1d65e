import type { Address, Hex } from 'viem';
import { keccak256, numberToHex, toHex } from 'viem';
import type { RawLog } from '../chain/raw-log.ts';
import type {
  BlockRef,
  PinnedRpc,
  RpcBlock,
  RpcClient,
  RpcTransaction,
  TransactionReceipt,
} from '../chain/rpc/types.ts';
import { RpcFailure } from '../primitives/failures.ts';
import { readTag } from '../vault/tag.ts';
import type { Block, ChainTransaction, TestChain } from './test-chain.ts';

const TOPIC = keccak256(toHex('Done'));

/** What the test chain holds. */
interface Ledger {
  readonly blocks: readonly Block[];
  readonly head: () => Block;
  readonly countIn: (address: Address, upTo: bigint) => number;
  readonly pool: () => readonly ChainTransaction[];
}

/** Creates the client through which the lanes see a test chain, each endpoint with its own lag. */
export function createTestRpc(
  chainId: number,
  lag: readonly number[],
  chainOf: () => TestChain,
  ledger: Ledger,
): RpcClient {
  const pinnedTo = (endpoint: number): PinnedRpc => createReads(endpoint, lag, chainOf, ledger);
  const current = (): PinnedRpc => pinnedTo(chainOf().best);
  const forwarded = new Proxy({} as PinnedRpc, {
    get: (_, name) => Reflect.get(current(), name) as unknown,
  });
  return {
    ...readsOf(forwarded),
    network: 'base',
    chainId,
    endpointCount: lag.length,
    request: async (method, params, { endpoint = 0 } = {}) => pinnedTo(endpoint).request(method, params),
    pinned: current,
    other: (endpoint) => {
      const another = lag.findIndex((_, at) => at !== endpoint);
      return another < 0 ? null : pinnedTo(another);
    },
    async sendRawTransaction(raw) {
      const chain = chainOf();
      const hash = keccak256(raw);
      chain.sent.push(hash);
      const outcome = chain.deaf || chain.down ? 'unknown' : await chain.submit(raw);
      return { outcome, hash, reason: null, answers: [] };
    },
    checkEndpoints: () => Promise.resolve([]),
  };
}

type Reads = Omit<PinnedRpc, 'endpoint' | 'origin' | 'request'>;

/** Members that look the endpoint up at each call. */
function readsOf(rpc: PinnedRpc): Reads {
  const names = Object.keys(createReads(0, [0], () => Object.create(null) as TestChain, NOTHING));
  return Object.fromEntries(
    names.map((name) => [
      name,
      (...args: readonly unknown[]) =>
        (Reflect.get(rpc, name) as (...args: readonly unknown[]) => unknown)(...args),
    ]),
  ) as unknown as Reads;
}

const NOTHING: Ledger = {
  blocks: [],
  head: () => ({ number: 0n, hash: '0x', parentHash: '0x', transactions: [] }),
  countIn: () => 0,
  pool: () => [],
};

function createReads(
  endpoint: number,
  lag: readonly number[],
  chainOf: () => TestChain,
  { blocks, head, countIn, pool }: Ledger,
): PinnedRpc {
  const top = (): bigint => {
    if (chainOf().down) throw new RpcFailure('no answer', { kind: 'unreachable', method: 'any' });
    const number = head().number - BigInt(lag[endpoint] ?? 0);
    return number < 0n ? 0n : number;
  };
  const blockAt = (number: bigint): Block | null =>
    number > top() ? null : (blocks.find((block) => block.number === number) ?? null);
  const resolve = (at: BlockRef): bigint =>
    typeof at === 'bigint' ? at : at === 'finalized' ? top() - 8n : top();
  const findMined = (hash: Hex) => {
    for (const block of blocks) {
      if (block.number > top()) return null;
      const entry = block.transactions.find(({ transaction }) => transaction.hash === hash);
      if (entry !== undefined) return { block, ...entry };
    }
    return null;
  };
  const countAt = (address: Address, at: BlockRef): number => {
    const mined = countIn(address, resolve(at));
    if (at !== 'pending') return mined;
    let next = mined;
    while (pool().some(({ from, nonce }) => from === address && nonce === next)) next += 1;
    return next;
  };

  const reads = {
    endpoint,
    origin: `endpoint ${String(endpoint)}`,
    request: async (method: string, params: readonly unknown[]) => {
      if (method !== 'eth_getTransactionCount') throw new RpcFailure(method, { kind: 'answered', method });
      return numberToHex(countAt(params[0] as Address, params[1] as BlockRef));
    },
    blockNumber: async () => top(),
    getBlock: async (at: BlockRef, { transactions = false } = {}) => {
      const number = resolve(at);
      const block = number < 0n ? null : blockAt(number);
      if (block === null) return null;
      const whole = block.transactions.map(({ transaction }) => shown(transaction, block));
      return {
        number: block.number,
        hash: block.hash,
        parentHash: block.parentHash,
        timestamp: block.number,
        baseFeePerGas: chainOf().baseFee,
        gasLimit: 30_000_000n,
        gasUsed: 0n,
        transactions: transactions ? whole : whole.map(({ hash }) => hash),
      } as unknown as RpcBlock<RpcTransaction> & RpcBlock;
    },
    getPendingTransactions: async () => null,
    getTransactionReceipt: async (hash: Hex) => {
      const found = findMined(hash);
      if (found === null || chainOf().hiddenReceipts.has(hash)) return null;
      const receipt = receiptOf(found, chainOf());
      return chainOf().logless.has(endpoint) ? { ...receipt, logs: [] } : receipt;
    },
    getTransaction: async (hash: Hex) => {
      const found = findMined(hash);
      return found === null ? null : shown(found.transaction, found.block);
    },
    getTransactionCount: async (address: Address, at: BlockRef) => (top(), countAt(address, at)),
    getBalance: async () => chainOf().balance,
    getCode: async () => '0x' as Hex,
    call: async ({ data, gas }: { readonly data: Hex; readonly gas?: bigint }) => {
      if (gas !== undefined && gas < neededGas(chainOf(), data)) {
        throw new RpcFailure('out of gas', { kind: 'answered', method: 'eth_call', rpcCode: -32_000 });
      }
      return simulated(chainOf(), data, (): Hex => '0x');
    },
    estimateGas: async ({ data }: { readonly data: Hex }) => {
      const chain = chainOf();
      chain.estimates += 1;
      return simulated(chain, data, () => neededGas(chain, data));
    },
    getLogs: async () => [],
    maxPriorityFeePerGas: async () => chainOf().tip,
    gasPrice: async () => chainOf().baseFee,
  };
  return reads;
}

function neededGas(chain: TestChain, data: Hex): bigint {
  return 21_000n + chain.gasPerOperation * BigInt(readTag(data)?.operationIds.length ?? 0);
}

function simulated<T>(chain: TestChain, data: Hex, result: () => T): T {
  const ids = readTag(data)?.operationIds ?? [];
  if (!ids.some((id) => chain.failing.has(id))) return result();
  const options = { kind: 'answered', method: 'eth_estimateGas', rpcCode: 3 } as const;
  throw new RpcFailure('execution reverted', options);
}

function shown(transaction: ChainTransaction, block: Block): RpcTransaction {
  const { hash, from, to, nonce, input, value } = transaction;
  return { hash, from, to, nonce, input, value, blockNumber: block.number, blockHash: block.hash };
}

/** A vault emits one log for each operation of the tag. */
function receiptOf(
  found: { readonly block: Block; readonly transaction: ChainTransaction; readonly status: 0 | 1 },
  chain: TestChain,
): TransactionReceipt {
  const { block, transaction, status } = found;
  const { hash, from, to } = transaction;
  const isVault = to !== null && to !== from && !chain.silent.has(to);
  const ids = status === 1 && isVault ? (readTag(transaction.input)?.operationIds ?? []) : [];
  const untagged = status === 1 && isVault && readTag(transaction.input) === null;
  const logs = (untagged ? ['0'.repeat(32)] : ids).map((id, logIndex): RawLog => ({
    address: to ?? from,
    topics: [TOPIC],
    data: `0x${id.replaceAll('-', '')}`,
    blockNumber: block.number,
    blockHash: block.hash,
    transactionHash: hash,
    transactionIndex: 0,
    logIndex,
    removed: false,
  }));
  return {
    transactionHash: hash,
    status,
    blockNumber: block.number,
    blockHash: block.hash,
    gasUsed: 21_000n,
    effectiveGasPrice: chain.baseFee,
    from,
    to,
    logs,
  };
}
