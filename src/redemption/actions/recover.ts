import type { Loaded } from '../../event-store/ledger.ts';
import type { ActionCall, Assess, Assessment } from '../../operation/actions.ts';
import { done, refused } from '../../operation/actions.ts';
import { lookAtWork } from '../../operation/look-at-work.ts';
import { unreachable } from '../../primitives/failures.ts';
import { laneId } from '../../transaction/lane-id.ts';
import { compareSplits } from '../../vault/split-count.ts';
import { doubtTransfer } from '../doubt-transfer.ts';
import { mismatchOf } from '../echo.ts';
import { redemptionKind } from '../redemption-kind.ts';
import type { KnownRedemption, RedemptionState } from '../state.ts';
import { act, askAlpaca } from './look.ts';
import type { RedemptionActionOptions } from './options.ts';

/** Looks at a redemption, and takes the step that is right now. */
export function createRecoverRedemption(options: RedemptionActionOptions): Assess {
  return async (call) => {
    const loaded = await options.ledger.load(redemptionKind, call.id);
    const { state, version } = loaded;
    switch (state.kind) {
      case 'none':
        return refused(version, [], 'there is no such redemption');
      case 'recorded':
        return done(version, [], `it was only recorded (${state.why}): nothing is left to recover`);
      case 'completed':
        return done(version, [], 'it is completed: nothing is left to recover');
      case 'closed':
        return done(version, [], `it was closed: nothing is left to recover (${state.why})`);
      case 'refunded':
        return done(
          version,
          [],
          `its tokens went back in ${state.transactionHash}: nothing is left to recover`,
        );
      case 'refunding':
        return {
          ...done(version, [], `recover its refund ${state.refundId} instead`),
          refundId: state.refundId,
        };
      case 'rejected':
        return refused(version, [], 'Alpaca rejected it: refund sends the tokens back');
      case 'held':
        return recoverHeld(options, call, { ...loaded, state }, state);
      case 'detected':
      case 'requested':
      case 'journaled':
      case 'burning':
        return recoverMoving(options, call, { ...loaded, state });
      default:
        return unreachable(state);
    }
  };
}

/** It goes on by itself: whatever it waits for is looked at now. */
async function recoverMoving(
  options: RedemptionActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRedemption>,
): Promise<Assessment> {
  const { state, version } = loaded;
  const found = lookAtWork(await options.work(call.id), options.clock.nowMs());
  const { transfer, holder, parts, forwarding } = state.redemption;
  const pending = parts.find((it) => it.effect === null);
  const wake: string[] = [];
  let what = 'its next step is taken now';
  if (pending !== undefined) {
    found.push((await options.desk.look(pending.transactionId)).text);
    wake.push(pending.transactionId);
    what = 'its transaction is looked at now';
  } else if (state.kind === 'journaled' || state.kind === 'burning') {
    wake.push(laneId(transfer.chainId, holder));
    what = 'its lane plans it now';
  } else if (forwarding !== null) {
    found.push(`transfer ${forwarding} brings its shares to the signer in charge`);
    wake.push(laneId(transfer.chainId, holder));
    what = 'the lane of that transfer plans it now';
  } else if (state.kind === 'requested') {
    found.push((await askAlpaca(options, call.id, state.redemption)).text);
    what = 'what Alpaca has is taken in now';
  }
  const events = [{ type: 'RecoveryAsked', data: { found } }] as const;
  return { version, found, verdict: act(options, call, loaded, { what, events, wake }) };
}

type Held = Extract<RedemptionState, { kind: 'held' }>;

