import type { Hex } from 'viem';
import type { FinalitySetting } from '../chain/finality.ts';
import { finalBlock, isCanonical } from '../chain/finality.ts';
import type { PinnedRpc, RpcTransaction, TransactionReceipt } from '../chain/rpc/types.ts';
import { DependencyDown } from '../engine/dependency-down.ts';
import type { EventStore, Metadata } from '../event-store/event-store.ts';
import type { Ledger } from '../event-store/ledger.ts';
import { IssuanceError, RpcFailure } from '../primitives/failures.ts';
import { callVoidProof, lookAtCall, whyCallUnanswerable } from './calls/call-desk.ts';
import { CALL_BODY, callKind } from './calls/call-kind.ts';
import { isCallId } from './calls/call-state.ts';
import { canonicalReceipt, finalReceipt, withChain } from './chain-view.ts';
import { FOUND_TRANSACTION_TABLE, foundNaming } from './found.ts';
import type { FoundTransaction } from './found.ts';
import type { Lanes } from './lanes.ts';
import { laneKind } from './lane-state.ts';
import { locateNonce } from './locate.ts';
import type { AnyNetwork } from './runtime.ts';
import { TRANSACTION_HASH_TABLE, transactionKind } from './transaction-kind.ts';
import type { Known, TransactionState } from './transaction-state.ts';

/** What operators' actions may know of transactions, and do to them. */
export interface TransactionDesk {
  look(transactionId: string): Promise<TransactionLook>;
  /** See `Lanes.cancel`. */
  cancel(transactionId: string, metadata: Metadata): Promise<void>;
  /** Why the chain cannot tell what becomes of a transaction, and a cancellation would not help; null when it can. */
  unanswerable(transactionId: string): Promise<string | null>;
  /**
   * A transaction in a final block, as one endpoint shows it; a text tells why it is not to be had.
   *
   * @throws DependencyDown when no endpoint serves
   */
  finalTransaction(network: string, hash: Hex): Promise<FinalEvidence | string>;
  /** What proves that this transaction can never be in a block any more; null when nothing does. */
  voidProof(network: string, hash: Hex): Promise<string | null>;
  /**
   * Whether final blocks show that a transaction was undone: another block stands where it was found, that one is
   * final, and no block holds it. It may still be sent again.
   *
   * @throws DependencyDown when no endpoint serves
   */
  undone(network: string, found: FoundIn): Promise<{ readonly isUndone: boolean; readonly text: string }>;
  /** A transaction that this database forgot, names the operation, and is not explained. */
  forgotten(chainId: number, operationId: string): Promise<FoundTransaction | null>;
  /** The lane reads from the chain what the database forgot, and signs nothing. */
  isQuarantined(lane: string): Promise<boolean>;
  /** Makes a lane, or a transaction, due now. */
  wake(ids: readonly string[]): void;
}

export interface FinalEvidence {
  readonly transaction: RpcTransaction;
  readonly receipt: TransactionReceipt;
}

/** Where a transaction was seen. */
export interface FoundIn {
  readonly transactionHash: Hex;
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
}

export interface TransactionLook {
  /** It may still take effect: no final block holds what used its nonce. */
  readonly isLive: boolean;
  /** Every hash that was signed for its operations; a custodian's external id where none is known. */
  readonly hashes: readonly string[];
  /** Operations that it carries. */
  readonly operations: number;
  /** What used its nonce, once that is in a final block; null before. */
  readonly used: { readonly hash: Hex; readonly blockNumber: bigint } | null;
  /** For people. */
  readonly text: string;
}

export interface DeskOptions {
  readonly ledger: Ledger;
  readonly store: EventStore;
  readonly lanes: Pick<Lanes, 'cancel'>;
  readonly networks: readonly Pick<AnyNetwork, 'network' | 'chainId' | 'rpc' | 'finality' | 'signer'>[];
  readonly wake: (ids: readonly string[]) => void;
}

