import type { Hex } from 'viem';
import { finalBlock, isCanonical } from '../chain/finality.ts';
import type { PinnedRpc } from '../chain/rpc/types.ts';
import type { StepResult } from '../engine/work.ts';
import type { Loaded } from '../event-store/ledger.ts';
import { RpcFailure, unreachable } from '../primitives/failures.ts';
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
  const depth = await depthOf(deps, watch, loaded.id, mined, rpc);
  switch (depth) {
    case 'gone':
      return unmine(deps, watch, loaded, state);
    case 'doubtful':
      return { kind: 'later', delayMs: watch.pollMs };
    case 'unknown':
      if (mined.body !== 'stranger' && isResendDue(deps, loaded.id)) await resend(deps, watch, loaded, state);
      return { kind: 'later', delayMs: watch.pollMs };
    case 'mined':
      return { kind: 'later', delayMs: pauseToFinality(deps, watch, loaded.facts?.sinceMs ?? 0) };
    case 'final':
      return stepFinal(deps, watch, loaded, state, rpc);
    default:
      return unreachable(depth);
  }
}

/**
 * How a block that held a transaction stands now. `gone`: another one stands at its height, and no endpoint says
 * otherwise; `doubtful`: one does; `unknown`: the node lags, or the chain was rolled back and has not grown again.
 */
export async function depthOf(
  deps: LaneDeps,
  watch: Pick<Watch, 'rpc' | 'finality'>,
  id: string,
  mined: Block,
  rpc: PinnedRpc,
): Promise<'gone' | 'doubtful' | 'unknown' | 'mined' | 'final'> {
  // Finality first: were the hash read before, the block could be replaced, and its height become final, in between.
  const final = await finalBlock(rpc, watch.finality);
  const canonical = await isCanonical(rpc, mined.blockNumber, mined.blockHash);
  if (canonical === null) return 'unknown';
  if (canonical) return final === null || final.number < mined.blockNumber ? 'mined' : 'final';
  if (!(await isUpheldElsewhere(watch, mined, rpc))) return 'gone';
  deps.log.warn(
    { transaction: id, block: String(mined.blockNumber), endpoint: rpc.origin },
    'endpoints disagree about a block; nothing is decided until they agree',
  );
  return 'doubtful';
}

type Block = { readonly blockNumber: bigint; readonly blockHash: Hex };

/** Ms until a block that is on its way to finality is looked at again. */
export function pauseToFinality(deps: LaneDeps, watch: Pick<Watch, 'pollMs'>, sinceMs: number): number {
  return Math.max(shortPauseMs(watch), Math.min(LONGEST_PAUSE_MS, (deps.time.nowMs() - sinceMs) / 8));
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
): Promise<StepResult> {
  const { mined } = state;
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
async function isUpheldElsewhere(watch: Pick<Watch, 'rpc'>, mined: Block, rpc: PinnedRpc): Promise<boolean> {
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
