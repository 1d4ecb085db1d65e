import type { Address, Hex } from 'viem';
import type { RawLog } from '../raw-log.ts';

/** Names that a node resolves to a block. */
export type BlockTag = 'latest' | 'safe' | 'finalized' | 'pending';

/** A block by height or name. */
export type BlockRef = bigint | BlockTag;

/** A transaction as a node shows it. Addresses and hashes are in lower case everywhere in this file. */
export interface RpcTransaction {
  readonly hash: Hex;
  readonly from: Address;
  /** Null for a contract creation. */
  readonly to: Address | null;
  readonly nonce: number;
  readonly input: Hex;
  /** Wei. */
  readonly value: bigint;
  /** Null while it waits, with `blockHash`. */
  readonly blockNumber: bigint | null;
  readonly blockHash: Hex | null;
}

/** A block with its transactions: hashes, or whole ones where they were asked for. */
export interface RpcBlock<T extends Hex | RpcTransaction = Hex> {
  readonly number: bigint;
  readonly hash: Hex;
  readonly parentHash: Hex;
  /** Seconds since the Unix epoch. */
  readonly timestamp: bigint;
  /** Wei per gas; null on a chain without EIP-1559. */
  readonly baseFeePerGas: bigint | null;
  readonly gasLimit: bigint;
  readonly gasUsed: bigint;
  readonly transactions: readonly T[];
}

/** What a mined transaction did. */
export interface TransactionReceipt {
  readonly transactionHash: Hex;
  readonly status: 0 | 1;
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
  readonly gasUsed: bigint;
  /** Wei per gas. */
  readonly effectiveGasPrice: bigint;
  readonly from: Address;
  readonly to: Address | null;
  readonly logs: readonly RawLog[];
}

/** One topic position of a log filter: one value, any of several, or null for any at all. */
type TopicFilter = Hex | readonly Hex[] | null;

/** Which logs: of a range of blocks, both ends included, or of one block by its hash. */
export type LogFilter = {
  readonly addresses: readonly Address[];
  readonly topics: readonly TopicFilter[];
} & ({ readonly fromBlock: bigint; readonly toBlock: bigint } | { readonly blockHash: Hex });

export interface CallRequest {
  readonly from?: Address;
  readonly to: Address;
  readonly data: Hex;
  readonly gas?: bigint;
  /** Wei. */
  readonly value?: bigint;
  /** Default `latest`. */
  readonly block?: BlockRef;
}

/**
 * The typed reads. All of them reject with `RpcFailure`: `answered` when the node refused (a revert, an
 * unknown method), `unreachable` when no usable answer came, which includes one that does not parse. Null
 * always means that the node *said* it does not know the thing; a node that lags says so too, hence it proves
 * nothing.
 */
export interface RpcReader {
  blockNumber(): Promise<bigint>;
  getBlock(
    at: bigint | Exclude<BlockTag, 'pending'>,
    options: { readonly transactions: true },
  ): Promise<RpcBlock<RpcTransaction> | null>;
  getBlock(
    at: bigint | Exclude<BlockTag, 'pending'>,
    options?: { readonly transactions: false },
  ): Promise<RpcBlock | null>;
  /** Transactions that the node would put into its next block; null where it does not tell. */
  getPendingTransactions(): Promise<readonly RpcTransaction[] | null>;
  getTransactionReceipt(hash: Hex): Promise<TransactionReceipt | null>;
  getTransaction(hash: Hex): Promise<RpcTransaction | null>;
  /** The next nonce of `address` as of that block. */
  getTransactionCount(address: Address, at: BlockRef): Promise<number>;
  /** Wei; default `latest`. */
  getBalance(address: Address, at?: BlockRef): Promise<bigint>;
  /** `0x` where there is no contract; default `latest`. */
  getCode(address: Address, at?: BlockRef): Promise<Hex>;
  call(request: CallRequest): Promise<Hex>;
  estimateGas(request: CallRequest): Promise<bigint>;
  /** In the order of the node. Logs outside the filter's blocks or addresses make the answer unusable. */
  getLogs(filter: LogFilter): Promise<readonly RawLog[]>;
  /** Wei per gas. */
  maxPriorityFeePerGas(): Promise<bigint>;
  /** Wei per gas. */
  gasPrice(): Promise<bigint>;
}

/** Reads that all go to one endpoint, so that what they say belongs together. */
export interface PinnedRpc extends RpcReader {
  /** Position in the configured URLs. */
  readonly endpoint: number;
  /** The endpoint's scheme, host and port: safe to show, unlike its URL. */
  readonly origin: string;
  request(method: string, params: readonly unknown[]): Promise<unknown>;
}

/** One request that went to one endpoint, for metrics. */
export interface RpcMetric {
  readonly method: string;
  /** Position of the endpoint in the configured URLs. */
  readonly endpoint: number;
  /** `busy`: asked for a pause or failed on its side (429, 5xx). */
  readonly outcome: 'ok' | 'answered_error' | 'busy' | 'unreachable';
  readonly durationMs: number;
}

/** How one endpoint stands. */
export interface EndpointState {
  readonly endpoint: number;
  readonly origin: string;
  readonly state: 'ok' | 'wrong_chain' | 'unreachable';
  readonly error: string | null;
}

export type BroadcastOutcome =
  | 'accepted'
  | 'already_known'
  | 'nonce_too_low'
  | 'underpriced'
  | 'insufficient_funds'
  | 'rejected'
  | 'unknown';

/** What the endpoints said to signed bytes. A hint and never a proof: the bytes may travel on regardless. */
export interface BroadcastResult {
  /** The most telling of the answers: acceptance first, `unknown` last. */
  readonly outcome: BroadcastOutcome;
  /** Hash of the bytes, computed here. */
  readonly hash: Hex;
  /** The node's own words; null when it accepted. */
  readonly reason: string | null;
  /** Every answer that had come by then; an endpoint that is slower than an acceptance is missing. */
  readonly answers: readonly {
    readonly endpoint: number;
    readonly outcome: BroadcastOutcome;
    readonly reason: string | null;
  }[];
}

/**
 * A network's nodes behind one face. Reads go to the first endpoint that serves, in one pass over all of
 * them; a refusal that is an answer is not asked again elsewhere. Besides `RpcFailure`, reads reject with an
 * `IssuanceError` of code `wrong_chain_id` when every endpoint is on another chain.
 */
export interface RpcClient extends RpcReader {
  readonly network: string;
  readonly chainId: number;
  readonly endpointCount: number;
  /** Sends any method; the result is not checked. `endpoint` rules out every other one. */
  request(
    method: string,
    params: readonly unknown[],
    options?: { readonly endpoint?: number },
  ): Promise<unknown>;
  /** One endpoint, the best at present, for reads that must agree with each other. */
  pinned(): PinnedRpc;
  /** Another endpoint than that one, the best of them at present; null when there is only one. */
  other(endpoint: number): PinnedRpc | null;
  /** Sends signed bytes to all endpoints at once. Never rejects for what a node says or for its absence. */
  sendRawTransaction(raw: Hex): Promise<BroadcastResult>;
  /** Asks every endpoint for its chain id, for start-up and readiness. Never rejects. */
  checkEndpoints(): Promise<readonly EndpointState[]>;
}
