import type { Address } from 'viem';
import type { EmittedLog } from './emit.ts';
import type { ChainState } from './state.ts';

/** One call within a transaction. State and logs are the transaction's own: whoever reverts drops both. */
export interface Frame {
  readonly sender: Address;
  readonly state: ChainState;
  readonly logs: EmittedLog[];
  /** Seconds since the Unix epoch. */
  readonly timestamp: bigint;
  /** What was used so far. */
  gas: bigint;
}
