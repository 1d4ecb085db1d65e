import { canonicalReceipt } from './chain-view.ts';
import type { LaneId } from './lane-feature.ts';
import type { Lane, LaneDeps } from './runtime.ts';
import { transactionKind } from './transaction-kind.ts';
import type { PendingTransaction } from './transaction-state.ts';
import { transactionId } from './transaction-state.ts';

/**
 * An old copy of the database that nothing marks as one looks like any other while every node is behind what it forgot.
 * So the first nonce that a process signs for is a trial, and it signs for no other before the chain has taken it: was
 * the nonce used by a forgotten transaction, then that shows, and nothing was minted twice meanwhile.
 */
export interface Trials {
  /** The transaction on trial; null before the first. */
  readonly of: (lane: LaneId) => string | null;
  readonly isPassed: (lane: LaneId) => boolean;
  begin(lane: LaneId, nonce: number): void;
  /** The chain took it. A quarantine that ended is as good. */
  pass(lane: LaneId): void;
  /** A stranger's transaction took its nonce, and what follows from that is committed. */
  abandon(lane: LaneId): void;
}

export function createTrials(): Trials {
  const onTrial = new Map<LaneId, string>();
  const passed = new Set<LaneId>();
  return {
    of: (lane) => onTrial.get(lane) ?? null,
    isPassed: (lane) => passed.has(lane),
    begin(lane, nonce) {
      onTrial.set(lane, transactionId(lane, nonce));
    },
    pass(lane) {
      passed.add(lane);
      onTrial.delete(lane);
    },
    abandon(lane) {
      onTrial.delete(lane);
    },
  };
}

/** How many of so many free slots may be used now. */
export async function slotsOnTrial(deps: LaneDeps, lane: Lane, slots: number): Promise<number> {
  const { trials } = deps;
  const id = lane.context.lane;
  const onTrial = trials.of(id);
  if (trials.isPassed(id)) return slots;
  if (onTrial === null) return Math.min(slots, 1);
  const { state } = await deps.ledger.load(transactionKind, onTrial);
  if (state.phase === 'none') return 0;
  if (state.phase === 'pending' ? await isTaken(lane, state) : state.mined.body !== 'stranger') {
    trials.pass(id);
    return slots;
  }
  if (state.phase !== 'final') return 0;
  trials.abandon(id);
  return Math.min(slots, 1);
}

/** One of its bytes is in a block. No reorg makes a node that shows this one that was behind. */
async function isTaken(lane: Lane, { variants }: PendingTransaction): Promise<boolean> {
  const rpc = lane.rpc.pinned();
  for (const { hash } of variants.toReversed()) if ((await canonicalReceipt(rpc, hash)) !== null) return true;
  return false;
}
