import type { Address, Hex } from 'viem';
import type { Outcome } from '../../event-store/ledger.ts';
import type { PinnedRpc } from '../rpc/types.ts';
import type { DecodedLog } from './decode-logs.ts';

/** A vault that is watched, retired ones included. Addresses in lower case. */
export interface WatchedVault {
  readonly vault: Address;
  /** Its ERC-1155 receipt contract. */
  readonly receipt: Address;
  /** First block whose logs are read. */
  readonly startBlock: bigint;
}

/**
 * How much is open. `moving`: something whose next step is a matter of blocks or of an answer; `waiting`: only
 * what waits for a person, a partner, or another operation; `idle`: nothing.
 */
export type Activity = 'idle' | 'waiting' | 'moving';

/** What one pass over a range of blocks found. */
export interface LogBatch {
  readonly network: string;
  readonly chainId: number;
  /** `head`: confirmed blocks, read as they come. `final`: the same blocks read again once they are final. */
  readonly pass: 'head' | 'final';
  /** Both ends included. */
  readonly fromBlock: bigint;
  readonly toBlock: bigint;
  readonly toHash: Hex;
  /** Of these vaults and their receipt contracts. */
  readonly vaults: readonly WatchedVault[];
  /** In the order of the chain, each once. */
  readonly logs: readonly DecodedLog[];
  /** Transfers in earlier blocks are history and never redeemed. */
  readonly redemptionsFromBlock: bigint;
  /** The endpoint that the logs came from: reads that must agree with them go here. */
  readonly rpc: PinnedRpc;
  /**
   * The block's own time, ms since the epoch. Rejects with `UnsettledLogs` when the endpoint does not know
   * it.
   */
  readonly blockTimeMs: (blockNumber: bigint) => Promise<number>;
}

/**
 * A feature that takes logs in. What it returns is committed together with the cursors, so each log is
 * taken in once or, after a crash, again from the start. It sees logs repeatedly (second pass, rescans):
 * for what it has recorded already it must return nothing. A rejection stops the cursors of the batch;
 * nothing is skipped. It rejects with `UnsettledLogs` when what the endpoint says does not fit together:
 * then the range is soon read again.
 */
export interface LogConsumer {
  readonly name: string;
  readonly consume: (batch: LogBatch) => Promise<Outcome>;
}
