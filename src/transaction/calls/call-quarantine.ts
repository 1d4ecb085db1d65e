import type { PinnedRpc } from '../../chain/rpc/types.ts';
import { finalBlock } from '../../chain/finality.ts';
import type { StepResult } from '../../engine/work.ts';
import type { RowWrite } from '../../event-store/event-store.ts';
import type { Loaded } from '../../event-store/ledger.ts';
import type { CallReport } from '../../signer/custodian.ts';
import { readTag } from '../../vault/tag.ts';
import { finalReceipt } from '../chain-view.ts';
import { recordFound } from '../found.ts';
import type { LaneState, OpenedLane, Quarantine } from '../lane-state.ts';
import { locateNonce } from '../locate.ts';
import { commitLane, endQuarantine, waiting } from '../quarantine.ts';
import type { CallLane, LaneDeps } from '../runtime.ts';
import { CALL_TABLE } from './call-kind.ts';
import { toldText } from './call-decider.ts';
import { seenCall } from './seen-calls.ts';

/** How far a doubt looks back that nobody can date. */
const LOOKBACK_MS = 7 * 24 * 3_600_000;
/** Pause between lists: they are long, and the custodian counts our requests. */
const PAUSE_MS = 10_000;

/** What a transaction at the custodian means that this database does not know. */
type Found =
  /** It never was signed, or it reverted, or another transaction used its nonce. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'effect'; readonly writes: readonly RowWrite[]; readonly blockNumber: bigint }
  | { readonly kind: 'waiting'; readonly why: string };

/**
 * One step of a lane whose database may be older than its requests. The custodian lists what the account did since:
 * whatever this database does not know must have come to its end, by a final block where it was signed; then vaults are
 * scanned to there, and only what is settled so is let go on.
 */
export async function stepCallQuarantine(
  deps: LaneDeps,
  lane: CallLane,
  loaded: Loaded<LaneState>,
  state: OpenedLane & { readonly quarantine: Quarantine },
): Promise<StepResult> {
  const begunMs = loaded.facts?.sinceMs ?? deps.time.nowMs();
  const sinceMs = state.quarantine.sinceMs ?? begunMs - LOOKBACK_MS;
  const rpc = lane.rpc.pinned();
  const final = await finalBlock(rpc, lane.finality);
  if (final === null) return waiting(lane, 'no block is final yet', lane.pollMs);
  let highest = 0n;
  for (const report of await lane.signer.list(sinceMs)) {
    if (await isKnown(deps, report)) continue;
    const found = await explain(deps, lane, report, rpc);
    if (found.kind === 'nothing') continue;
    if (found.kind === 'waiting') {
      const fields = {
        lane: lane.context.lane,
        custodian: report.custodianId,
        externalId: report.externalId,
      };
      deps.log.info({ ...fields, status: toldText(report) }, 'quarantine: a transaction is not at its end');
      return waiting(lane, found.why, PAUSE_MS);
    }
    if (found.writes.length > 0) {
      await commitLane(deps, loaded, [], found.writes);
      deps.log.warn({ lane: lane.context.lane, custodian: report.custodianId }, 'found a forgotten call');
    }
    if (found.blockNumber > highest) highest = found.blockNumber;
  }
  const scanned = await deps.scannedTo(lane.network);
  if (scanned === null || scanned < highest) {
    return waiting(lane, `vaults must be scanned to block ${String(highest)}`, lane.pollMs);
  }
  return endQuarantine(deps, lane, loaded, state, highest);
}

async function isKnown(deps: LaneDeps, { externalId }: CallReport): Promise<boolean> {
  if (externalId === null) return false;
  const where = { external_id: externalId };
  return (await deps.store.find({ table: CALL_TABLE.name, where, limit: 1 })).length > 0;
}

async function explain(deps: LaneDeps, lane: CallLane, report: CallReport, rpc: PinnedRpc): Promise<Found> {
  const { chainId, signer } = lane.context;
  const name = `${report.custodianId} (${report.externalId ?? 'without an external id'})`;
  if (!isOfLane(lane, report)) return { kind: 'nothing' };
  for (const hash of report.hashes) {
    const transaction = await rpc.getTransaction(hash);
    if (transaction === null || transaction.from !== signer) continue;
    const receipt = await finalReceipt(rpc, lane.finality, hash);
    if (receipt === null) {
      return {
        kind: 'waiting',
        why: `forgotten transaction ${hash} is not final yet, or gave way to another`,
      };
    }
    if (receipt.status === 0) return { kind: 'nothing' };
    // What is beside a vault, as receipts are, is ours by its tag.
    const isVaults = transaction.to !== null && (await deps.isWatchedVault(lane.network, transaction.to));
    const isOurs = isVaults || readTag(transaction.input) !== null;
    if (!isOurs || (await seenCall(deps, chainId, transaction)) !== null) return { kind: 'nothing' };
    const writes = await recordFound(deps.store, chainId, transaction);
    return { kind: 'effect', writes, blockNumber: receipt.blockNumber };
  }
  if (report.stage === 'refused') return { kind: 'nothing' };
  const used = report.nonce === null ? null : await finalUse(lane, report.nonce, rpc);
  // Whatever it was: if it touched a vault, the scan to there finds it.
  if (used !== null) return { kind: 'effect', writes: [], blockNumber: used };
  const words = toldText(report);
  return { kind: 'waiting', why: `${name} is ${words} at the custodian, and no block shows what came of it` };
}

/** Another chain's is left to that chain's lane, and what calls no contract cannot mint or burn. */
function isOfLane(lane: CallLane, { content }: CallReport): boolean {
  const { assetId, operation } = content;
  const isHere = assetId === undefined || lane.signer.isAssetOf(lane.chainId, assetId);
  return isHere && (operation === undefined || operation === 'CONTRACT_CALL');
}

/** The final block with whatever used the nonce; null when none is known. */
async function finalUse(lane: CallLane, nonce: number, rpc: PinnedRpc): Promise<bigint | null> {
  const { signer } = lane.context;
  if ((await rpc.getTransactionCount(signer, 'latest')) <= nonce) return null;
  const final = await finalBlock(rpc, lane.finality);
  const blockNumber = (await locateNonce(rpc, signer, nonce))?.blockNumber ?? null;
  return blockNumber !== null && final !== null && blockNumber <= final.number ? blockNumber : null;
}
