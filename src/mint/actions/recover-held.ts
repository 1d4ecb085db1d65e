import { createSharedReads } from '../../chain/rpc/shared-reads.ts';
import type { Change, Loaded } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { ActionCall, Assessment, Verdict } from '../../operation/actions.ts';
import { actionMetadata, refused } from '../../operation/actions.ts';
import { unreachable } from '../../primitives/failures.ts';
import { compareSplits } from '../../vault/split-count.ts';
import { doubtEffect } from '../callback.ts';
import { decideMint } from '../decide.ts';
import { evolveMint } from '../evolve.ts';
import { mintKind } from '../mint-kind.ts';
import type { MintCommand } from '../decide.ts';
import type { KnownMint, MintEffect, MintEvent, MintState } from '../state.ts';
import { findJournal } from './find-journal.ts';
import { askAlpaca, proveMint } from './look.ts';
import type { MintActionOptions } from './options.ts';

type Held = Extract<MintState, { kind: 'held' }>;

/** Lets a held mint go on where what it was held for is gone, or was not what it looked like. */
export async function recoverHeld(
  options: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownMint>,
  state: Held,
): Promise<Assessment> {
  const found = [`held: ${state.why}`];
  switch (state.from.kind) {
    case 'submitted':
      return resumeSubmitted(options, call, loaded, state.from.transactionId, found);
    case 'minted':
      return resumeMinted(options, call, loaded, state.from.effect, found);
    case 'requested':
    case 'journaled':
      return resumeUnsigned(options, call, loaded, found);
    default:
      return unreachable(state.from);
  }
}

async function resumeSubmitted(
  options: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownMint>,
  transactionId: string,
  found: string[],
): Promise<Assessment> {
  const { version } = loaded;
  const look = await options.desk.look(transactionId);
  found.push(look.text);
  if (!look.isLive) {
    const why =
      'its transaction is final and did something else: complete takes evidence of a mint, close ends it';
    return refused(version, found, why);
  }
  const what = 'it goes on waiting for its transaction';
  return { version, found, verdict: resume(options, call, loaded, { found, what, wake: [transactionId] }) };
}

async function resumeMinted(
  options: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownMint>,
  effect: MintEffect,
  found: string[],
): Promise<Assessment> {
  const { version, state } = loaded;
  const { terms } = state.mint;
  const reads = { rpcOf: options.rpcOf, sharedReads: createSharedReads() };
  const doubt = await doubtEffect(reads, terms.network, effect);
  found.push(doubt ?? `${effect.transactionHash} stands on the chain`);
  if (doubt !== null) return refused(version, found, 'its effect is not on the chain now');
  const { record, text } = await askAlpaca(options, terms.tokenizationRequestId);
  found.push(text);
  const told = record?.transactionHash?.toLowerCase() ?? null;
  if (told !== null && told !== effect.transactionHash) {
    return refused(version, found, 'Alpaca still has another transaction: complete ends it by its own');
  }
  if (record?.status === 'rejected') {
    return refused(version, found, 'Alpaca still has it as rejected: complete ends it by its transaction');
  }
  return {
    version,
    found,
    verdict: resume(options, call, loaded, { found, what: 'it goes on, and Alpaca is told' }),
  };
}

