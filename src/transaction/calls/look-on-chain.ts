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
  if (await learnNonce(deps, loaded, state, rpc)) return { kind: 'advanced' };
  const shown = [...new Set(Object.values(state.nonces))];
  // Where no node showed its nonce, the custodian's word says where to look, once it ended there.
  const told = isEndedThere(state) ? (state.told?.nonce ?? null) : null;
  const nonces = shown.length > 0 || told === null ? shown : [told];
  return nonces.length === 0 ? null : lookForUse(deps, watch, loaded, state, nonces, rpc);
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

/** While it waits in a pool, a node shows its nonce, by which it can be told what took its place. True when it did. */
async function learnNonce(
  deps: LaneDeps,
  loaded: Loaded<CallState>,
  state: OpenCall,
  rpc: PinnedRpc,
): Promise<boolean> {
  for (const hash of state.hashes.filter((it) => state.nonces[it] === undefined)) {
    const transaction = await rpc.getTransaction(hash);
    if (transaction === null || !isCallOf(state, transaction)) continue;
    await commitCall(deps, loaded, decideSeen(state, hash, transaction.nonce), NO_OUTCOME, hash);
    return true;
  }
  return false;
}

/**
 * Its nonces: used by a replacement of it, or each, in a final block, by something else? The latter frees it only where
 * nodes showed the nonces of all its hashes, and its custodian ended it: until then that may sign it again, at another.
 */
async function lookForUse(
  deps: LaneDeps,
  watch: CallWatch,
  loaded: Loaded<CallState>,
  state: OpenCall,
  nonces: readonly number[],
  rpc: PinnedRpc,
): Promise<StepResult | null> {
  const used = await rpc.getTransactionCount(state.signer, 'latest');
  const final = await finalBlock(rpc, watch.finality);
  const others: string[] = [];
  for (const nonce of nonces.filter((it) => it < used)) {
    const user = await locateNonce(rpc, state.signer, nonce);
    if (user === null || user.blockNumber === null) continue;
    if (isCallOf(state, user)) {
      const events = decideSeen(state, user.hash, nonce);
      if (events.length === 0) return null;
      await commitCall(deps, loaded, events, NO_OUTCOME, user.hash);
      return { kind: 'advanced' };
    }
    if (final === null || user.blockNumber > final.number) continue;
    others.push(
      `nonce ${String(nonce)} was used by ${user.hash} in the final block ${String(user.blockNumber)}`,
    );
  }
  if (others.length < nonces.length) return null;
  const text = others.join(', ');
  const isShown = state.hashes.length > 0 && state.hashes.every((it) => state.nonces[it] !== undefined);
  if (isShown && isEndedThere(state)) {
    return displace(deps, loaded, state, `another transaction took its place: ${text}`);
  }
  const why = isEndedThere(state)
    ? 'no node showed the nonce of every hash of it'
    : `its custodian still has it as ${state.told?.status ?? 'nothing'}`;
  deps.alarms.raise(
    `call_unclear/${loaded.id}`,
    { call: loaded.id },
    `${text}, and ${why}: it is not free yet`,
  );
  return null;
}
