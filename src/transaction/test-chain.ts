import type { Address, Hex, TransactionSerializedEIP1559 } from 'viem';
import { keccak256, parseTransaction, recoverTransactionAddress, toHex } from 'viem';
import type { BroadcastOutcome, RpcClient, RpcTransaction } from '../chain/rpc/types.ts';
import { readTag } from '../vault/tag.ts';
import { createTestRpc } from './test-rpc.ts';

/** A transaction in the mempool or a block of the test chain. */
export interface ChainTransaction extends Omit<RpcTransaction, 'blockNumber' | 'blockHash'> {
  readonly gas: bigint;
  readonly maxFee: bigint;
  readonly tip: bigint;
}

export interface Block {
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
  /** Endpoints that show receipts without their logs. */
  readonly logless: Set<number>;
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
    rpc: createTestRpc(options.chainId, lag, () => chain, { blocks, head, countIn, pool: () => pool }),
    lag,
    best: 0,
    baseFee: 1_000_000_000n,
    tip: 1_000_000_000n,
    balance: 10n ** 20n,
    failing: new Set(),
    hiddenReceipts: new Set(),
    silent: new Set(),
    logless: new Set(),
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

function blockHash(number: bigint, fork: number): Hex {
  return keccak256(toHex(`${String(fork)}/${String(number)}`));
}
