import type { AlpacaClient } from '../alpaca/types.ts';
import type { SharedReads } from '../chain/rpc/shared-reads.ts';
import type { RpcClient } from '../chain/rpc/types.ts';
import type { StepResult } from '../engine/work.ts';
import type { Ledger, Loaded } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import { transact } from '../event-store/transact.ts';
import { failedStep, refusedStep } from '../operation/alpaca-error.ts';
import type { Clock } from '../ports/ports.ts';
import type { MintCommand } from './decide.ts';
import { decideMint } from './decide.ts';
import { mintKind } from './mint-kind.ts';
import type { Mint, MintEffect, MintState } from './state.ts';

export interface CallbackOptions {
  readonly ledger: Ledger;
  readonly alpaca: Pick<AlpacaClient, 'mintCallback' | 'getRequest'>;
  readonly rpcOf: (network: string) => Pick<RpcClient, 'pinned'>;
  readonly clock: Clock;
  /** Mints of one transaction come here together, and need the same block. */
  readonly sharedReads: SharedReads;
}

/**
 * Tells Alpaca that a mint is on chain. The first call is committed before it is made; from then on the request is
 * looked up before it is called about again, since a duplicate's meaning is not documented.
 */
export async function callBack(
  options: CallbackOptions,
  loaded: Loaded<MintState>,
  state: Extract<MintState, { kind: 'minted' }>,
): Promise<StepResult> {
  const { mint, effect } = state;
  const doubt = await doubtEffect(options, mint.terms.network, effect);
  if (doubt !== null) return failedStep('effect_not_on_chain', doubt, options.clock.nowMs());
  const { transactionHash } = effect;
  if (mint.callback === null) {
    const events = decideMint({ type: 'startCallback', transactionHash }, state);
    await options.ledger.commit({
      changes: [change(mintKind, loaded, events)],
      metadata: { actor: 'engine', correlation: loaded.id },
    });
  } else {
    const known = await lookUp(options, loaded.id, mint, effect);
    if (known !== 'call') return known;
  }
  const { tokenizationRequestId, clientId, wallet, network } = mint.terms;
  const answer = await options.alpaca.mintCallback({
    tokenizationRequestId,
    transactionHash,
    clientId,
    wallet,
    network,
  });
  if (answer.kind !== 'ok') {
    return refusedStep(`callback_${answer.kind}`, answer.refusal, options.clock.nowMs());
  }
  return advance(options, loaded.id, { type: 'completeCallback', transactionHash }, answer.requestId);
}

/**
 * Why the effect may be gone; null when its transaction stands in a block of the canonical chain. Mostly it is the
 * block that was counted: a block's hash vouches for what is in it. Only where another block stands there is the
 * transaction looked for.
 */
export async function doubtEffect(
  options: Pick<CallbackOptions, 'rpcOf' | 'sharedReads'>,
  network: string,
  effect: MintEffect,
): Promise<string | null> {
  const { blockNumber, blockHash, transactionHash } = effect;
  // One endpoint for all reads: a receipt and a block from two nodes may disagree without a reorg.
  const node = options.rpcOf(network).pinned();
  const counted = await options.sharedReads.of(network, node).getBlock(blockNumber);
  if (counted?.hash === blockHash) return null;
  const receipt = await node.getTransactionReceipt(transactionHash);
  if (receipt === null) return `the node does not know the transaction ${transactionHash}`;
  if (receipt.status !== 1) return `the transaction ${transactionHash} failed in its present block`;
  const block = await node.getBlock(receipt.blockNumber);
  return block?.hash === receipt.blockHash
    ? null
    : `block ${String(receipt.blockNumber)} is not the one that holds ${transactionHash}`;
}

/** What Alpaca knows decides about a callback that was begun before; `call`: it does not know the hash yet. */
async function lookUp(
  options: CallbackOptions,
  id: string,
  mint: Mint,
  effect: MintEffect,
): Promise<StepResult | 'call'> {
  const nowMs = options.clock.nowMs();
  const answer = await options.alpaca.getRequest(mint.terms.tokenizationRequestId);
  if (answer.kind !== 'ok') return refusedStep(`callback_lookup_${answer.kind}`, answer.refusal, nowMs);
  const { value, requestId } = answer;
  if (value.tokenizationRequestId.toLowerCase() !== mint.terms.tokenizationRequestId.toLowerCase()) {
    const message = `Alpaca answered with the request ${value.tokenizationRequestId}`;
    return failedStep('callback_lookup_other', message, nowMs);
  }
  const told = value.transactionHash?.toLowerCase() ?? null;
  if (told !== null && told !== effect.transactionHash) {
    const why = `Alpaca has the transaction ${told}, the mint is in ${effect.transactionHash}`;
    return advance(options, id, { type: 'hold', why }, requestId);
  }
  if (value.status === 'rejected') {
    return advance(options, id, { type: 'hold', why: 'minted, and rejected at Alpaca' }, requestId);
  }
  if (value.status !== 'completed' && told === null) return 'call';
  const { transactionHash } = effect;
  return advance(options, id, { type: 'completeCallback', transactionHash }, requestId);
}

async function advance(
  options: CallbackOptions,
  id: string,
  command: MintCommand,
  causation: string | null,
): Promise<StepResult> {
  const decide = ({ state }: Loaded<MintState>) => ({ events: decideMint(command, state) });
  await transact(options.ledger, mintKind, id, decide, {
    actor: 'engine',
    correlation: id,
    ...(causation === null ? {} : { causation }),
  });
  return { kind: 'advanced' };
}
