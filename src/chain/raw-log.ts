import type { Hex } from 'viem';

/** One log as an RPC node reports it, with its numbers decoded and nothing interpreted. */
export interface RawLog {
  /** The contract that emitted it, in lower case. */
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
  readonly transactionHash: Hex;
  readonly transactionIndex: number;
  /** Position within the block. A reorg moves it, so it identifies nothing for long. */
  readonly logIndex: number;
  /** True when the node reports the log as taken back by a reorg. */
  readonly removed: boolean;
}
