import type { Hex } from 'viem';
import { type BlockPoint, isCanonical } from '../finality.ts';
import type { PinnedRpc, RpcClient } from '../rpc/types.ts';
import type { Cursor } from './cursors.ts';

type Verdict =
  | { readonly kind: 'canonical' }
  /** The endpoint lags, or endpoints disagree: nothing advances, and it is asked again. */
  | { readonly kind: 'wait'; readonly why: string }
  /** Logs that were taken in stand in blocks that are no longer part of the chain. */
  | { readonly kind: 'replaced'; readonly why: string };

/** Cursors above `limit`, which the endpoint just gave, are left out: it has not got there yet. */
export type CheckCursors = (
  pinned: PinnedRpc,
  cursors: readonly Cursor[],
  limit: BlockPoint,
) => Promise<Verdict>;

/**
 * Checks that the blocks up to which logs were taken in are still part of the chain. That they are not
 * takes two witnesses: another endpoint, or where there is none, the same one twice.
 */
export function createCursorCheck(rpc: RpcClient): CheckCursors {
  let suspect: string | null = null;

  async function confirm(pinned: PinnedRpc, block: bigint, hash: Hex): Promise<Verdict> {
    const why = `block ${block} is no longer ${hash}`;
    const other = rpc.other(pinned.endpoint);
    if (other === null) {
      const again = suspect === `${block} ${hash}`;
      suspect = `${block} ${hash}`;
      return again ? { kind: 'replaced', why } : { kind: 'wait', why: `${why}, says the only endpoint` };
    }
    const theirs = await isCanonical(other, block, hash);
    if (theirs === false)
      return { kind: 'replaced', why: `${why}, say ${pinned.origin} and ${other.origin}` };
    return { kind: 'wait', why: `${why}, says ${pinned.origin}, while ${other.origin} does not` };
  }

  return async (pinned, cursors, limit) => {
    for (const { block, hash } of distinct(cursors)) {
      if (hash === null || block > limit.number) continue;
      const canonical = block === limit.number ? hash === limit.hash : await isCanonical(pinned, block, hash);
      if (canonical === null) return { kind: 'wait', why: `${pinned.origin} does not know block ${block}` };
      if (!canonical) return confirm(pinned, block, hash);
    }
    suspect = null;
    return { kind: 'canonical' };
  };
}

function distinct(cursors: readonly Cursor[]): readonly Cursor[] {
  return [...new Map(cursors.map((cursor) => [`${cursor.block} ${cursor.hash}`, cursor])).values()];
}