async function resumeUnsigned(
  options: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownMint>,
  found: string[],
): Promise<Assessment> {
  const { id, version, state } = loaded;
  const { terms, contradictions, voidedDeposits } = state.mint;
  const forgotten = await options.desk.forgotten(terms.chainId, id);
  if (forgotten !== null) {
    return refused(
      version,
      found,
      `${forgotten.hash}, which this database had forgotten, names it: complete takes it`,
    );
  }
  const deposit = await options.inventory.depositOf(id, voidedDeposits);
  if (deposit !== null) return resumeWithDeposit(options, call, loaded, deposit.transactionHash, found);
  const { record, text } = await askAlpaca(options, terms.tokenizationRequestId);
  found.push(text);
  if (record === null) return refused(version, found, 'what Alpaca does not know is not minted');
  if (record.status === 'rejected') return refused(version, found, 'Alpaca rejected it: close ends it');
  const told = record.transactionHash;
  if (told !== null) {
    const proven = await proveMint(options, loaded, told.toLowerCase() as `0x${string}`);
    if (typeof proven === 'string') {
      found.push(proven);
      return refused(
        version,
        found,
        'Alpaca was told that it is minted, and nothing shows where: it is not minted again',
      );
    }
    found.push(proven.text);
    const what = 'its mint counts as done, and Alpaca is told';
    const settle = { type: 'find', effect: proven.effect } as const;
    const how = { found, what, before: [settle], changes: proven.changes };
    return { version, found, verdict: resume(options, call, loaded, how) };
  }
  if (record.status === 'completed') {
    return refused(
      version,
      found,
      'Alpaca was told that it is minted: complete takes the transaction as evidence',
    );
  }
  if (contradictions.length > 0 || call.evidence.length > 0) {
    const [journalId, ...more] = call.evidence;
    if (journalId === undefined || more.length > 0) {
      const why =
        'Alpaca contradicted itself about its journal: give the id of the executed journal as evidence';
      return refused(version, found, why);
    }
    const journal = await findJournal(options, id, state.mint, journalId);
    if ('fault' in journal) return refused(version, found, journal.fault);
    found.push(journal.text);
    return resumeUnsplit(options, call, loaded, found, journal.journalId);
  }
  return resumeUnsplit(options, call, loaded, found);
}

/** The quantity was fixed for a split count; a person lets it go on for the one that it was held for, and no other. */
async function resumeUnsplit(
  options: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownMint>,
  found: string[],
  journalId?: string,
): Promise<Assessment> {
  const { version, state } = loaded;
  const { terms, splits } = state.mint;
  const reading = await options.splits.now(terms.network, terms.vault);
  const verdict = compareSplits(splits, reading);
  if (verdict.kind === 'split' || verdict.kind === 'behind') {
    return refused(version, [...found, verdict.why], 'its vault split again since it was held');
  }
  if (reading.count !== null)
    found.push(`the vault's split count is ${String(reading.count)}, as it was held for`);
  const how = { found, what: 'it goes on as it is', ...(journalId === undefined ? {} : { journalId }) };
  return { version, found, verdict: resume(options, call, loaded, how) };
}

/** A deposit that is on chain is its mint. One that can never be there again does not stand in its way. */
async function resumeWithDeposit(
  options: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownMint>,
  hash: `0x${string}`,
  found: string[],
): Promise<Assessment> {
  const { version, state } = loaded;
  const proven = await proveMint(options, loaded, hash);
  if (typeof proven !== 'string') {
    found.push(proven.text);
    const what = 'its mint counts as done, and Alpaca is told';
    const settle = { type: 'find', effect: proven.effect } as const;
    const how = { found, what, before: [settle], changes: proven.changes };
    return { version, found, verdict: resume(options, call, loaded, how) };
  }
  const gone = await options.desk.voidProof(state.mint.terms.network, hash);
  if (gone === null) {
    return refused(
      version,
      [...found, proven],
      `the deposit in ${hash} may still be on the chain, or come back`,
    );
  }
  found.push(`the deposit in ${hash} is gone for ever: ${gone}`);
  const what = 'it is minted anew, since what was deposited for it is gone for ever';
  return { version, found, verdict: resume(options, call, loaded, { found, what, voidedDeposit: hash }) };
}

function resume(
  { ledger, desk }: MintActionOptions,
  call: ActionCall,
  loaded: Loaded<KnownMint>,
  how: {
    readonly found: readonly string[];
    readonly what: string;
    readonly before?: readonly MintCommand[];
    readonly changes?: readonly Change[];
    readonly voidedDeposit?: `0x${string}`;
    readonly journalId?: string;
    readonly wake?: readonly string[];
  },
): Verdict {
  const { found, what, before = [], changes = [], voidedDeposit, journalId, wake = [] } = how;
  const resuming: MintCommand = {
    type: 'resume',
    found,
    ...(voidedDeposit === undefined ? {} : { voidedDeposit }),
    ...(journalId === undefined ? {} : { journalId }),
  };
  let state: MintState = loaded.state;
  const events: MintEvent[] = [];
  for (const command of [...before, resuming]) {
    const decided = decideMint(command, state);
    state = decided.reduce(evolveMint, state);
    events.push(...decided);
  }
  return {
    kind: 'act',
    what,
    run: async () => {
      await ledger.commit({
        changes: [change(mintKind, loaded, events), ...changes],
        metadata: actionMetadata(call),
      });
      desk.wake([call.id, ...wake]);
    },
  };
}
