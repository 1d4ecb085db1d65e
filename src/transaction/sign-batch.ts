import type { Fees } from '../chain/fees.ts';
import { DependencyDown } from '../engine/dependency-down.ts';
import {
  FencedOut,
  GuardConflict,
  OutcomeUnknown,
  RebuildNeeded,
  StoreClosed,
  VersionConflict,
} from '../event-store/errors.ts';
import { change } from '../event-store/ledger.ts';
import type { Change, Loaded } from '../event-store/ledger.ts';
import { HttpFailure, IssuanceError, RpcFailure } from '../primitives/failures.ts';
import { SigningPending } from '../signer/signer.ts';
import type { LaneState } from './lane-state.ts';
import { laneKind } from './lane-state.ts';
import { readNetworkGate } from './network-gate.ts';
import { PlanOutdated } from './plan-outdated.ts';
import type { Planned } from './plan-ready.ts';
import type { LaneFeature } from './lane-feature.ts';
import type { Lane, LaneCondition, LaneDeps } from './runtime.ts';
import { markSent, send } from './send.ts';
import { readSiblings } from './siblings.ts';
import { signVariant } from './sign-variant.ts';
import type { Content } from './sign-variant.ts';
import { decideSigned } from './transaction-decider.ts';
import { transactionKind } from './transaction-kind.ts';
import type { Signed, Variant } from './transaction-state.ts';
import { evolveTransaction, forFeature, transactionId } from './transaction-state.ts';

/** What a new nonce is for. */
export interface Assignment {
  readonly nonce: number;
  readonly content: Content;
  readonly fees: Fees;
  /** Null for a filler. */
  readonly batch: { readonly feature: LaneFeature; readonly entries: readonly Planned[] } | null;
}

/** What kept bytes from being sent that are committed: no node's answer, but a fault of this program or its ports. */
export interface SendFailure {
  readonly error: unknown;
}

/** Resolves when nodes were told of a transaction, or with why they were not; it never rejects. */
export type Sending = Promise<SendFailure | null>;

/** What came of promising a nonce. In all cases but the first, nothing was sent. */
export type Promised =
  | { readonly kind: 'signed'; readonly sent: Sending }
  /** Somebody else committed first: everything is to be looked at again. */
  | { readonly kind: 'conflict' }
  /** Whoever holds the key has not decided: the same is to be asked again. */
  | { readonly kind: 'pending'; readonly message: string }
  /** The signer, a feature or the store does not take this content; others may pass. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

/** What a lane, and the operations that wait, show while whoever holds the key has not decided. */
export function signingPending(message: string): LaneCondition {
  return { code: 'signing_pending', message };
}

/**
 * Promises a nonce: signs, commits the signed bytes with everything that belongs to them, and only then sends. The
 * commit requires that the nonce was never promised, that the lane is as it was when this was decided, and that its
 * network is not stopped. It is sent when `sending` has resolved, which is what goes before it, and not at all where
 * that failed: its own watch then sends it.
 */
export async function promiseNonce(
  deps: LaneDeps,
  lane: Lane,
  laneLoaded: Loaded<LaneState>,
  assignment: Assignment,
  sending: Sending = Promise.resolve(null),
): Promise<Promised> {
  const gate = await readNetworkGate(deps.ledger, lane.network);
  if (gate.stopped !== null) return { kind: 'conflict' };
  const siblings = await readSiblings(deps, lane);
  // A filler does nothing that another signer may have done.
  if (siblings.doubt !== null && assignment.batch !== null) return { kind: 'conflict' };
  let committed: { readonly id: string; readonly variant: Variant };
  try {
    committed = await signAndCommit(
      deps,
      lane,
      [change(laneKind, laneLoaded, []), ...gate.requires, ...siblings.requires],
      assignment,
    );
  } catch (error) {
    const fields = { lane: lane.context.lane, nonce: assignment.nonce };
    if (isOutdated(error)) {
      deps.log.info({ ...fields, err: error }, 'a transaction was not signed: look again');
      return { kind: 'conflict' };
    }
    if (error instanceof SigningPending) {
      deps.log.info({ ...fields, ...error.details }, 'the signer has not decided yet');
      return { kind: 'pending', message: error.message };
    }
    if (!isRefusal(error)) throw error;
    deps.log.warn({ ...fields, err: error }, 'a transaction was refused before it was sent');
    const code = error instanceof IssuanceError ? error.code : 'sign_failed';
    return { kind: 'refused', code, message: error instanceof Error ? error.message : String(error) };
  }
  const { id, variant } = committed;
  const operations = assignment.batch?.entries.length ?? 0;
  deps.log.info({ transaction: id, hash: variant.hash, operations }, 'transaction signed');
  markSent(deps, id);
  return { kind: 'signed', sent: sendAfter(deps, lane, { id, ...variant }, sending) };
}

