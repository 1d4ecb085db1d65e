import type { Hex } from 'viem';
import type { EventStore } from '../../event-store/event-store.ts';
import type { Loaded } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import type { LaneFeature, Plan } from '../lane-feature.ts';
import type { LaneState } from '../lane-state.ts';
import { laneKind } from '../lane-state.ts';
import { readNetworkGate } from '../network-gate.ts';
import type { CallLane, LaneDeps } from '../runtime.ts';
import { readSiblings } from '../siblings.ts';
import { isOutdated, isRefusal } from '../sign-batch.ts';
import { decideRequested } from './call-decider.ts';
import { CALL_TABLE, callKind } from './call-kind.ts';
import type { CallOutcome, Requested } from './call-state.ts';
import { callForFeature, callId, externalIdOf } from './call-state.ts';

/** A call that is about to be promised. */
export interface Asked {
  readonly feature: LaneFeature;
  readonly plan: Plan;
  readonly data: Hex;
  readonly gas: bigint;
  readonly greatestCost: bigint;
}

export type CallPromised =
  | { readonly kind: 'requested' }
  /** Somebody else committed first: everything is to be looked at again. */
  | { readonly kind: 'conflict' }
  /** The custodian, a feature or the store does not take this; others may pass. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

/**
 * Promises an external id: commits the whole request with everything that belongs to it. Nothing is sent here. The
 * commit requires that the id was never promised, and that lane and network are as they were when this was decided.
 *
 * @throws DependencyDown when the custodian did not say where the contract is to be called
 */
export async function requestCall(
  deps: LaneDeps,
  lane: CallLane,
  laneLoaded: Loaded<LaneState>,
  asked: Asked,
): Promise<CallPromised> {
  const gate = await readNetworkGate(deps.ledger, lane.network);
  if (gate.stopped !== null) return { kind: 'conflict' };
  const siblings = await readSiblings(deps, lane);
  if (siblings.doubt !== null) return { kind: 'conflict' };
  const { feature, plan } = asked;
  const fields = { lane: lane.context.lane, operation: plan.operationId };
  try {
    const { id, requested } = await requestOf(deps, lane, asked);
    const loaded = await deps.ledger.load(callKind, id);
    const events = decideRequested(loaded.state, requested);
    const outcome = await feature.signed(callForFeature(requested), [plan]);
    await deps.ledger.commit({
      changes: [
        change(callKind, loaded, events),
        change(laneKind, laneLoaded, []),
        ...gate.requires,
        ...siblings.requires,
        ...outcome.changes,
      ],
      guards: outcome.guards ?? [],
      writes: outcome.writes ?? [],
      metadata: { actor: 'engine', causation: requested.externalId },
    });
    deps.log.info({ ...fields, call: id }, 'a call is promised to the custodian');
    return { kind: 'requested' };
  } catch (error) {
    if (isOutdated(error)) {
      deps.log.info({ ...fields, err: error }, 'a call was not asked for: look again');
      return { kind: 'conflict' };
    }
    if (!isRefusal(error)) throw error;
    deps.log.warn({ ...fields, err: error }, 'a call was refused before it was asked for');
    const code = error instanceof IssuanceError ? error.code : 'request_failed';
    return { kind: 'refused', code, message: error instanceof Error ? error.message : String(error) };
  }
}

async function requestOf(
  deps: LaneDeps,
  lane: CallLane,
  { feature, plan, data, gas, greatestCost }: Asked,
): Promise<{ readonly id: string; readonly requested: Requested }> {
  const { network, chainId, signer, lane: laneId } = lane.context;
  const { operationId, vault, detail, direct: to = vault } = plan;
  const last = await lastCallOf(deps.store, operationId);
  const attempt = (last?.attempt ?? 0) + 1;
  const externalId = externalIdOf(operationId, attempt);
  const request = await lane.signer.prepare({ chainId, externalId, to, data, gas });
  const requested: Requested = {
    network,
    chainId,
    signer,
    kind: feature.kind,
    vault,
    operation: { id: operationId, detail },
    attempt,
    externalId,
    to,
    data,
    gas,
    greatestCost,
    request,
  };
  return { id: callId(laneId, operationId, attempt), requested };
}

/** The last call of an operation; null before the first. */
export async function lastCallOf(
  store: Pick<EventStore, 'find'>,
  operationId: string,
): Promise<{
  readonly id: string;
  readonly attempt: number;
  readonly outcome: CallOutcome | null;
  readonly sinceMs: number;
} | null> {
  const [row] = await store.find({
    table: CALL_TABLE.name,
    where: { operation_id: operationId },
    orderBy: [['attempt', 'desc']],
    limit: 1,
  });
  if (row === undefined) return null;
  return {
    id: row['id'] as string,
    attempt: row['attempt'] as number,
    outcome: row['outcome'] as CallOutcome | null,
    sinceMs: row['since_ms'] as number,
  };
}