export function createTransactionDesk(options: DeskOptions): TransactionDesk {
  const { ledger, store, lanes, networks, wake } = options;
  const networkOf = (name: string) => {
    const found = networks.find((it) => it.network === name);
    if (found !== undefined) return found;
    throw new IssuanceError('network_unknown', `the network ${name} is not configured here`);
  };
  const load = async (id: string): Promise<TransactionState> =>
    (await ledger.load(transactionKind, id)).state;

  return {
    look: async (id) =>
      isCallId(id) ? lookAtCall(id, (await ledger.load(callKind, id)).state) : lookAt(id, await load(id)),
    cancel: (id, metadata) => lanes.cancel(id, metadata),
    async unanswerable(id) {
      if (isCallId(id)) return whyCallUnanswerable((await ledger.load(callKind, id)).state);
      const state = await load(id);
      if (state.phase !== 'pending') return null;
      const ofChain = networks.filter((it) => it.chainId === state.chainId);
      const network = ofChain.find((it) => it.signer.address.toLowerCase() === state.signer) ?? ofChain[0];
      if (network === undefined) return `no network with chain id ${String(state.chainId)} is configured`;
      try {
        return await withChain(network.rpc, () => whyUnanswerable(network, state));
      } catch (error) {
        if (!(error instanceof DependencyDown)) throw error;
        return `no node of ${network.network} answers: ${error.message}`;
      }
    },
    finalTransaction: (name, hash) => {
      const { rpc, finality } = networkOf(name);
      return withChain(rpc, async () => {
        const node = rpc.pinned();
        const receipt = await finalReceipt(node, finality, hash);
        if (receipt === null) return `no final block of ${name} is known to hold the transaction ${hash}`;
        const transaction = await node.getTransaction(hash);
        if (transaction === null) return `the node shows no transaction ${hash}`;
        return { transaction, receipt };
      });
    },
    undone: (name, found) => {
      const { rpc, finality } = networkOf(name);
      return withChain(rpc, () => lookForUndone(rpc.pinned(), finality, name, found));
    },
    async voidProof(name, hash) {
      const { chainId, rpc } = networkOf(name);
      const [row] = await store.find({
        table: TRANSACTION_HASH_TABLE.name,
        where: { chain_id: chainId, hash },
        limit: 1,
      });
      if (row === undefined) return voidWhenFound(store, chainId, hash);
      if (row['body'] === CALL_BODY) {
        return callVoidProof((await ledger.load(callKind, row['transaction_id'] as string)).state, hash);
      }
      const state = await load(row['transaction_id'] as string);
      if (state.phase !== 'final') return null;
      const { mined, nonce, outcome } = state;
      if (mined.hash === hash && outcome !== 'reverted') return null;
      const holds = await withChain(rpc, () => isCanonical(rpc.pinned(), mined.blockNumber, mined.blockHash));
      if (holds !== true) return null;
      const end = mined.hash === hash ? 'it reverted' : `nonce ${String(nonce)} was used by ${mined.hash}`;
      return `${end} in the final block ${String(mined.blockNumber)}`;
    },
    async forgotten(chainId, operationId) {
      return (await foundNaming(store, chainId, [operationId])).get(operationId) ?? null;
    },
    async isQuarantined(lane) {
      const { state } = await ledger.load(laneKind, lane);
      return state.kind !== 'none' && state.quarantine !== null;
    },
    wake,
  };
}

async function lookForUndone(
  node: PinnedRpc,
  finality: FinalitySetting,
  network: string,
  { transactionHash, blockNumber, blockHash }: FoundIn,
): Promise<{ readonly isUndone: boolean; readonly text: string }> {
  const place = `block ${String(blockNumber)} of ${network}`;
  const final = await finalBlock(node, finality);
  if (final === null || final.number < blockNumber)
    return { isUndone: false, text: `${place} is not final yet` };
  if ((await isCanonical(node, blockNumber, blockHash)) !== false)
    return { isUndone: false, text: `${place} is the one in which ${transactionHash} was found` };
  const receipt = await node.getTransactionReceipt(transactionHash);
  if (receipt === null) {
    return {
      isUndone: true,
      text: `the final ${place} is another one, and no block holds ${transactionHash}`,
    };
  }
  return { isUndone: false, text: `block ${String(receipt.blockNumber)} holds ${transactionHash} now` };
}

function lookAt(id: string, state: TransactionState): TransactionLook {
  if (state.phase === 'none') throw new IssuanceError('log_corrupt', `there is no transaction ${id}`);
  const hashes = state.variants.filter((it) => it.body === 'operations').map((it) => it.hash);
  const place = `transaction ${id} (${hashes.join(', ')})`;
  const operations = state.operations.length;
  const used = state.phase === 'final' ? state.mined : null;
  const told = { isLive: used === null, hashes, operations, used };
  if (state.phase === 'pending') {
    const cancelled = state.variants.some((it) => it.body === 'fill') ? ' and is being cancelled' : '';
    return { ...told, text: `${place} waits for a block${cancelled}` };
  }
  const { hash, body, status, blockNumber } = state.mined;
  const what = { operations: `itself, with status ${String(status)}`, fill: 'a cancellation' };
  const by = body === 'stranger' ? 'a transaction that we did not sign' : what[body];
  const depth = state.phase === 'final' ? 'final' : 'not final yet';
  return {
    ...told,
    text: `${place}: its nonce was used by ${by} (${hash}) in block ${String(blockNumber)}, which is ${depth}`,
  };
}

/** Null when the chain can tell, now or in time. */
async function whyUnanswerable(
  { rpc, signer, network }: DeskOptions['networks'][number],
  state: Known,
): Promise<string | null> {
  const node = rpc.pinned();
  const count = await node.getTransactionCount(state.signer, 'latest');
  if (count <= state.nonce) {
    if (signer.address.toLowerCase() === state.signer) return null;
    return `it waits for a block, and its signer ${state.signer} signs no more, so that nothing can replace it`;
  }
  for (const { hash } of state.variants) if ((await canonicalReceipt(node, hash)) !== null) return null;
  try {
    if ((await locateNonce(node, state.signer, state.nonce)) !== null) return null;
  } catch (error) {
    if (!(error instanceof RpcFailure) || error.kind !== 'answered') throw error;
  }
  return `nonce ${String(state.nonce)} is used, and no node of ${network} shows by which transaction`;
}

async function voidWhenFound(store: EventStore, chainId: number, hash: Hex): Promise<string | null> {
  const [row] = await store.find({
    table: FOUND_TRANSACTION_TABLE.name,
    where: { chain_id: chainId, hash },
    limit: 1,
  });
  return row?.['state'] === 'void' ? `its nonce was used by another transaction, or it reverted` : null;
}
