import { canonicalReceipt } from './chain-view.ts';
import type { LaneId } from './lane-feature.ts';
import type { Lane, LaneDeps } from './runtime.ts';
import { TRANSACTION_TABLE, transactionKind } from './transaction-kind.ts';
import type { PendingTransaction } from './transaction-state.ts';
import { transactionId } from './transaction-state.ts';

/**
 * An old copy of the database that nothing marks as one looks like any other while every node is behind what it forgot.
 * So the first nonce that a process signs for is a trial, and it signs for no other before the chain has taken it: was
 * the nonce used by a forgotten transaction, then that shows, and nothing was minted twice meanwhile. What processes
 * before this one signed must be taken before that: a crash is no way out of a trial.
 */
export interface Trials {
  /** What earlier processes signed and nothing is decided of, lowest nonce first; null until it was looked for. */
  readonly inherited: (lane: LaneId) => readonly string[] | null;
  inherit(lane: LaneId, ids: readonly string[]): void;
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
  const inherited = new Map<LaneId, readonly string[]>();
  return {
    inherited: (lane) => inherited.get(lane) ?? null,
    inherit: (lane, ids) => void inherited.set(lane, ids),
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

/** More than can be in flight, with what waits for finality. */
const MOST_INHERITED = 10_000;

/** How many of so many free slots may be used now. */
export async function slotsOnTrial(deps: LaneDeps, lane: Lane, slots: number): Promise<number> {
  const { trials } = deps;
  const id = lane.context.lane;
  const onTrial = trials.of(id);
  if (trials.isPassed(id)) return slots;
  if (onTrial === null) return (await isAllDecided(deps, lane)) ? Math.min(slots, 1) : 0;
  const fate = await fateOf(deps, lane, onTrial);
  if (fate === 'open') return 0;
  if (fate === 'taken') {
    trials.pass(id);
    return slots;
  }
  trials.abandon(id);
  return Math.min(slots, 1);
}

/** Whether it is decided, for all that was signed before this process began, who used its nonce. */
async function isAllDecided(deps: LaneDeps, lane: Lane): Promise<boolean> {
  const { trials } = deps;
  const id = lane.context.lane;
  const known = trials.inherited(id) ?? (await notFinal(deps, id));
  let decided = 0;
  for (const each of known) {
    if ((await fateOf(deps, lane, each)) === 'open') break;
    decided += 1;
  }
  trials.inherit(id, known.slice(decided));
  return decided === known.length;
}

/** Ids of what no final block holds, lowest nonce first. */
async function notFinal({ store }: LaneDeps, lane: LaneId): Promise<readonly string[]> {
  const rows = await store.find({
    table: TRANSACTION_TABLE.name,
    where: { lane, phase: { in: ['pending', 'mined'] } },
    orderBy: [['nonce', 'asc']],
    limit: MOST_INHERITED,
  });
  return rows.map((row) => row['id'] as string);
}

/** `stranger`: the nonce was used by another transaction for good, and what follows from that is committed. */
async function fateOf(deps: LaneDeps, lane: Lane, id: string): Promise<'taken' | 'open' | 'stranger'> {
  const { state } = await deps.ledger.load(transactionKind, id);
  if (state.phase === 'none') return 'open';
  if (state.phase === 'pending' ? await isTaken(lane, state) : state.mined.body !== 'stranger')
    return 'taken';
  return state.phase === 'final' ? 'stranger' : 'open';
}

/** One of its bytes is in a block. No reorg makes a node that shows this one that was behind. */
async function isTaken(lane: Lane, { variants }: PendingTransaction): Promise<boolean> {
  const rpc = lane.rpc.pinned();
  for (const { hash } of variants.toReversed()) if ((await canonicalReceipt(rpc, hash)) !== null) return true;
  return false;
}