/** Lets a held redemption go on where what it was held for is gone. */
async function recoverHeld(
  options: RedemptionActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRedemption>,
  state: Held,
): Promise<Assessment> {
  const found = [`held: ${state.why}`];
  const { redemption, from } = state;
  switch (from.kind) {
    case 'detected':
      return resumeDetected(options, call, loaded, found);
    case 'requested': {
      const { record, text } = await askAlpaca(options, call.id, redemption);
      found.push(text);
      if (record?.status === 'rejected') {
        const commands = [{ type: 'reject', reason: record.statusText }] as const;
        const what = 'Alpaca rejected it: refund sends the tokens back';
        return { version: loaded.version, found, verdict: act(options, call, loaded, { what, commands }) };
      }
      const mismatch = record === null ? 'Alpaca does not know it' : mismatchOf(record, redemption, call.id);
      if (mismatch !== null)
        return refused(loaded.version, [...found, mismatch], 'what Alpaca has still differs');
      return resume(options, call, loaded, found, 'it goes on, and Alpaca is polled', []);
    }
    case 'journaled':
    case 'burning':
      return resumeJournaled(options, call, loaded, found);
    default:
      return unreachable(from);
  }
}

async function resumeDetected(
  options: RedemptionActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRedemption>,
  found: string[],
): Promise<Assessment> {
  const { version, state } = loaded;
  const { transfer, clientId } = state.redemption;
  const owner = await options.directory.walletOwner(transfer.from);
  if (clientId !== null && owner !== null && owner !== clientId) {
    const why = `the wallet ${transfer.from} was ${clientId}'s and still is ${owner}'s: remove it there, or refund`;
    return refused(version, found, why);
  }
  const doubt = await doubtTransfer(options.rpcOf, transfer);
  found.push(doubt ?? `the transfer ${transfer.transactionHash} stands on the chain`);
  if (doubt !== null) return refused(version, found, 'its transfer is not on the chain now');
  return resumeUnsplit(options, call, loaded, found, []);
}

async function resumeJournaled(
  options: RedemptionActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRedemption>,
  found: string[],
): Promise<Assessment> {
  const { version, state } = loaded;
  const { redemption } = state;
  const { holder, transfer } = redemption;
  const { chainId } = transfer;
  const forgotten = await options.desk.forgotten(chainId, call.id);
  if (forgotten !== null) {
    return refused(
      version,
      found,
      `${forgotten.hash}, which this database had forgotten, names it: complete takes it`,
    );
  }
  const { record, text } = await askAlpaca(options, call.id, redemption);
  found.push(text);
  if (record?.status !== 'completed')
    return refused(version, found, 'without a completed journal nothing is burned');
  const mismatch = mismatchOf(record, redemption, call.id);
  if (mismatch !== null) return refused(version, [...found, mismatch], 'what Alpaca journaled differs');
  const pending = redemption.parts.find((it) => it.effect === null);
  if (pending === undefined) return resumeUnsplit(options, call, loaded, found, [laneId(chainId, holder)]);
  const look = await options.desk.look(pending.transactionId);
  found.push(look.text);
  if (!look.isLive) {
    const why =
      'its transaction is final and did something else: complete takes evidence of a burn, close ends it';
    return refused(version, found, why);
  }
  return resume(options, call, loaded, found, 'it goes on waiting for its transaction', [
    pending.transactionId,
  ]);
}

/** The amount was fixed for a split count; a person lets it go on for the one that it was held for, and no other. */
async function resumeUnsplit(
  options: RedemptionActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRedemption>,
  found: string[],
  wake: readonly string[],
): Promise<Assessment> {
  const { transfer, splits } = loaded.state.redemption;
  const reading = await options.splits.now(transfer.network, transfer.vault);
  const verdict = compareSplits(splits, reading);
  if (verdict.kind === 'split' || verdict.kind === 'behind') {
    return refused(loaded.version, [...found, verdict.why], 'its vault split again since it was held');
  }
  if (reading.count !== null)
    found.push(`the vault's split count is ${String(reading.count)}, as it was held for`);
  return resume(options, call, loaded, found, 'it goes on as it is', wake);
}

function resume(
  options: RedemptionActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownRedemption>,
  found: readonly string[],
  what: string,
  wake: readonly string[],
): Assessment {
  const commands = [{ type: 'resume', found }] as const;
  return { version: loaded.version, found, verdict: act(options, call, loaded, { what, commands, wake }) };
}
