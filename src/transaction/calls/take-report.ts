import type { Hex } from 'viem';
import type { StepResult } from '../../engine/work.ts';
import type { Loaded } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { CallReport } from '../../signer/custodian.ts';
import { decideQuarantine, laneKind } from '../lane-state.ts';
import type { CallLane, LaneDeps } from '../runtime.ts';
import { featureOf, joinOutcomes, NO_OUTCOME } from '../transaction-commit.ts';
import { TRANSACTION_HASH_TABLE } from '../transaction-kind.ts';
import { decideDisplaced, decideHeld, decideReported, toldText } from './call-decider.ts';
import type { CallState, OpenCall } from './call-state.ts';
import { callForFeature } from './call-state.ts';
import { commitCall } from './commit-call.ts';

const ADVANCED: StepResult = { kind: 'advanced' };

/**
 * Takes what the custodian has under a call's external id. Null when it says nothing new. Nothing counts as done here:
 * only a block shows that.
 */
export async function takeReport(
  deps: LaneDeps,
  lane: CallLane,
  loaded: Loaded<CallState>,
  state: OpenCall,
  report: CallReport,
): Promise<StepResult | null> {
  const wrong = lane.signer.differences(state.request, report);
  if (wrong.length > 0) return takeOther(deps, lane, loaded, state, { report, wrong });
  const hashes = await ownHashes(deps, loaded.id, state, report.hashes);
  const events = decideReported(state, { ...report, hashes });
  if (events.length === 0) return null;
  await commitCall(deps, loaded, events, NO_OUTCOME, report.custodianId);
  const { status, subStatus } = report;
  deps.log.info(
    { call: loaded.id, custodian: report.custodianId, status, subStatus, hashes },
    'call reported',
  );
  return ADVANCED;
}

/**
 * Something else than we asked for is under the id. Ours can never be taken then: the id is used, as a nonce would be.
 * But the custodian's word alone frees the operation only where nothing of ours was ever taken, and what is there is
 * the filler that we sent, or ended before it was signed. Else this database may be older than its requests, or the
 * request was altered on its way: a person and the chain decide.
 */
async function takeOther(
  deps: LaneDeps,
  lane: CallLane,
  loaded: Loaded<CallState>,
  state: OpenCall,
  { report, wrong }: { readonly report: CallReport; readonly wrong: readonly string[] },
): Promise<StepResult | null> {
  const isUntaken = (state.phase === 'requested' || state.phase === 'refused') && state.hashes.length === 0;
  const isFiller = state.filler !== null && lane.signer.differences(state.filler, report).length === 0;
  if (isUntaken && (isFiller || report.stage === 'refused')) {
    return displace(
      deps,
      loaded,
      state,
      `its external id ${state.externalId} is used up: ${toldText(report)}`,
    );
  }
  const why =
    `the custodian has something else under ${state.externalId} (${report.custodianId} differs in ` +
    `${wrong.join(', ')}; it is ${toldText(report)})`;
  deps.alarms.raise(
    `call_differs/${loaded.id}`,
    { call: loaded.id, custodian: report.custodianId, differs: wrong.join(', ') },
    why,
  );
  if (state.phase === 'held') return null;
  const { id, changes } = await quarantineFor(deps, lane, why);
  const reported = { ...report, hashes: [] };
  const shown = callForFeature(state);
  const held = await featureOf(deps, shown.kind).hold(shown, why);
  const events = [...decideReported(state, reported), { type: 'CallHeld', data: { why } } as const];
  await commitCall(deps, loaded, events, joinOutcomes(held, { changes }), report.custodianId);
  deps.log.error(
    { alarm: 'quarantine_started', call: loaded.id, lane: id },
    'a call is held, and its lane is in quarantine',
  );
  return ADVANCED;
}

/** Frees the operation: what was promised to it is used up by something else, for ever. */
export async function displace(
  deps: LaneDeps,
  loaded: Loaded<CallState>,
  state: OpenCall,
  text: string,
): Promise<StepResult> {
  const shown = callForFeature(state);
  const released = await featureOf(deps, shown.kind).release(shown, { kind: 'cancelled', text });
  await commitCall(deps, loaded, decideDisplaced(state, text), released, state.externalId);
  for (const alarm of ['call_unclear', 'call_refused', 'call_differs', 'operation_held'] as const) {
    deps.alarms.clear(`${alarm}/${loaded.id}`);
  }
  deps.log.warn({ call: loaded.id }, `a call ended without effect: ${text}`);
  return ADVANCED;
}

/** It ended after it may have been signed, and no hash is known: absence frees nothing. */
export async function holdCall(
  deps: LaneDeps,
  loaded: Loaded<CallState>,
  state: OpenCall,
  why: string,
): Promise<StepResult> {
  const shown = callForFeature(state);
  const held = await featureOf(deps, shown.kind).hold(shown, why);
  await commitCall(deps, loaded, decideHeld(state, why), held, state.externalId);
  deps.alarms.raise(`operation_held/${loaded.id}`, { call: loaded.id, operation: state.operation.id }, why);
  return ADVANCED;
}

async function quarantineFor(deps: LaneDeps, lane: CallLane, why: string) {
  const loaded = await deps.ledger.load(laneKind, lane.context.lane);
  return { id: loaded.id, changes: [change(laneKind, loaded, decideQuarantine(loaded.state, why))] };
}

/** A hash that is another transaction's is not this one's, whatever is said of it. */
async function ownHashes(
  deps: LaneDeps,
  id: string,
  state: OpenCall,
  hashes: readonly Hex[],
): Promise<readonly Hex[]> {
  const fresh = hashes.filter((it) => !state.hashes.includes(it));
  if (fresh.length === 0) return hashes;
  const rows = await deps.store.find({
    table: TRANSACTION_HASH_TABLE.name,
    where: { chain_id: state.chainId, hash: { in: fresh } },
    limit: fresh.length,
  });
  const taken = new Set(rows.filter((row) => row['transaction_id'] !== id).map((row) => row['hash'] as Hex));
  if (taken.size === 0) return hashes;
  const message = 'the custodian names a hash for a call that is another transaction’s; it is not believed';
  deps.alarms.raise(`call_unclear/${id}/hash`, { call: id, hashes: [...taken].join(', ') }, message);
  return hashes.filter((it) => !taken.has(it));
}
