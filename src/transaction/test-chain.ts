import type { Address, Hex, TransactionSerializedEIP1559 } from 'viem';
import { keccak256, numberToHex, parseTransaction, recoverTransactionAddress, toHex } from 'viem';
import type { RawLog } from '../chain/raw-log.ts';
import type {
  BlockRef,
  BroadcastOutcome,
  PinnedRpc,
  RpcBlock,
  RpcClient,
  RpcTransaction,
  TransactionReceipt,
} from '../chain/rpc/types.ts';
import { RpcFailure } from '../primitives/failures.ts';
import { readTag } from '../vault/tag.ts';

/** A transaction in the mempool or a block of the test chain. */
interface ChainTransaction extends Omit<RpcTransaction, 'blockNumber' | 'blockHash'> {
  readonly gas: bigint;
  readonly maxFee: bigint;
  readonly tip: bigint;
}

interface Block {
  readonly number: bigint;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly transactions: readonly { readonly transaction: ChainTransaction; readonly status: 0 | 1 }[];
}

/** What the tests set on the chain, and what they do to it. */
export interface TestChain {
  readonly rpc: RpcClient;
  /** Blocks that each endpoint is behind. The first one is asked unless `best` says otherwise. */
  readonly lag: number[];
  best: number;
  baseFee: bigint;
  tip: bigint;
  balance: bigint;
  /** Operations whose calls revert. */
  readonly failing: Set<string>;
  /** Transactions whose receipts no endpoint shows. */
  readonly hiddenReceipts: Set<Hex>;
  /** Contracts that took over an address: they succeed and emit nothing. */
  readonly silent: Set<Address>;
  /** Nothing that is sent arrives. */
  deaf: boolean;
  /** Every request fails. */
  down: boolean;
  estimates: number;
  gasPerOperation: bigint;
  readonly sent: Hex[];
  /** Makes a block of what waits and pays enough; then as many empty ones as asked. */
  mine(blocks?: number): void;
  /** Takes away the last blocks; what was in them waits again, unless it is dropped. */
  reorg(depth: number, options?: { readonly drop?: boolean }): void;
  dropPending(): readonly Hex[];
  /** Signed bytes arrive from outside. */
  submit(raw: Hex): Promise<BroadcastOutcome>;
  /** How many successful transactions of the chain name this operation. */
  effects(operationId: string): number;
  pendingHashes(): readonly Hex[];
  head(): bigint;
}

const TOPIC = keccak256(toHex('Done'));

