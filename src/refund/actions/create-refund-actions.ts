import { stageOf } from '../../operation/sole-stage.ts';
import type { Loaded } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { ActionCall, Assess, Assessment, OperationActions, Verdict } from '../../operation/actions.ts';
import { actionMetadata, done, refused } from '../../operation/actions.ts';
import { cancelNow } from '../../operation/closing.ts';
import { onlyHash } from '../../operation/evidence.ts';
import type { RefundTerms } from '../../operation/refund-terms.ts';
import { formatQuantity } from '../../primitives/quantity.ts';
import { laneId } from '../../transaction/lane-id.ts';
import { readTag } from '../../vault/tag.ts';
import { decideRefund } from '../decide.ts';
import { foundOutcome, readRefund } from '../lane-found.ts';
import { refundKind } from '../refund-kind.ts';
import type { KnownRefund, RefundEffect, RefundState } from '../state.ts';
import type { RefundActionOptions } from './options.ts';
import { createRecoverRefund } from './recover.ts';

/** What operators can do to refunds. */
export function createRefundActions(options: RefundActionOptions): OperationActions {
  return {
    recover: createRecoverRefund(options),
    close: createCloseRefund(options),
    complete: createCompleteRefund(options),
  };
}

/** Ends a refund without effect; its redemption is then as it was before. */
function createCloseRefund(options: RefundActionOptions): Assess {
  return async (call) => {
    const loaded = await options.ledger.load(refundKind, call.id);
    const { state, version } = loaded;
    const stage = stageOf(state);
    if (state.kind === 'closed') return done(version, [], `it was closed before: ${state.why}`);
    if (state.kind === 'none') return refused(version, [], 'there is no such refund');
    if (stage === null) return refused(version, [], 'the tokens are back with their sender');
    if (call.evidence.length > 0) return refused(version, [], 'a refund is never ended on anybody’s word');
    const { redemptionId, amount, token } = state.refund.terms;
    const found = [`${formatQuantity(amount)} ${token} stay with us, owed by redemption ${redemptionId}`];
    const known = { ...loaded, state };
    const forgotten = await options.desk.forgotten(state.refund.terms.chainId, call.id);
    if (forgotten !== null) {
      return refused(version, found, `${forgotten.hash}, which this database had forgotten, names it`);
    }
    if (stage.kind === 'requested') return closeNow(options, call, known, found);
    const look = await options.desk.look(stage.transactionId);
    found.push(look.text);
    if (look.used !== null) {
      const { hash } = look.used;
      const proven = await proveRefund(options, call.id, state.refund.terms, hash);
      if (typeof proven === 'string') return closeNow(options, call, known, [...found, proven]);
      const why = `${hash} sent the tokens back after all: complete counts that, with the hash as evidence`;
      return refused(version, found, why);
    }
    if (state.refund.closing !== null) {
      return done(
        version,
        found,
        'it is being closed: that ends it when the block that uses its nonce is final',
      );
    }
    return closeLive(options, call, known, found, stage.transactionId);
  };
}

function closeNow(
  { ledger, book }: RefundActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRefund>,
  found: readonly string[],
): Assessment {
  const why = call.metadata.reason;
  const events = decideRefund({ type: 'close', why, isLive: false, found }, loaded.state);
  const doubt = events.find((it) => it.type === 'RefundClosed')?.data.doubt ?? null;
  const run = async (): Promise<void> => {
    const ended = await book.ended(loaded.state.refund.terms.redemptionId, call.id, { why, doubt });
    const changes = [change(refundKind, loaded, events), ...ended];
    await ledger.commit({ changes, metadata: actionMetadata(call) });
  };
  const what =
    doubt === null
      ? 'it ends, and its redemption is as it was before it'
      : `it ends for good, and its redemption is not taken up by itself: ${doubt}`;
  return { version: loaded.version, found, verdict: { kind: 'act', what, run } };
}

function closeLive(
  { ledger, desk }: RefundActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRefund>,
  found: readonly string[],
  transactionId: string,
): Assessment {
  const events = decideRefund(
    { type: 'close', why: call.metadata.reason, isLive: true, found },
    loaded.state,
  );
  const verdict: Verdict = {
    kind: 'act',
    what: 'its nonce is cancelled, and it ends when the block that used it is final; its effect would win',
    run: async () => {
      await ledger.commit({ changes: [change(refundKind, loaded, events)], metadata: actionMetadata(call) });
      const told = await cancelNow(desk, call.id, transactionId);
      desk.wake([call.id, transactionId]);
      return told;
    },
  };
  return { version: loaded.version, found, verdict };
}

/** Ends a refund by a transaction in a final block that sent the tokens back, and by nothing else. */
function createCompleteRefund(options: RefundActionOptions): Assess {
  return async (call) => {
    const loaded: Loaded<RefundState> = await options.ledger.load(refundKind, call.id);
    const { state, version } = loaded;
    if (state.kind === 'none') return refused(version, [], 'there is no such refund');
    const named = onlyHash(call.evidence);
    if ('fault' in named) return refused(version, [], named.fault);
    const { hash } = named;
    if (state.kind === 'completed') {
      return state.effect.transactionHash === hash
        ? done(version, [], `it is completed in ${hash}`)
        : refused(version, [], `it counts its effect in ${state.effect.transactionHash}`);
    }
    const stage = stageOf(state);
    if (stage?.kind === 'submitted') {
      const look = await options.desk.look(stage.transactionId);
      const why = 'its own transaction is counted as soon as a block holds it';
      if (look.isLive) return refused(version, [look.text], why);
    }
    return completeBy(options, call, { ...loaded, state }, hash);
  };
}

async function completeBy(
  options: RefundActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRefund>,
  hash: `0x${string}`,
): Promise<Assessment> {
  const { version, state } = loaded;
  const { terms } = state.refund;
  const { token, amount } = terms;
  const effect = await proveRefund(options, call.id, terms, hash);
  if (typeof effect === 'string') return refused(version, [], effect);
  const place = `in the final block ${String(effect.blockNumber)}`;
  const found = [`${hash} sent ${formatQuantity(amount)} ${token} to ${terms.to} ${place}`];
  const run = async (): Promise<void> => {
    const { changes } = await foundOutcome(options, loaded, terms, effect, false);
    await options.ledger.commit({ changes, metadata: actionMetadata(call) });
  };
  return { version, found, verdict: { kind: 'act', what: 'the tokens count as sent back', run } };
}

/** The transfer back that a transaction in a final block made; a text tells what is missing. */
async function proveRefund(
  options: Pick<RefundActionOptions, 'desk' | 'wallets'>,
  id: string,
  terms: RefundTerms,
  hash: `0x${string}`,
): Promise<RefundEffect | string> {
  const { network, chainId, vault } = terms;
  const evidence = await options.desk.finalTransaction(network, hash);
  if (typeof evidence === 'string') return evidence;
  const { transaction, receipt } = evidence;
  const signer = transaction.from;
  if (!options.wallets(network).includes(signer)) {
    return `${hash} was sent by ${signer}, who is none of our signers`;
  }
  const ids = readTag(transaction.input)?.operationIds ?? [];
  if (receipt.status !== 1 || ids.length !== 1 || ids[0] !== id) {
    return `${hash} reverted, or its tag does not name this refund alone`;
  }
  const lane = { lane: laneId(chainId, signer), network, chainId, signer };
  const effect = readRefund(terms, { lane, vault }, receipt);
  return typeof effect === 'string' ? `${hash} did not send the tokens back: ${effect}` : effect;
}
