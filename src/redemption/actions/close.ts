import type { Loaded } from '../../event-store/ledger.ts';
import type { ActionCall, Assess, Assessment } from '../../operation/actions.ts';
import { done, refused } from '../../operation/actions.ts';
import { cancelNow } from '../../operation/closing.ts';
import { acknowledged } from '../../operation/evidence.ts';
import { unreachable } from '../../primitives/failures.ts';
import { decideRedemption } from '../decide.ts';
import { doubtTransfer } from '../doubt-transfer.ts';
import { redemptionKind } from '../redemption-kind.ts';
import type { KnownRedemption, RedemptionStage, RedemptionState } from '../state.ts';
import { act, askAlpaca, tokensText } from './look.ts';
import type { RedemptionActionOptions } from './options.ts';
import type { Overdue } from './unplanned.ts';
import { freeReceipts, proveFinalBurn, withoutPart } from './unplanned.ts';

/** A call to Alpaca that was under way has ended by then, and what came of it can be looked up there. */
const CALLS_END_AFTER_MS = 600_000;

/** Ends a redemption without burning, or without burning more. Its tokens stay with us. */
export function createCloseRedemption(options: RedemptionActionOptions): Assess {
  return async (call) => {
    const loaded = await options.ledger.load(redemptionKind, call.id);
    const { state, version } = loaded;
    switch (state.kind) {
      case 'none':
        return refused(version, [], 'there is no such redemption');
      case 'closed':
        return closeAgain(options, call, { ...loaded, state });
      case 'recorded':
        return refused(version, [], `it was only recorded (${state.why}), and has ended already`);
      case 'completed':
        return refused(version, [], 'it is completed');
      case 'rejected':
        return refused(
          version,
          [tokensText(state.redemption)],
          'Alpaca rejected it: refund sends the tokens back',
        );
      case 'refunding':
        return refused(
          version,
          [`its refund is ${state.refundId}`],
          'its refund is under way: close that instead',
        );
      case 'refunded':
        return refused(version, [], `its tokens went back in ${state.transactionHash}`);
      case 'held':
        return closeOpen(options, call, { ...loaded, state }, state.from);
      case 'detected':
      case 'requested':
      case 'journaled':
      case 'burning':
        return closeOpen(options, call, { ...loaded, state }, state);
      default:
        return unreachable(state);
    }
  };
}

async function closeOpen(
  options: RedemptionActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRedemption>,
  stage: RedemptionStage,
): Promise<Assessment> {
  const { redemption } = loaded.state;
  switch (stage.kind) {
    case 'detected': {
      if (redemption.promise !== null) return closePromised(options, call, loaded);
      return closeUnasked(options, call, loaded);
    }
    case 'requested': {
      const { text } = await askAlpaca(options, call.id, redemption);
      const why =
        'Alpaca decides on its journal, and cannot be told to stop: recover takes in what it decided';
      return refused(loaded.version, [text], why);
    }
    case 'journaled':
    case 'burning':
      return closeJournaled(options, call, loaded);
    default:
      return unreachable(stage);
  }
}

/** Alpaca was never asked. Its tokens stay with us, unless a reorg took them away again for good. */
async function closeUnasked(
  options: RedemptionActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRedemption>,
): Promise<Assessment> {
  const { redemption } = loaded.state;
  const { transfer } = redemption;
  const found = ['Alpaca was not asked'];
  // What went on to another signer of ours had come.
  const doubt = redemption.forwards === 0 ? await doubtTransfer(options.rpcOf, transfer) : null;
  if (doubt === null) {
    found.push(`${tokensText(redemption)}: refund sends them back, now or later`);
    return end(options, call, loaded, { found, what: 'it ends, and Alpaca is not asked' });
  }
  const { isUndone, text } = await options.desk.undone(transfer.network, transfer);
  found.push(doubt, text);
  if (!isUndone) {
    const why =
      'its transfer is not on the chain now, and final blocks do not show that it is gone for good: look again';
    return refused(loaded.version, found, why);
  }
  const what =
    'it ends: its transfer was undone, and nothing of it is with us; should it come back, it begins anew';
  const commands = [
    { type: 'close', why: call.metadata.reason, isLive: false, isGone: true, found },
  ] as const;
  return { version: loaded.version, found, verdict: act(options, call, loaded, { what, commands }) };
}

/**
 * Alpaca may be asked at this very moment. So it is held first, which ends the asking; long after that, what Alpaca
 * does not know was never taken.
 */
