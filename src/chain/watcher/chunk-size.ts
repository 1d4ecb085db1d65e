/** Blocks asked for at first; most nodes allow it, and it is a lot of quiet blocks. */
const FIRST = 2000n;
/** The largest range that the usual vendors serve without further limits. */
const MOST = 10_000n;
/**
 * So many ranges are read after a refusal before a larger one is tried: it may have been for one large
 * answer.
 */
const RETRY_AFTER = 50;

/** How many blocks one log query spans, adapted to what the node serves. */
export interface ChunkSize {
  blocks(): bigint;
  /** The node refused this range for its size. False when it cannot be smaller. */
  refused(blocks: bigint): boolean;
  /** A range of this size was served. */
  served(blocks: bigint): void;
}

/** Doubles while the node serves, halves when it refuses, and then grows again only now and then. */
export function createChunkSize(first: bigint = FIRST, most: bigint = MOST): ChunkSize {
  let size = first;
  let limited = false;
  let servedSince = 0;
  return {
    blocks: () => size,
    refused(blocks) {
      if (blocks <= 1n) return false;
      limited = true;
      servedSince = 0;
      size = blocks / 2n;
      return true;
    },
    served(blocks) {
      // A shorter range at the tip of the chain proves nothing about longer ones.
      if (blocks < size) return;
      servedSince += 1;
      if (limited && servedSince < RETRY_AFTER) return;
      servedSince = 0;
      size = size * 2n < most ? size * 2n : most;
    },
  };
}
