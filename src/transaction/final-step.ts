import { isExecutionRevert } from '../chain/rpc/failure-kinds.ts';
import type { Hex } from 'viem';
import type { CallRequest, PinnedRpc } from '../chain/rpc/types.ts';
import type { StepResult } from '../engine/work.ts';
import type { Loaded } from '../event-store/ledger.ts';
import { RpcFailure } from '../primitives/failures.ts';
import { canonicalReceipt } from './chain-view.ts';
import { revertText } from './revert-text.ts';
import type { LaneDeps, Watch } from './runtime.ts';
import { takeStranger } from './stranger.ts';
import { commitTransaction, featureOf, joinOutcomes, NO_OUTCOME } from './transaction-commit.ts';
import { decideFinal, outcomeOf } from './transaction-decider.ts';
import type { MinedTransaction, TransactionState } from './transaction-state.ts';
import { forFeature } from './transaction-state.ts';

/**
 * The nonce is used for ever: by what, and what becomes of the operations? The hash of the final block vouches for the
 * status that was read from it.
 */
export async function stepFinal(
  deps: LaneDeps,
  watch: Watch,
  loaded: Loaded<TransactionState>,
  state: MinedTransaction,
  rpc: PinnedRpc,
): Promise<StepResult> {
  const ending = outcomeOf(state);
  const shown = forFeature(state);
  const released =
    shown !== null && ending !== 'effect'
      ? await featureOf(deps, shown.kind).release(shown, await releaseReason(rpc, state, ending))
      : NO_OUTCOME;
  let outcome = released;
  if (ending === 'stranger') {
    const stranger = await rpc.getTransaction(state.mined.hash);
    const receipt = await canonicalReceipt(rpc, state.mined.hash);
    // What it did decides whether the lane may go on, so it is waited for.
    if (stranger === null || receipt === null) return { kind: 'later', delayMs: watch.pollMs };
    outcome = joinOutcomes(released, await takeStranger(deps, watch, state, stranger, receipt));
  }
  await commitTransaction(deps, loaded, decideFinal(state), outcome, state.mined.hash);
  deps.sentMs.delete(loaded.id);
  deps.log.info({ transaction: loaded.id, hash: state.mined.hash, outcome: ending }, 'transaction final');
  return { kind: 'advanced' };
}

async function releaseReason(
  rpc: PinnedRpc,
  state: MinedTransaction,
  ending: 'reverted' | 'filled' | 'stranger',
): Promise<{ readonly kind: 'reverted' | 'cancelled' | 'stranger'; readonly text: string }> {
  const { hash } = state.mined;
  switch (ending) {
    case 'reverted':
      return { kind: 'reverted', text: await revertReason(rpc, state.mined, sentAs(state, hash)) };
    case 'filled':
      return { kind: 'cancelled', text: `cancelled by ${hash}` };
    case 'stranger':
      return { kind: 'stranger', text: `its nonce was used by ${hash}, which this database never signed` };
    default: {
      const never: never = ending;
      return never;
    }
  }
}

function sentAs({ variants, signer }: MinedTransaction, hash: Hex): CallRequest | null {
  const variant = variants.find((it) => it.hash === hash);
  if (variant === undefined) return null;
  const { to, data, value } = variant;
  return { from: signer, to, data, value };
}

/** Why it reverted, by running it again on the state before its block; nodes may have forgotten that state. */
export async function revertReason(
  rpc: PinnedRpc,
  { hash, blockNumber }: { readonly hash: Hex; readonly blockNumber: bigint },
  sent: CallRequest | null,
): Promise<string> {
  const plain = `${hash} reverted on chain`;
  if (sent === null || blockNumber === 0n) return plain;
  try {
    await rpc.call({ ...sent, block: blockNumber - 1n });
    return `${plain}; on the block before it, it passes`;
  } catch (error) {
    if (isExecutionRevert(error)) return `${plain}: ${revertText(error)}`;
    if (error instanceof RpcFailure) return `${plain}; the node could not tell why: ${error.message}`;
    throw error;
  }
}