/** Creates a chain with one account's rules: nonces, replacement by 10 %, blocks, reorgs, endpoints that lag. */
export function createTestChain(options: {
  readonly chainId: number;
  readonly endpoints?: number;
}): TestChain {
  const lag = Array.from({ length: options.endpoints ?? 1 }, () => 0);
  let fork = 0;
  let pool: ChainTransaction[] = [];
  const genesis: Block = { number: 0n, hash: blockHash(0n, 0), parentHash: '0x00', transactions: [] };
  const blocks: Block[] = [genesis];

  const head = (): Block => blocks.at(-1) ?? genesis;
  const countIn = (address: Address, upTo: bigint): number =>
    blocks
      .filter(({ number }) => number <= upTo)
      .flatMap(({ transactions }) => transactions)
      .filter(({ transaction }) => transaction.from === address).length;

  const statusOf = (transaction: ChainTransaction): 0 | 1 =>
    (readTag(transaction.input)?.operationIds ?? []).some((id) => chain.failing.has(id)) ? 0 : 1;

  const addBlock = (included: readonly ChainTransaction[]): void => {
    const { number, hash } = head();
    blocks.push({
      number: number + 1n,
      hash: blockHash(number + 1n, fork),
      parentHash: hash,
      transactions: included.map((transaction) => ({ transaction, status: statusOf(transaction) })),
    });
  };

  const chain: TestChain = {
    rpc: createRpc(options.chainId, lag, () => chain, { blocks, head, countIn, pool: () => pool }),
    lag,
    best: 0,
    baseFee: 1_000_000_000n,
    tip: 1_000_000_000n,
    balance: 10n ** 20n,
    failing: new Set(),
    hiddenReceipts: new Set(),
    silent: new Set(),
    deaf: false,
    down: false,
    estimates: 0,
    gasPerOperation: 100_000n,
    sent: [],
    mine(count = 1) {
      const included: ChainTransaction[] = [];
      for (;;) {
        const next = pool.find((it) => {
          const before = included.filter(({ from }) => from === it.from).length;
          return it.nonce === countIn(it.from, head().number) + before && it.maxFee >= chain.baseFee;
        });
        if (next === undefined) break;
        included.push(next);
        pool = pool.filter((it) => it !== next);
      }
      addBlock(included);
      for (let more = 1; more < count; more += 1) addBlock([]);
    },
    reorg(depth, { drop = false } = {}) {
      fork += 1;
      const gone = blocks.splice(blocks.length - depth, depth);
      const back = gone.flatMap(({ transactions }) => transactions.map(({ transaction }) => transaction));
      if (!drop) pool = [...back, ...pool];
    },
    dropPending() {
      const dropped = pool.map(({ hash }) => hash);
      pool = [];
      return dropped;
    },
    async submit(raw) {
      const transaction = await parse(raw);
      if (transaction.nonce < countIn(transaction.from, head().number)) return 'nonce_too_low';
      const same = pool.find(({ from, nonce }) => from === transaction.from && nonce === transaction.nonce);
      if (same?.hash === transaction.hash) return 'already_known';
      if (same !== undefined) {
        const isRaised =
          transaction.maxFee * 10n >= same.maxFee * 11n && transaction.tip * 10n >= same.tip * 11n;
        if (!isRaised) return 'underpriced';
      }
      pool = [...pool.filter((it) => it !== same), transaction];
      return 'accepted';
    },
    effects: (operationId) =>
      blocks
        .flatMap(({ transactions }) => transactions)
        .filter(({ status, transaction }) => {
          const ids = readTag(transaction.input)?.operationIds ?? [];
          return status === 1 && ids.includes(operationId);
        }).length,
    pendingHashes: () => pool.map(({ hash }) => hash),
    head: () => head().number,
  };
  return chain;
}

async function parse(raw: Hex): Promise<ChainTransaction> {
  const parsed = parseTransaction(raw);
  const from = await recoverTransactionAddress({
    serializedTransaction: raw as TransactionSerializedEIP1559,
  });
  return {
    hash: keccak256(raw),
    from: from.toLowerCase() as Address,
    to: (parsed.to?.toLowerCase() ?? null) as Address | null,
    nonce: parsed.nonce ?? 0,
    input: parsed.data ?? '0x',
    value: parsed.value ?? 0n,
    gas: parsed.gas ?? 0n,
    maxFee: parsed.maxFeePerGas ?? 0n,
    tip: parsed.maxPriorityFeePerGas ?? 0n,
  };
}

interface Ledger {
  readonly blocks: readonly Block[];
  readonly head: () => Block;
  readonly countIn: (address: Address, upTo: bigint) => number;
  readonly pool: () => readonly ChainTransaction[];
}

function createRpc(
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
      return found === null || chainOf().hiddenReceipts.has(hash) ? null : receiptOf(found, chainOf());
    },
    getTransaction: async (hash: Hex) => {
      const found = findMined(hash);
      return found === null ? null : shown(found.transaction, found.block);
    },
    getTransactionCount: async (address: Address, at: BlockRef) => (top(), countAt(address, at)),
    getBalance: async () => chainOf().balance,
    getCode: async () => '0x' as Hex,
    call: async ({ data }: { readonly data: Hex }) => simulated(chainOf(), data, (): Hex => '0x'),
    estimateGas: async ({ data }: { readonly data: Hex }) => {
      const chain = chainOf();
      chain.estimates += 1;
      const count = readTag(data)?.operationIds.length ?? 0;
      return simulated(chain, data, () => 21_000n + chain.gasPerOperation * BigInt(count));
    },
    getLogs: async () => [],
    maxPriorityFeePerGas: async () => chainOf().tip,
    gasPrice: async () => chainOf().baseFee,
  };
  return reads;
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

function blockHash(number: bigint, fork: number): Hex {
  return keccak256(toHex(`${String(fork)}/${String(number)}`));
}
