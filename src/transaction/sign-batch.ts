import type { Fees } from '../chain/fees.ts';
import { change } from '../event-store/ledger.ts';
import type { Loaded } from '../event-store/ledger.ts';
import type { LaneState } from './lane-state.ts';
import { laneKind } from './lane-state.ts';
import type { Planned } from './plan-ready.ts';
import { isConflict } from './plan-ready.ts';
import type { LaneFeature } from './lane-feature.ts';
import type { Lane, LaneDeps } from './runtime.ts';
import { send } from './send.ts';
import { signVariant } from './sign-variant.ts';
import type { Content } from './sign-variant.ts';
import { decideSigned } from './transaction-decider.ts';
import { transactionKind } from './transaction-kind.ts';
import type { Signed } from './transaction-state.ts';
import { evolveTransaction, forFeature, transactionId } from './transaction-state.ts';

/** What a new nonce is for. */
export interface Assignment {
  readonly nonce: number;
  readonly content: Content;
  readonly fees: Fees;
  /** Null for a filler. */
  readonly batch: { readonly feature: LaneFeature; readonly entries: readonly Planned[] } | null;
}

/**
 * Promises a nonce: signs, commits the signed bytes with everything that belongs to them, and only then sends. The
 * commit requires that the nonce was never promised and that the lane is as it was when this was decided.
 *
 * @returns false when somebody else committed first; then nothing was sent, and everything is to be looked at again
 */
export async function promiseNonce(
  deps: LaneDeps,
  lane: Lane,
  laneLoaded: Loaded<LaneState>,
  { nonce, content, fees, batch }: Assignment,
): Promise<boolean> {
  const id = transactionId(lane.context.lane, nonce);
  const loaded = await deps.ledger.load(transactionKind, id);
  if (loaded.version !== 0) return false;
  const variant = await signVariant(lane, nonce, content, fees);
  const { network, chainId, signer } = lane.context;
  const signed: Signed = {
    network,
    chainId,
    signer,
    nonce,
    purpose: content.body,
    kind: batch?.feature.kind ?? null,
    vault: batch === null ? null : content.to,
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
  try {
    await deps.ledger.commit({
      changes: [
        change(transactionKind, loaded, events),
        change(laneKind, laneLoaded, []),
        ...outcome.changes,
      ],
      guards: outcome.guards ?? [],
      writes: outcome.writes ?? [],
      metadata: { actor: 'engine', causation: variant.hash },
    });
  } catch (error) {
    if (!isConflict(error)) throw error;
    deps.log.info({ lane: lane.context.lane, nonce, error }, 'a transaction was not signed: look again');
    return false;
  }
  const fields = { transaction: id, hash: variant.hash, operations: signed.operations.length };
  deps.log.info(fields, 'transaction signed');
  await send(deps, lane, { id, ...variant });
  return true;
}