async function closePromised(
  options: RedemptionActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRedemption>,
): Promise<Assessment> {
  const { version, state, facts } = loaded;
  const { record, text } = await askAlpaca(options, call.id, state.redemption);
  const found = [text];
  if (record !== null) return refused(version, found, 'Alpaca knows it: recover takes in what it has');
  if (state.kind !== 'held') {
    const what =
      'it is held, so that Alpaca is not asked again; ten minutes later close ends it, if Alpaca does not know it then';
    const verdict = act(options, call, loaded, {
      what,
      commands: [{ type: 'hold', why: call.metadata.reason }],
    });
    return { version, found, verdict };
  }
  const heldMs = options.clock.nowMs() - (facts?.sinceMs ?? options.clock.nowMs());
  if (heldMs < CALLS_END_AFTER_MS) {
    const minutes = String(CALLS_END_AFTER_MS / 60_000);
    const why = `a call to Alpaca may be on its way: close it ${minutes} minutes after it was held`;
    return refused(version, found, why);
  }
  found.push(tokensText(state.redemption));
  return end(options, call, loaded, { found, what: 'it ends: Alpaca never took it' });
}

async function closeJournaled(
  options: RedemptionActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRedemption>,
): Promise<Assessment> {
  const { id, version, state } = loaded;
  const { redemption } = state;
  const found = [
    'its shares are journaled at Alpaca: the participant has them',
    `${tokensText(redemption)}, and nothing burns them any more`,
  ];
  const forgotten = await options.desk.forgotten(redemption.transfer.chainId, id);
  if (forgotten !== null) {
    return refused(
      version,
      found,
      `${forgotten.hash}, which this database had forgotten, names it and is not explained`,
    );
  }
  const pending = redemption.parts.find((it) => it.effect === null);
  if (pending === undefined)
    return end(options, call, loaded, { found, what: 'it ends without a further burn' });
  const { transactionId } = pending;
  const look = await options.desk.look(transactionId);
  found.push(look.text);
  if (look.used !== null) return endOverdue(options, call, loaded, found, { part: pending, used: look.used });
  if (call.evidence.length > 0) {
    const fault = await acknowledged(options.desk, transactionId, look.hashes, call.evidence);
    if (fault !== null) return refused(version, found, fault);
    const what = 'it ends on your word, its burn stays watched, and an effect would open it again';
    return end(options, call, loaded, { found, what });
  }
  if (redemption.closing !== null) {
    return done(
      version,
      found,
      'it is being closed: that ends it when the block that uses its nonce is final',
    );
  }
  const cancel = async (): Promise<string> => {
    const told = await cancelNow(options.desk, id, transactionId);
    options.desk.wake([transactionId]);
    return told;
  };
  const what = 'its nonce is cancelled, and it ends when the block that used it is final; its burn would win';
  const commands = [{ type: 'close', why: call.metadata.reason, isLive: true, found }] as const;
  return { version, found, verdict: act(options, call, loaded, { what, commands, afterwards: cancel }) };
}

/**
 * Its transaction is final, and neither settled nor released it: it did something that was not planned. Its receipts
 * are free again in the same commit, as far as they are still there.
 */
async function endOverdue(
  options: RedemptionActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRedemption>,
  found: readonly string[],
  overdue: Overdue,
): Promise<Assessment> {
  const { id, version, state } = loaded;
  const { released, state: after } = withoutPart(state, overdue);
  const { hash } = overdue.used;
  const proven = await proveFinalBurn(options, id, after, hash);
  if (typeof proven !== 'string') {
    const why = `${hash} burned for it after all: complete counts that, with the hash as evidence`;
    return refused(version, found, why);
  }
  const books = await freeReceipts(options, id, state.redemption, overdue, null);
  if (typeof books === 'string') return refused(version, found, books);
  const told = [...found, proven, 'what its receipts hold was read, and is free for other redemptions'];
  const closing =
    after.kind === 'closed'
      ? []
      : decideRedemption({ type: 'close', why: call.metadata.reason, isLive: false, found: told }, after);
  const what =
    'it ends: its transaction is final and did something that was not planned, which only you can put right';
  const { changes, guards = [] } = books;
  const events = [released, ...closing];
  return { version, found: told, verdict: act(options, call, loaded, { what, events, changes, guards }) };
}

/** One that ended on an operator's word may have left receipts reserved, should its transaction have gone astray. */
async function closeAgain(
  options: RedemptionActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRedemption> & { readonly state: { readonly kind: 'closed'; readonly why: string } },
): Promise<Assessment> {
  const { version, state } = loaded;
  const found = [tokensText(state.redemption)];
  const pending = state.redemption.parts.find((it) => it.effect === null);
  const look = pending === undefined ? null : await options.desk.look(pending.transactionId);
  if (pending === undefined || look === null || look.used === null) {
    return done(version, found, `it was closed before: ${state.why}`);
  }
  found.push(look.text);
  return endOverdue(options, call, loaded, found, { part: pending, used: look.used });
}

function end(
  options: RedemptionActionOptions,
  call: ActionCall,
  loaded: Loaded<RedemptionState>,
  { found, what }: { readonly found: readonly string[]; readonly what: string },
): Assessment {
  const commands = [{ type: 'close', why: call.metadata.reason, isLive: false, found }] as const;
  return { version: loaded.version, found, verdict: act(options, call, loaded, { what, commands }) };
}
