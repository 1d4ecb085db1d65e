import type { Address } from 'viem';
import { confirmedHead } from '../chain/finality.ts';
import type { PinnedRpc, TransactionReceipt } from '../chain/rpc/types.ts';
import type { StepResult } from '../engine/work.ts';
import type { Loaded, Outcome } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import { RpcFailure } from '../primitives/failures.ts';
import { canonicalReceipt } from './chain-view.ts';
import type { LaneId, SettleOutcome, SignedTransaction } from './lane-feature.ts';
import { decideVaultStop, laneKind } from './lane-state.ts';
import { locateNonce } from './locate.ts';
import { repriceIfDue } from './reprice.ts';
import type { LaneDeps, Watch } from './runtime.ts';
import { shortPauseMs } from './runtime.ts';
import { isResendDue, send } from './send.ts';
import { commitTransaction, featureOf, joinOutcomes, NO_OUTCOME } from './transaction-commit.ts';
import { decideMined } from './transaction-decider.ts';
import type { PendingTransaction, TransactionEvent, TransactionState } from './transaction-state.ts';
import { forFeature, newestVariant } from './transaction-state.ts';

/** More than ever wait for confirmations; beyond that their receipts are read once more. */
const MOST_SEEN = 10_000;

/**
 * One look at a transaction that no block is known to hold. What is not found changes nothing: the bytes are sent
 * again, at the same nonce, until some block shows which transaction used it.
 */
export async function stepPending(
  deps: LaneDeps,
  watch: Watch,
  loaded: Loaded<TransactionState>,
  state: PendingTransaction,
): Promise<StepResult> {
  const rpc = watch.rpc.pinned();
  // All that wait ask the same at the same time. Whatever is found is read by itself.
  const shared = deps.sharedReads.of(watch.network, rpc);
  const count = await shared.getTransactionCount(state.signer, 'latest');
  if (count > state.nonce) return lookForUse(deps, watch, loaded, state, { rpc, shared });
  if (isResendDue(deps, loaded.id)) await send(deps, watch, { id: loaded.id, ...newestVariant(state) });
  // Only the lowest nonce can be mined, so only its price can be too low.
  if (count === state.nonce) await repriceIfDue(deps, watch, loaded, state, rpc);
  return { kind: 'later', delayMs: shortPauseMs(watch) };
}

/** The nonce is used: by which transaction? Block, receipt and depth come from one endpoint. */
async function lookForUse(
  deps: LaneDeps,
  watch: Watch,
  loaded: Loaded<TransactionState>,
  state: PendingTransaction,
  { rpc, shared }: { readonly rpc: PinnedRpc; readonly shared: PinnedRpc },
): Promise<StepResult> {
  const later: StepResult = { kind: 'later', delayMs: shortPauseMs(watch) };
  const seenIn = deps.seenIn.get(loaded.id);
  // A receipt is large, and is not needed before its block has its confirmations.
  if (seenIn !== undefined && (await shared.blockNumber()) < seenIn + BigInt(watch.confirmations))
    return later;
  const confirmed = await confirmedHead(shared, watch.confirmations);
  if (confirmed === null) return { kind: 'later', delayMs: watch.pollMs };
  const receipt = await useOf(deps, loaded.id, state, rpc);
  if (receipt === null) return later;
  if (receipt.blockNumber > confirmed.number) {
    if (deps.seenIn.size >= MOST_SEEN) deps.seenIn.clear();
    deps.seenIn.set(loaded.id, receipt.blockNumber);
    return later;
  }
  const { transactionHash: hash, status, blockNumber, blockHash } = receipt;
  deps.seenIn.delete(loaded.id);
  const mined = decideMined(state, { hash, status, blockNumber, blockHash });
  await commitMined(deps, watch, loaded, state, mined, { receipt, rpc });
  return { kind: 'advanced' };
}

