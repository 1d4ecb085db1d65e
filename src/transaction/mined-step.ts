import { finalBlock, isCanonical } from '../chain/finality.ts';
import type { PinnedRpc } from '../chain/rpc/types.ts';
import type { StepResult } from '../engine/work.ts';
import type { Loaded } from '../event-store/ledger.ts';
import { RpcFailure } from '../primitives/failures.ts';
import { stepFinal } from './final-step.ts';
import type { LaneDeps, Watch } from './runtime.ts';
import { shortPauseMs } from './runtime.ts';
import { isResendDue, send } from './send.ts';
import { decideUnmined } from './transaction-decider.ts';
import { commitTransaction, featureOf, NO_OUTCOME } from './transaction-commit.ts';
import type { MinedTransaction, TransactionState } from './transaction-state.ts';
import { forFeature, newestVariant } from './transaction-state.ts';

/** Longest pause between looks at a block that is on its way to finality. */
const LONGEST_PAUSE_MS = 30_000;

/**
 * One look at a mined transaction, until its block is final. Another block at its height takes the effect back, and
 * the same bytes go out again; a node that does not know the height says nothing.
 */
export async function stepMined(
  deps: LaneDeps,
  watch: Watch,
  loaded: Loaded<TransactionState>,
  state: MinedTransaction,
): Promise<StepResult> {
  const rpc = watch.rpc.pinned();
  const { mined } = state;
  // Finality first: were the hash read before, the block could be replaced, and its height become final, in between.
  const final = await finalBlock(rpc, watch.finality);
  const canonical = await isCanonical(rpc, mined.blockNumber, mined.blockHash);
  if (canonical === false) return unmine(deps, watch, loaded, state, rpc);
  if (canonical === null) {
    // The node lags, or the chain was rolled back and has not grown again.
    if (mined.body !== 'stranger' && isResendDue(deps, loaded.id)) await resend(deps, watch, loaded, state);
    return { kind: 'later', delayMs: watch.pollMs };
  }
  if (final === null || final.number < mined.blockNumber) {
    const ageMs = deps.time.nowMs() - (loaded.facts?.sinceMs ?? 0);
    const pauseMs = Math.max(shortPauseMs(watch), Math.min(LONGEST_PAUSE_MS, ageMs / 8));
    return { kind: 'later', delayMs: pauseMs };
  }
  return stepFinal(deps, watch, loaded, state, rpc);
}

async function resend(
  deps: LaneDeps,
  watch: Watch,
  loaded: Loaded<TransactionState>,
  state: MinedTransaction,
): Promise<void> {
  const { hash } = state.mined;
  const variant = state.variants.find((it) => it.hash === hash) ?? newestVariant(state);
  await send(deps, watch, { id: loaded.id, ...variant });
}

async function unmine(
  deps: LaneDeps,
  watch: Watch,
  loaded: Loaded<TransactionState>,
  state: MinedTransaction,
  rpc: PinnedRpc,
): Promise<StepResult> {
  const { mined } = state;
  if (await isUpheldElsewhere(watch, state, rpc)) {
    deps.log.warn(
      { transaction: loaded.id, block: String(mined.blockNumber), endpoint: rpc.origin },
      'endpoints disagree about a block; nothing is decided until they agree',
    );
    return { kind: 'later', delayMs: watch.pollMs };
  }
  const why = `block ${String(mined.blockNumber)} is no longer ${mined.blockHash}`;
  const shown = forFeature(state);
  const hadEffect = mined.body === 'operations' && mined.status === 1;
  const outcome =
    shown !== null && hadEffect ? await featureOf(deps, shown.kind).unsettle(shown, why) : NO_OUTCOME;
  await commitTransaction(deps, loaded, decideUnmined(state, why), outcome, mined.hash);
  const fields = { transaction: loaded.id, hash: mined.hash, operations: state.operations.length };
  if (hadEffect)
    deps.log.error(
      { alarm: 'effect_vanished', ...fields },
      `an effect vanished, and the same bytes are sent again: ${why}`,
    );
  else deps.log.warn(fields, `a mined transaction vanished: ${why}`);
  // What was mined once is the likeliest to be mined again, whatever was signed after it.
  if (mined.body !== 'stranger') await resend(deps, watch, loaded, state);
  return { kind: 'advanced' };
}

/** True when another endpoint still holds our block at its height: one of the two is on a fork or lags. */
async function isUpheldElsewhere(
  watch: Watch,
  { mined }: MinedTransaction,
  rpc: PinnedRpc,
): Promise<boolean> {
  const other = watch.rpc.other(rpc.endpoint);
  if (other === null) return false;
  try {
    return (await isCanonical(other, mined.blockNumber, mined.blockHash)) === true;
  } catch (error) {
    // It has no say while it does not answer.
    if (error instanceof RpcFailure) return false;
    throw error;
  }
}