/** Nobody waits for it while the next batch is signed: a failure is told here, and kept for whoever waits then. */
async function sendAfter(
  deps: LaneDeps,
  lane: Lane,
  transaction: Parameters<typeof send>[2],
  sending: Sending,
): Sending {
  const { lane: laneId } = lane.context;
  const alarm = `send_failed/${laneId}` as const;
  const before = await sending;
  if (before !== null) {
    deps.sentMs.delete(transaction.id);
    return before;
  }
  try {
    await send(deps, lane, transaction);
    deps.alarms.clear(alarm);
    return null;
  } catch (error) {
    // Whoever looks at the transaction next sends it: nothing of it is lost, since its bytes are committed.
    deps.sentMs.delete(transaction.id);
    const message = error instanceof Error ? error.message : String(error);
    lane.view.condition = { code: 'send_failed', message };
    const fields = { lane: laneId, transaction: transaction.id, hash: transaction.hash, err: error };
    deps.alarms.raise(alarm, fields, `a signed transaction could not be sent: ${message}`);
    return { error };
  }
}

/** What this was decided on has changed since. */
export function isOutdated(error: unknown): boolean {
  return error instanceof VersionConflict || error instanceof GuardConflict || error instanceof PlanOutdated;
}

/** False for an outage, and for a store that failed: those are not about this transaction. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof DependencyDown || error instanceof HttpFailure) return false;
  if (error instanceof RpcFailure && error.kind === 'unreachable') return false;
  return !(
    error instanceof StoreClosed ||
    error instanceof OutcomeUnknown ||
    error instanceof FencedOut ||
    error instanceof RebuildNeeded
  );
}

async function signAndCommit(
  deps: LaneDeps,
  lane: Lane,
  required: readonly Change[],
  { nonce, content, fees, batch }: Assignment,
): Promise<{ readonly id: string; readonly variant: Variant }> {
  const id = transactionId(lane.context.lane, nonce);
  const loaded = await deps.ledger.load(transactionKind, id);
  if (loaded.version !== 0) throw new VersionConflict(`transaction/${id}`, 0, loaded.version);
  const operationIds = batch?.entries.map(({ plan }) => plan.operationId) ?? [];
  const signing = { nonce, ordinal: 0, content, fees, operationIds };
  const { variant, writes } = await signVariant(deps, lane, signing);
  const { network, chainId, signer } = lane.context;
  const signed: Signed = {
    network,
    chainId,
    signer,
    nonce,
    purpose: content.body,
    kind: batch?.feature.kind ?? null,
    vault: batch?.entries[0]?.plan.vault ?? null,
    operations: batch?.entries.map(({ plan }) => ({ id: plan.operationId, detail: plan.detail })) ?? [],
  };
  const events = decideSigned(loaded.state, signed, variant);
  const state = events.reduce(evolveTransaction, loaded.state);
  const shown = state.phase === 'none' ? null : forFeature(state);
  const outcome =
    batch === null || shown === null
      ? { changes: [] }
      : await batch.feature.signed(
          shown,
          batch.entries.map(({ plan }) => plan),
        );
  await deps.ledger.commit({
    changes: [change(transactionKind, loaded, events), ...required, ...outcome.changes],
    guards: outcome.guards ?? [],
    writes: [...(outcome.writes ?? []), ...writes],
    metadata: { actor: 'engine', causation: variant.hash },
  });
  return { id, variant };
}
