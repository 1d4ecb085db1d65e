import type { Fees } from '../chain/fees.ts';
import { bumpFees } from '../chain/fees.ts';
import type { PinnedRpc } from '../chain/rpc/types.ts';
import type { Loaded } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import type { Metadata } from '../event-store/event-store.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { SigningPending } from '../signer/signer.ts';
import { canPay, readMeans } from './means.ts';
import type { Lane, LaneDeps, Watch } from './runtime.ts';
import { send } from './send.ts';
import type { Content, Signing } from './sign-variant.ts';
import { fillContent, signVariant } from './sign-variant.ts';
import { decideVariant } from './transaction-decider.ts';
import { transactionKind } from './transaction-kind.ts';
import type { PendingTransaction, TransactionState } from './transaction-state.ts';
import { costOf, newestVariant } from './transaction-state.ts';

/** Signs the same content again with higher fees when the newest bytes have waited too long. Never another nonce. */
export async function repriceIfDue(
  deps: LaneDeps,
  watch: Watch,
  loaded: Loaded<TransactionState>,
  state: PendingTransaction,
  rpc: PinnedRpc,
): Promise<void> {
  const sinceMs = loaded.facts?.updatedMs ?? 0;
  if (deps.time.nowMs() - sinceMs < watch.repriceAfterMs) return;
  const { lane } = watch;
  if (lane === null) {
    const fields = { transaction: loaded.id, signer: state.signer };
    const message =
      'the transaction waits too long, and its signer is not configured, so it cannot be raised';
    deps.alarms.raise(`signer_gone/${loaded.id}`, fields, message);
    return;
  }
  const { body, to, data, value, gas } = newestVariant(state);
  // Operations that were cancelled: getting rid of them may cost more than getting them done.
  const ceiling = body === 'fill' && state.purpose === 'operations' ? null : lane.maxFeeWei;
  await replace(deps, lane, loaded, state, {
    rpc,
    content: { body, to, data, value, gas },
    ceiling,
    why: 'reprice',
    metadata: { actor: 'engine', correlation: loaded.id },
  });
}

/**
 * Signs a self-transfer of nothing at the nonce of a waiting transaction. Either may still be mined; the operations
 * are free only when a final block holds one of them.
 *
 * @throws IssuanceError `transaction_not_pending`, `insufficient_funds`, `signing_pending`
 */
export async function cancelTransaction(
  deps: LaneDeps,
  lane: Lane,
  loaded: Loaded<TransactionState>,
  metadata: Metadata,
): Promise<void> {
  const { state } = loaded;
  if (state.phase !== 'pending') {
    throw new IssuanceError(
      'transaction_not_pending',
      `transaction ${loaded.id} is ${state.phase}: only one that waits for a block can be cancelled`,
    );
  }
  if (newestVariant(state).body === 'fill') return;
  const rpc = lane.rpc.pinned();
  const content = await fillContent(lane, rpc);
  const result = await replace(deps, lane, loaded, state, {
    rpc,
    content,
    ceiling: null,
    why: 'cancel',
    metadata,
  });
  if (result === 'pending') {
    throw new IssuanceError(
      'signing_pending',
      `whoever holds the key has not signed the cancellation of ${loaded.id} yet: ask again, the same is asked`,
    );
  }
  if (result === 'unpaid') {
    throw new IssuanceError(
      'insufficient_funds',
      `cancelling ${loaded.id} costs more than the balance of ${lane.context.signer} covers: send funds to it`,
    );
  }
}

/** Commits other bytes for the nonce, then sends them. `unpaid` when the ceiling or the balance forbids it. */
async function replace(
  deps: LaneDeps,
  lane: Lane,
  loaded: Loaded<TransactionState>,
  state: PendingTransaction,
  how: {
    readonly rpc: PinnedRpc;
    readonly content: Content;
    readonly ceiling: bigint | null;
    readonly why: 'reprice' | 'cancel';
    readonly metadata: Metadata;
  },
): Promise<'signed' | 'unpaid' | 'pending'> {
  const latest = await how.rpc.getTransactionCount(state.signer, 'latest');
  const means = await readMeans(deps, lane, latest, state.nonce);
  const bumped = bumpFees(highestFees(state), means.market, how.ceiling);
  const alarm = `reprice_ceiling/${loaded.id}` as const;
  if (bumped.capped) {
    const fields = { transaction: loaded.id, network: lane.network };
    deps.alarms.raise(alarm, fields, 'the transaction waits, and raising its fees would pass the ceiling');
    return 'unpaid';
  }
  deps.alarms.clear(alarm);
  if (!canPay(deps, lane, means, costOf({ ...how.content, ...bumped.fees }), loaded.id)) return 'unpaid';
  const signed = await signOrWait(deps, lane, {
    nonce: state.nonce,
    ordinal: state.variants.length,
    content: how.content,
    fees: bumped.fees,
    operationIds: state.operations.map(({ id }) => id),
  });
  if (signed === null) return 'pending';
  const { variant, writes } = signed;
  await deps.ledger.commit({
    changes: [change(transactionKind, loaded, decideVariant(state, variant, how.why))],
    writes,
    metadata: { ...how.metadata, causation: variant.hash },
  });
  const fields = { transaction: loaded.id, hash: variant.hash, why: how.why };
  deps.log.info(fields, 'transaction signed again at its nonce');
  await send(deps, lane, { id: loaded.id, ...variant });
  return 'signed';
}

/** Null while whoever holds the key has not decided; the lane shows it, and the same is asked at the next look. */
async function signOrWait(
  deps: LaneDeps,
  lane: Lane,
  signing: Signing,
): Promise<Awaited<ReturnType<typeof signVariant>> | null> {
  try {
    return await signVariant(deps, lane, signing);
  } catch (error) {
    if (!(error instanceof SigningPending)) throw error;
    lane.view.condition = { code: error.code, message: error.message };
    return null;
  }
}

/** Nodes compare a replacement with whichever variant they hold. */
function highestFees({ variants }: PendingTransaction): Fees {
  const greatest = (of: (variant: Fees) => bigint) =>
    variants.map(of).reduce((most, fee) => (fee > most ? fee : most), 0n);
  return {
    maxFeePerGas: greatest((it) => it.maxFeePerGas),
    maxPriorityFeePerGas: greatest((it) => it.maxPriorityFeePerGas),
  };
}
