import type { Address, Hex } from 'viem';
import { unreachable } from '../primitives/failures.ts';
import { vaultReads } from './reads.ts';

/**
 * How many stock splits a vault had completed as of a block. They change every balance without a log, so a quantity
 * that was fixed before one means another number of shares after it.
 */
export type SplitReading = {
  /** Null for a vault that has no such count: it cannot split. */
  count: bigint | null;
  blockNumber: bigint;
};

/** What a node is asked for a reading. */
export interface SplitSource {
  call(request: { readonly to: Address; readonly data: Hex; readonly block: bigint }): Promise<Hex>;
}

/**
 * Reads a vault's count as of a block.
 *
 * @throws RpcFailure; IssuanceError `unexpected_answer` where there is no contract at that block
 */
export async function readSplitCount(
  rpc: SplitSource,
  vault: Address,
  blockNumber: bigint,
): Promise<SplitReading> {
  const { encode, decode, decodeFailure } = vaultReads.completedActionCount;
  const count = await rpc.call({ to: vault, data: encode(), block: blockNumber }).then(decode, decodeFailure);
  return { count, blockNumber };
}

export type SplitVerdict =
  | { readonly kind: 'same' }
  /** Nothing was read when the quantity was fixed: there is nothing to compare with. */
  | { readonly kind: 'first' }
  /** They differ, and the new reading is of the older block: the endpoint lags, or the chain went back. */
  | { readonly kind: 'behind'; readonly why: string }
  | { readonly kind: 'split'; readonly why: string };

/** Compares the reading that an operation carries with a new one. */
export function compareSplits(before: SplitReading | null, now: SplitReading): SplitVerdict {
  if (before === null) return { kind: 'first' };
  // A vault that gained the function by an upgrade begins at zero.
  const [counted, counts] = [before.count ?? 0n, now.count ?? 0n];
  if (counted === counts) return { kind: 'same' };
  const change = `${String(counted)} → ${String(counts)}`;
  if (now.blockNumber < before.blockNumber) {
    const why =
      `the vault's split count was ${String(counted)} at block ${String(before.blockNumber)}, ` +
      `and the node tells ${String(counts)} of the earlier block ${String(now.blockNumber)}`;
    return { kind: 'behind', why };
  }
  const why =
    `the vault split between block ${String(before.blockNumber)} and block ${String(now.blockNumber)}: ` +
    `${change}; quantities must be judged by a person`;
  return { kind: 'split', why };
}

/** What a decider makes of a reading: nothing, a first record of it, or `held`. An older block's decides nothing. */
export function splitEvents<Held>(
  before: SplitReading | null,
  reading: SplitReading,
  held: (why: string) => Held,
): readonly (Held | { readonly type: 'SplitCountRecorded'; readonly data: SplitReading })[] {
  const verdict = compareSplits(before, reading);
  switch (verdict.kind) {
    case 'same':
    case 'behind':
      return [];
    case 'first':
      return [{ type: 'SplitCountRecorded', data: reading }];
    case 'split':
      return [held(verdict.why)];
    default:
      return unreachable(verdict);
  }
}
