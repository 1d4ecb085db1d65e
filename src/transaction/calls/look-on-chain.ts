import type { Hex } from 'viem';
import { confirmedHead, finalBlock } from '../../chain/finality.ts';
import type { PinnedRpc, RpcTransaction, TransactionReceipt } from '../../chain/rpc/types.ts';
import type { StepResult } from '../../engine/work.ts';
import type { Loaded } from '../../event-store/ledger.ts';
import { canonicalReceipt } from '../chain-view.ts';
import { locateNonce } from '../locate.ts';
import { settleOrStop } from '../pending-step.ts';
import type { CallWatch, LaneDeps } from '../runtime.ts';
import { shortPauseMs } from '../runtime.ts';
import { NO_OUTCOME } from '../transaction-commit.ts';
import { decideMined, decideSeen } from './call-decider.ts';
import type { CallState, KnownCall, OpenCall } from './call-state.ts';
import { callForFeature } from './call-state.ts';
import { commitCall } from './commit-call.ts';
import { displace } from './take-report.ts';

/** True for a transaction that does exactly what was asked for, whoever names it. */
export function isCallOf(
  call: Pick<KnownCall, 'signer' | 'to' | 'data'>,
  { from, to, input, value }: RpcTransaction,
): boolean {
  return from === call.signer && to === call.to && input === call.data && value === 0n;
}

/**
 * Looks for a call in blocks, by every hash that was ever named for it, and by its nonce where that is known.
 * Null when the chain says nothing that decides anything.
 */
export async function lookOnChain(
  deps: LaneDeps,
  watch: CallWatch,
  loaded: Loaded<CallState>,
  state: OpenCall,
  rpc: PinnedRpc,
): Promise<StepResult | null> {
  for (const hash of state.hashes.toReversed()) {
    const receipt = await canonicalReceipt(rpc, hash);
    if (receipt === null) continue;
    const own = await ownTransaction(deps, loaded.id, state, hash, rpc);
    if (own === null) continue;
    const confirmed = await confirmedHead(rpc, watch.confirmations);
    if (confirmed === null || receipt.blockNumber > confirmed.number) {
      return { kind: 'later', delayMs: shortPauseMs(watch) };
    }
    return mine(deps, watch, loaded, state, { receipt, rpc, nonce: own.nonce });
  }
  const nonce = state.nonce ?? (await learnNonce(deps, loaded, state, rpc));
  if (nonce === 'advanced') return { kind: 'advanced' };
  // Where no node showed its nonce, the custodian's word says where to look, once it ended there.
  const used = nonce ?? (isEndedThere(state) ? (state.told?.nonce ?? null) : null);
  return used === null ? null : lookForUse(deps, watch, loaded, state, used, rpc);
}

/** The custodian does nothing more for it, and does not say that it is done. */
function isEndedThere({ told }: OpenCall): boolean {
  return told?.stage === 'failed' || told?.stage === 'refused';
}

/** The transaction of a hash that the custodian named; null where it does something else than was asked for. */
async function ownTransaction(
  deps: LaneDeps,
  id: string,
  state: OpenCall,
  hash: Hex,
  rpc: PinnedRpc,
): Promise<RpcTransaction | null> {
  const transaction = await rpc.getTransaction(hash);
  // A node that shows the receipt before the transaction will show both in a moment.
  if (transaction === null || isCallOf(state, transaction)) return transaction;
  const message = 'the custodian names a transaction for a call that does something else; it does not count';
  deps.alarms.raise(`call_unclear/${id}/${hash}`, { call: id, hash }, message);
  return null;
}

async function mine(
  deps: LaneDeps,
  watch: CallWatch,
  loaded: Loaded<CallState>,
  state: OpenCall,
  shownBy: { readonly receipt: TransactionReceipt; readonly rpc: PinnedRpc; readonly nonce: number },
): Promise<StepResult> {
  const { transactionHash: hash, status, blockNumber, blockHash, gasUsed } = shownBy.receipt;
  const outcome = status === 1 ? await settleOrStop(deps, watch, callForFeature(state), shownBy) : NO_OUTCOME;
  const events = decideMined(state, { hash, nonce: shownBy.nonce, status, blockNumber, blockHash });
  await commitCall(deps, loaded, events, outcome, hash);
  deps.alarms.clear(`operation_held/${loaded.id}`);
  deps.alarms.clear(`call_differs/${loaded.id}`);
  deps.alarms.clear(`call_refused/${loaded.id}`);
  deps.alarms.clear(`call_unclear/${loaded.id}`);
  deps.askedMs.delete(loaded.id);
  deps.meter.used(watch.network, state.kind, gasUsed);
  deps.log.info({ call: loaded.id, hash, status }, 'call mined');
  return { kind: 'advanced' };
}

/** While it waits in a pool, a node shows its nonce, by which it can be told what took its place. */
async function learnNonce(
  deps: LaneDeps,
  loaded: Loaded<CallState>,
  state: OpenCall,
  rpc: PinnedRpc,
): Promise<'advanced' | null> {
  for (const hash of state.hashes.toReversed()) {
    const transaction = await rpc.getTransaction(hash);
    if (transaction === null || !isCallOf(state, transaction)) continue;
    await commitCall(deps, loaded, decideSeen(state, hash, transaction.nonce), NO_OUTCOME, hash);
    return 'advanced';
  }
  return null;
}

/**
 * Its nonce: used by a replacement of it, or, in a final block, by something else? The latter frees it only at a nonce
 * that a node showed, and once its custodian ended it: until then that may sign it again, at another.
 */
async function lookForUse(
  deps: LaneDeps,
  watch: CallWatch,
  loaded: Loaded<CallState>,
  state: OpenCall,
  nonce: number,
  rpc: PinnedRpc,
): Promise<StepResult | null> {
  if ((await rpc.getTransactionCount(state.signer, 'latest')) <= nonce) return null;
  const final = await finalBlock(rpc, watch.finality);
  const user = await locateNonce(rpc, state.signer, nonce);
  if (user === null || user.blockNumber === null) return null;
  if (isCallOf(state, user)) {
    const events = decideSeen(state, user.hash, nonce);
    if (events.length === 0) return null;
    await commitCall(deps, loaded, events, NO_OUTCOME, user.hash);
    return { kind: 'advanced' };
  }
  if (final === null || user.blockNumber > final.number) return null;
  const used = `nonce ${String(nonce)} was used by ${user.hash} in the final block ${String(user.blockNumber)}`;
  if (state.nonce === null) return null;
  if (!isEndedThere(state)) {
    const message = `${used}, and its custodian still has it as ${state.told?.status ?? 'nothing'}: it is not free yet`;
    deps.alarms.raise(`call_unclear/${loaded.id}`, { call: loaded.id, hash: user.hash }, message);
    return null;
  }
  return displace(deps, loaded, state, `another transaction took its place: ${used}`);
}