/** The receipt of whichever transaction used the nonce; null when the endpoint does not show it, with an alarm. */
async function useOf(
  deps: LaneDeps,
  id: string,
  state: PendingTransaction,
  rpc: PinnedRpc,
): Promise<TransactionReceipt | null> {
  const alarm = `nonce_user_unknown/${id}` as const;
  for (const { hash } of state.variants.toReversed()) {
    const receipt = await canonicalReceipt(rpc, hash);
    if (receipt === null) continue;
    deps.alarms.clear(alarm);
    return receipt;
  }
  const fields = { transaction: id, nonce: state.nonce, endpoint: rpc.origin };
  try {
    const user = await locateNonce(rpc, state.signer, state.nonce);
    const receipt = user === null ? null : await canonicalReceipt(rpc, user.hash);
    if (receipt !== null) {
      deps.alarms.clear(alarm);
      return receipt;
    }
    // A node that shows the block before the receipt will show both in a moment.
    if (user !== null) return null;
  } catch (error) {
    if (!(error instanceof RpcFailure) || error.kind !== 'answered') throw error;
    const message = 'the node cannot tell which transaction used the nonce; nothing is decided without it';
    deps.alarms.raise(alarm, { ...fields, error: error.message }, message);
    return null;
  }
  deps.alarms.raise(
    alarm,
    fields,
    'the nonce is used, and no block shows by which transaction; nothing is decided without it',
  );
  return null;
}

async function commitMined(
  deps: LaneDeps,
  watch: Watch,
  loaded: Loaded<TransactionState>,
  state: PendingTransaction,
  mined: Extract<TransactionEvent, { readonly type: 'TransactionMined' }>,
  shownBy: { readonly receipt: TransactionReceipt; readonly rpc: PinnedRpc },
): Promise<void> {
  const { hash, body, status } = mined.data;
  const shown = forFeature(state);
  const hasEffect = shown !== null && body === 'operations' && status === 1;
  const outcome = hasEffect ? await settleOrStop(deps, watch, shown, shownBy) : NO_OUTCOME;
  await commitTransaction(deps, loaded, [mined], outcome, hash);
  if (body === 'operations' && state.kind !== null)
    deps.meter.used(watch.network, state.kind, shownBy.receipt.gasUsed);
  const fields = { transaction: loaded.id, hash, body, status };
  deps.log.info(fields, 'transaction mined');
}

/** What a confirmed receipt of ours means: settled as planned, or held with the vault stopped. */
export async function settleOrStop(
  deps: LaneDeps,
  watch: Pick<Watch, 'rpc'>,
  shown: SignedTransaction & { readonly kind: string },
  shownBy: { readonly receipt: TransactionReceipt; readonly rpc: PinnedRpc },
): Promise<Outcome> {
  const settled = await settleByAny(deps, watch, shown, shownBy);
  if (settled.kind === 'settled') return settled;
  return joinOutcomes(settled, await stopVault(deps, shown.lane.lane, shown.vault, settled.why));
}

/**
 * Settles by the receipt at hand. Logs other than planned stop a vault, so another endpoint is asked first, if there is
 * one: a node may show a receipt before its logs, or lie. What it shows of the same block counts as much.
 */
async function settleByAny(
  deps: LaneDeps,
  watch: Pick<Watch, 'rpc'>,
  shown: SignedTransaction & { readonly kind: string },
  { receipt, rpc }: { readonly receipt: TransactionReceipt; readonly rpc: PinnedRpc },
): Promise<SettleOutcome> {
  const feature = featureOf(deps, shown.kind);
  const settled = await feature.settle(shown, receipt);
  const other = watch.rpc.other(rpc.endpoint);
  if (settled.kind === 'settled' || other === null) return settled;
  const again = await otherReceipt(other, receipt);
  if (again === null) return settled;
  const settledAgain = await feature.settle(shown, again);
  if (settledAgain.kind === 'settled') {
    deps.log.warn(
      { transaction: shown.id, endpoint: rpc.origin, other: other.origin },
      'endpoints disagree about the logs of a transaction; the one that shows what was planned is believed',
    );
    return settledAgain;
  }
  return settled;
}

/** The other endpoint's receipt of the same block and status; null when it has none, or does not answer. */
async function otherReceipt(
  other: PinnedRpc,
  { transactionHash, blockHash, status }: TransactionReceipt,
): Promise<TransactionReceipt | null> {
  try {
    const found = await canonicalReceipt(other, transactionHash);
    return found?.blockHash === blockHash && found.status === status ? found : null;
  } catch (error) {
    if (error instanceof RpcFailure) return null;
    throw error;
  }
}

/** A vault that does something else than planned is not signed for any more until an operator resumes it. */
async function stopVault(deps: LaneDeps, lane: LaneId, vault: Address | null, why: string): Promise<Outcome> {
  if (vault === null) return NO_OUTCOME;
  const loaded = await deps.ledger.load(laneKind, lane);
  const message = `the vault did something else than planned and is not signed for any more: ${why}`;
  deps.alarms.raise(`vault_stopped/${lane}/${vault}`, { lane, vault }, message);
  return { changes: [change(laneKind, loaded, decideVaultStop(loaded.state, vault, why))] };
}
