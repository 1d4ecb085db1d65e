import type { StepResult } from '../engine/work.ts';
import type { Loaded } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import type { RowWrite } from '../event-store/event-store.ts';
import type { NonceCounts } from './chain-view.ts';
import { fillNonces } from './fill-nonces.ts';
import { findFound, foundOutcome } from './found.ts';
import type { LaneEvent, LaneState, OpenedLane, Quarantine } from './lane-state.ts';
import { decideLaneStop, laneKind } from './lane-state.ts';
import { unpromisedNonces } from './nonces.ts';
import type { AnyLane, Lane, LaneDeps } from './runtime.ts';
import { shortPauseMs } from './runtime.ts';
import { settleFound } from './settle-found.ts';
import { TRANSACTION_TABLE } from './transaction-kind.ts';

/**
 * One step of a lane whose database may be older than its signatures. A forgotten transaction may wait in some
 * mempool at any nonce that could have been in flight, so every such nonce is used up, by it or by a filler of ours;
 * when all of them are final, and every vault is scanned to there, whatever was forgotten has shown itself.
 */
export async function stepQuarantine(
  deps: LaneDeps,
  lane: Lane,
  loaded: Loaded<LaneState>,
  state: OpenedLane & { readonly quarantine: Quarantine },
  counts: NonceCounts,
  next: number,
): Promise<StepResult> {
  const { window } = state.quarantine;
  if (window === null) return openWindow(deps, lane, loaded, counts, next);
  // A reorg took away what the window began behind, and whoever signed that may have forgotten it: nothing behind the
  // gap would ever be mined.
  if (counts.latest < window.firstNonce) {
    return fillFrom(deps, lane, loaded, { firstNonce: counts.latest, lastNonce: window.lastNonce });
  }
  const { store } = deps;
  const laneId = lane.context.lane;
  const missing = await unpromisedNonces(store, laneId, window.firstNonce, window.lastNonce);
  if (missing.length > 0) {
    const filled = await fillNonces(deps, lane, loaded, missing, counts.latest);
    return { kind: 'later', delayMs: filled === missing.length ? 0 : lane.pollMs };
  }
  const open = await store.count({
    table: TRANSACTION_TABLE.name,
    where: { lane: laneId, nonce: { lte: window.lastNonce }, phase: { in: ['pending', 'mined'] } },
  });
  if (open > 0) return waiting(lane, `${String(open)} transactions are not final yet`, shortPauseMs(lane));
  // Transactions that were hidden behind a gap in the mempool until the fillers closed it.
  const isMoreSeen = counts.latest > next || counts.pending > next;
  if (isMoreSeen || !(await isClosedByFillers(deps, lane, window.lastNonce))) {
    return openWindow(deps, lane, loaded, counts, next);
  }

  const [last] = await store.find({
    table: TRANSACTION_TABLE.name,
    where: { lane: laneId, nonce: { lte: window.lastNonce } },
    orderBy: [['nonce', 'desc']],
    limit: 1,
  });
  const finalBlock = BigInt((last?.['block_number'] as number | null | undefined) ?? 0);
  const scanned = await deps.scannedTo(lane.network);
  if (scanned === null || scanned < finalBlock) {
    return waiting(lane, `vaults must be scanned to block ${String(finalBlock)}`, lane.pollMs);
  }
  return endQuarantine(deps, lane, loaded, state, finalBlock);
}

export function waiting(lane: AnyLane, message: string, delayMs: number): StepResult {
  lane.view.condition = { code: 'quarantine', message };
  return { kind: 'later', delayMs };
}

/**
 * True when the window ends in as many fillers as can have been in flight. The lowest filler that won its nonce shows
 * where the chain stood when it was signed, whatever the nodes said then; nothing forgotten lies further beyond.
 */
async function isClosedByFillers(deps: LaneDeps, lane: Lane, lastNonce: number): Promise<boolean> {
  const fillers = await deps.store.count({
    table: TRANSACTION_TABLE.name,
    where: {
      lane: lane.context.lane,
      nonce: { gt: lastNonce - lane.inFlight, lte: lastNonce },
      outcome: 'filled',
    },
  });
  return fillers === lane.inFlight;
}

/**
 * From the chain's latest: what this database signed for, which needs no filler and is watched like any other, then as
 * many nonces as can have been in flight, and all that are seen to wait.
 */
async function openWindow(
  deps: LaneDeps,
  lane: Lane,
  loaded: Loaded<LaneState>,
  counts: NonceCounts,
  next: number,
): Promise<StepResult> {
  const lastNonce = Math.max(Math.max(counts.latest, next) + lane.inFlight, counts.pending) - 1;
  return fillFrom(deps, lane, loaded, { firstNonce: counts.latest, lastNonce });
}

async function fillFrom(
  deps: LaneDeps,
  lane: Lane,
  loaded: Loaded<LaneState>,
  data: NonNullable<Quarantine['window']>,
): Promise<StepResult> {
  await commitLane(deps, loaded, [{ type: 'QuarantineFilling', data }]);
  deps.log.warn(
    { lane: lane.context.lane, ...data },
    'quarantine: using up the nonces that may be forgotten',
  );
  return { kind: 'advanced' };
}

export async function endQuarantine(
  deps: LaneDeps,
  lane: AnyLane,
  loaded: Loaded<LaneState>,
  state: OpenedLane,
  finalBlock: bigint,
): Promise<StepResult> {
  const laneId = lane.context.lane;
  for (const found of await findFound(deps.store, laneId, ['new'])) {
    if ((await settleFound(deps, lane, found)) === 'waiting') {
      return waiting(lane, `forgotten transaction ${found.hash} is not final yet`, lane.pollMs);
    }
  }
  const untagged = await findFound(deps.store, laneId, ['untagged']);
  const stops = untagged.map(({ hash }) => hash).join(', ');
  const stopped =
    untagged.length === 0
      ? []
      : decideLaneStop(state, `unknown transactions of this signer touched a vault: ${stops}`);
  const writes = untagged.flatMap((found) => foundOutcome(found, 'seen', []));
  await commitLane(
    deps,
    loaded,
    [{ type: 'QuarantineEnded', data: { block: finalBlock } }, ...stopped],
    writes,
  );
  deps.trials.pass(laneId);
  lane.view.condition = null;
  deps.log.warn({ lane: laneId, block: String(finalBlock) }, 'quarantine ended');
  if (untagged.length > 0) {
    deps.alarms.raise(
      `stopped/${laneId}`,
      { lane: laneId, hashes: stops },
      'the lane is stopped; see its reason',
    );
  }
  return { kind: 'advanced' };
}

/** Commits events of the lane alone; a conflict is left to the engine, which looks again. */
export async function commitLane(
  deps: LaneDeps,
  loaded: Loaded<LaneState>,
  events: readonly LaneEvent[],
  writes: readonly RowWrite[] = [],
): Promise<void> {
  await deps.ledger.commit({
    changes: [change(laneKind, loaded, events)],
    writes,
    metadata: { actor: 'engine' },
  });
}
