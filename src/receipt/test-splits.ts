import type { SplitReading } from '../vault/split-count.ts';
import type { Splits } from './splits.ts';

/** A vault's split count as a test tells it. */
export function testSplits(): {
  readonly splits: Splits;
  readonly told: {
    /** What a node says now; null for a vault that has no count. */
    count: bigint | null;
    /** The block that it says it of. */
    blockNumber: bigint;
    /** What the books know, and what can be told of a past block. */
    known: SplitReading | null;
    /** Instead of every answer of a node. */
    failure: Error | null;
  };
  /** How often a node was asked. */
  readonly asked: () => number;
} {
  const told: ReturnType<typeof testSplits>['told'] = {
    count: 0n,
    blockNumber: 9n,
    known: { count: 0n, blockNumber: 1n },
    failure: null,
  };
  let asked = 0;
  const ask = <T>(answer: T): T => {
    asked += 1;
    if (told.failure !== null) throw told.failure;
    return answer;
  };
  return {
    told,
    asked: () => asked,
    splits: {
      lastKnown: async () => told.known,
      now: async () => ask({ count: told.count, blockNumber: told.blockNumber }),
      before: async () => ask(told.known),
    },
  };
}
