import type { Loaded } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { ActionCall, Assess, Assessment } from '../../operation/actions.ts';
import { actionMetadata, done, refused } from '../../operation/actions.ts';
import { lookAtWork } from '../../operation/look-at-work.ts';
import { unreachable } from '../../primitives/failures.ts';
import { evolveMint } from '../evolve.ts';
import { mintKind } from '../mint-kind.ts';
import type { KnownMint, MintEvent, MintState } from '../state.ts';
import { findJournal } from './find-journal.ts';
import { askAlpaca, proveMint } from './look.ts';
import type { MintActionOptions } from './options.ts';
import { recoverHeld } from './recover-held.ts';

/** Looks at a mint, and takes the step that is right now. */
export function createRecoverMint(options: MintActionOptions): Assess {
  return async (call) => {
    const loaded = await options.ledger.load(mintKind, call.id);
    const { state, version } = loaded;
    switch (state.kind) {
      case 'none':
        return refused(version, [], 'there is no such mint');
      case 'completed':
        return done(
          version,
          [],
          `it is completed in ${state.effect.transactionHash}: nothing is left to recover`,
        );
      case 'rejected':
        return done(version, [], 'its journal was rejected: nothing is left to recover');
      case 'closed':
      case 'dismissed':
        return done(version, [], `it was closed: nothing is left to recover (${state.why})`);
      case 'requested':
        return recoverRequested(options, call, { ...loaded, state });
      case 'held':
        return recoverHeld(options, call, { ...loaded, state }, state);
      case 'unrequested':
      case 'journaled':
      case 'submitted':
      case 'minted':
        return recoverMoving(options, call, loaded);
      default:
        return unreachable(state);
    }
  };
}

/** It goes on by itself: whatever it waits for is looked at now. */
async function recoverMoving(
  options: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<MintState>,
): Promise<Assessment> {
  const { state, version } = loaded;
  const taken = 'mint' in state ? state.mint.journalId : null;
  if (taken !== null && call.evidence.some((it) => it.toLowerCase() === taken.toLowerCase())) {
    return done(
      version,
      [],
      `its journal ${taken} was taken as evidence before, and it goes on: it is ${state.kind}`,
    );
  }
  const work = await options.work(call.id);
  const found = lookAtWork(work, options.clock.nowMs());
  if (state.kind === 'submitted') {
    const { transactionId } = state;
    found.push((await options.desk.look(transactionId)).text);
    const what = 'its transaction is looked at now';
    return { version, found, verdict: again(options, call, loaded, found, what, [transactionId]) };
  }
  if (state.kind === 'journaled') {
    const { voidedDeposits, lane } = state.mint;
    const deposit = await options.inventory.depositOf(call.id, voidedDeposits);
    if (deposit !== null) found.push(`${deposit.transactionHash} deposited for it, so its lane will hold it`);
    const wake = lane === null ? [] : [lane];
    return { version, found, verdict: again(options, call, loaded, found, 'its lane plans it now', wake) };
  }
  const what = state.kind === 'minted' ? 'Alpaca is told now' : 'Alpaca is asked now for the request';
  return { version, found, verdict: again(options, call, loaded, found, what, []) };
}

/** A confirm that never came: only Alpaca's own record, or the journal itself, stands in for it. */
async function recoverRequested(
  options: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownMint>,
): Promise<Assessment> {
  const { version, state } = loaded;
  const { terms } = state.mint;
  const { record, text } = await askAlpaca(options, terms.tokenizationRequestId);
  const found = [text];
  if (record?.status === 'rejected') {
    const what = 'Alpaca rejected it, so it ends';
    const rejected: MintEvent = { type: 'JournalRejected', data: { reason: record.statusText } };
    return { version, found, verdict: commit(options, call, loaded, [rejected], what) };
  }
  // A journal alone shows that shares came, not what for: they may be another's, or a request's that Alpaca took back.
  if (record === null) {
    const why =
      'what Alpaca does not know is not minted: look again, since it may not show a new request at once';
    return refused(version, found, why);
  }
  // It was told of a mint, and does not say which: no journal shows that another one is due.
  if (record.status === 'completed' && record.transactionHash === null) {
    const why =
      'Alpaca was told that it is minted, and names no transaction: it is not minted again; complete takes the ' +
      'transaction as evidence, and close ends it';
    return refused(version, found, why);
  }
  const [journalId, ...more] = call.evidence;
  if (more.length > 0) return refused(version, found, 'the evidence must be the id of one journal');
  if (journalId !== undefined) {
    const journal = await findJournal(options, call.id, state.mint, journalId);
    if ('fault' in journal) return refused(version, found, journal.fault);
    found.push(journal.text);
    return journalCompleted(options, call, loaded, found, {
      journalId: journal.journalId,
      hash: record.transactionHash,
    });
  }
  if (record.status === 'completed') {
    return journalCompleted(options, call, loaded, found, { journalId: null, hash: record.transactionHash });
  }
  return refused(
    version,
    found,
    'nothing shows that its shares were journaled: it waits for the confirm, or for a journal’s id as evidence',
  );
}

/** Goes on as a confirm would have it; where Alpaca was told of a transaction already, only that one counts. */
async function journalCompleted(
  options: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownMint>,
  found: string[],
  { journalId, hash }: { readonly journalId: string | null; readonly hash: string | null },
): Promise<Assessment> {
  const { version, state } = loaded;
  const lane = options.laneOf(state.mint.terms.chainId);
  const proven = hash === null ? null : await proveMint(options, loaded, hash.toLowerCase() as `0x${string}`);
  if (proven !== null) found.push(typeof proven === 'string' ? proven : proven.text);
  const events: MintEvent[] = [{ type: 'JournalCompleted', data: { lane, evidence: { journalId, found } } }];
  let what = 'its journal counts as completed, and it is minted';
  if (proven !== null && typeof proven !== 'string') {
    events.push({ type: 'Minted', data: proven.effect });
    what = 'its journal and its mint count as done, and Alpaca is told';
  } else if (hash !== null) {
    events.push({ type: 'MintHeld', data: { why: `Alpaca was told before that it is minted in ${hash}` } });
    what =
      'its journal counts as completed; it is held, since Alpaca was told of a transaction that is not proven';
  }
  const changes = proven === null || typeof proven === 'string' ? [] : proven.changes;
  const lanes = [lane];
  return {
    version,
    found,
    verdict: {
      kind: 'act',
      what,
      run: async () => {
        await options.ledger.commit({
          changes: [change(mintKind, loaded, events), ...changes],
          metadata: actionMetadata(call),
        });
        options.desk.wake(lanes);
      },
    },
  };
}

function again(
  options: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<MintState>,
  found: readonly string[],
  what: string,
  wake: readonly string[],
): Assessment['verdict'] {
  return commit(options, call, loaded, [{ type: 'RecoveryAsked', data: { found } }], what, wake);
}

function commit(
  { ledger, desk }: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<MintState>,
  events: readonly MintEvent[],
  what: string,
  wake: readonly string[] = [],
): Assessment['verdict'] {
  // Fails here, where nothing was decided yet, should an event not fit.
  events.reduce(evolveMint, loaded.state);
  return {
    kind: 'act',
    what,
    run: async () => {
      await ledger.commit({ changes: [change(mintKind, loaded, events)], metadata: actionMetadata(call) });
      desk.wake([call.id, ...wake]);
    },
  };
}
