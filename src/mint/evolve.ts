import { IssuanceError, unreachable } from '../primitives/failures.ts';
import type { KnownMint, Mint, MintEffect, MintEvent, MintStage, MintState } from './state.ts';
import { isKnown, stageOf } from './state.ts';

/** Folds one event into a mint. Throws `log_corrupt` for an event that no decision can have put there. */
export function evolveMint(state: MintState, event: MintEvent): MintState {
  switch (event.type) {
    case 'ConfirmReceivedEarly': {
      const { tokenizationRequestId, ...confirm } = event.data;
      if (isKnown(state)) throw corrupt(state, event);
      const { confirms, unclear } = state.kind === 'none' ? NOTHING : state;
      return { kind: 'unrequested', tokenizationRequestId, confirms: [...confirms, confirm], unclear };
    }
    case 'RequestListed':
      if (state.kind !== 'none') throw corrupt(state, event);
      return { kind: 'unrequested', ...event.data, ...NOTHING };
    case 'ConfirmNotUnderstood': {
      const { tokenizationRequestId, ...confirm } = event.data;
      if (isKnown(state)) {
        return { ...state, mint: { ...state.mint, unclear: [...state.mint.unclear, confirm] } };
      }
      const { confirms, unclear } = state.kind === 'none' ? NOTHING : state;
      return { kind: 'unrequested', tokenizationRequestId, confirms, unclear: [...unclear, confirm] };
    }
    case 'RecoveryAsked':
      if (state.kind === 'none') throw corrupt(state, event);
      return state;
    case 'ConfirmDismissed':
      if (state.kind !== 'unrequested') throw corrupt(state, event);
      return { ...state, kind: 'dismissed', why: event.data.why };
    case 'MintRequested': {
      if (isKnown(state)) throw corrupt(state, event);
      const { source: _source, splits = null, ...terms } = event.data;
      const { unclear } = state.kind === 'none' ? NOTHING : state;
      return { kind: 'requested', mint: { ...newMint(terms, splits), unclear } };
    }
    default:
      if (!isKnown(state)) throw corrupt(state, event);
      return evolveRequested(state, event);
  }
}

const NOTHING = { confirms: [], unclear: [] } as const;

type LaterEvent = Exclude<
  MintEvent,
  {
    type:
      | 'ConfirmReceivedEarly'
      | 'ConfirmNotUnderstood'
      | 'RequestListed'
      | 'MintRequested'
      | 'ConfirmDismissed'
      | 'RecoveryAsked';
  }
>;
type OperatorsEvent = Extract<
  LaterEvent,
  { type: 'MintHeld' | 'MintResumed' | 'MintClosing' | 'MintClosed' | 'MintRetargeted' }
>;

function evolveRequested(state: KnownMint, event: LaterEvent): MintState {
  const { mint } = state;
  switch (event.type) {
    case 'JournalCompleted': {
      const { lane, evidence } = event.data;
      const journalId = evidence?.journalId ?? mint.journalId;
      const known: Mint = { ...mint, journal: 'completed', lane, journalId };
      if (state.kind === 'closed') {
        const why = 'its journal was confirmed after it was closed';
        return { kind: 'held', mint: known, why, from: { kind: 'journaled' } };
      }
      return stageOf(state)?.kind === 'requested'
        ? withStage(state, known, { kind: 'journaled' })
        : { ...state, mint: known };
    }
    case 'LaneChanged':
      return { ...state, mint: { ...mint, lane: event.data.lane } };
    case 'JournalRejected':
      return { kind: 'rejected', mint: { ...mint, journal: 'rejected', reason: event.data.reason } };
    case 'ConfirmContradicted': {
      const { why: _why, ...confirm } = event.data;
      return { ...state, mint: { ...mint, contradictions: [...mint.contradictions, confirm] } };
    }
    case 'MintSubmitted':
      return withStage(state, { ...mint, reason: null }, { kind: 'submitted', ...event.data });
    case 'Minted':
      if (state.kind === 'closed') {
        const why = 'it took effect after it was closed';
        return { kind: 'held', mint, why, from: { kind: 'minted', effect: event.data } };
      }
      // Alpaca may have been told before a reorg took the effect away; with the same hash nothing is left to tell.
      return state.kind !== 'held' && isTold(mint, event.data)
        ? { kind: 'completed', mint, effect: event.data }
        : withStage(state, { ...mint, closing: null }, { kind: 'minted', effect: event.data });
    case 'MintUnsettled': {
      const { transactionId, why } = event.data;
      return withStage(state, { ...mint, reason: why }, { kind: 'submitted', transactionId });
    }
    case 'MintReleased': {
      const { why, alone } = event.data;
      return withStage(state, { ...mint, reason: why, alone: mint.alone || alone }, { kind: 'journaled' });
    }
    case 'SplitCountRecorded':
      return { ...state, mint: { ...mint, splits: event.data } };
    case 'CallbackStarted':
      return { ...state, mint: { ...mint, callback: { ...event.data, accepted: false } } };
    case 'MintCompleted': {
      const stage = stageOf(state);
      if (stage?.kind !== 'minted') throw corrupt(state, event);
      const callback = { ...event.data, accepted: true };
      return { kind: 'completed', mint: { ...mint, callback }, effect: stage.effect };
    }
    default:
      return evolveByOperator(state, event);
  }
}

function evolveByOperator(state: KnownMint, event: OperatorsEvent): MintState {
  const { mint } = state;
  switch (event.type) {
    case 'MintHeld': {
      const from = stageOf(state);
      if (from === null) throw corrupt(state, event);
      const { why, splits = mint.splits } = event.data;
      return { kind: 'held', mint: { ...mint, splits }, why, from: bare(from) };
    }
    case 'MintResumed': {
      if (state.kind !== 'held') throw corrupt(state, event);
      const { voidedDeposit, journalId = mint.journalId } = event.data;
      return { ...state.from, mint: { ...mint, journalId, voidedDeposits: withVoided(mint, voidedDeposit) } };
    }
    case 'MintClosing':
      return { ...state, mint: { ...mint, closing: event.data.why } };
    case 'MintRetargeted': {
      const { vault, splits = null } = event.data;
      return { ...state, mint: { ...mint, terms: { ...mint.terms, vault }, splits } };
    }
    case 'MintClosed': {
      const from = stageOf(state);
      if (from === null) throw corrupt(state, event);
      return { kind: 'closed', mint: { ...mint, closing: null }, why: event.data.why, from: bare(from) };
    }
    default:
      return unreachable(event);
  }
}

/** A held mint stays held while what happens on chain moves it underneath. */
function withStage(state: KnownMint, mint: Mint, stage: MintStage): MintState {
  return state.kind === 'held' ? { ...state, mint, from: stage } : { ...stage, mint };
}

function withVoided({ voidedDeposits }: Mint, hash: Mint['voidedDeposits'][number] | undefined) {
  return hash === undefined ? voidedDeposits : [...voidedDeposits, hash];
}

function isTold({ callback }: Mint, effect: MintEffect): boolean {
  return callback?.accepted === true && callback.transactionHash === effect.transactionHash;
}

function bare(stage: MintStage): MintStage {
  switch (stage.kind) {
    case 'requested':
    case 'journaled':
      return { kind: stage.kind };
    case 'submitted':
      return { kind: 'submitted', transactionId: stage.transactionId };
    case 'minted':
      return { kind: 'minted', effect: stage.effect };
    default:
      return unreachable(stage);
  }
}

function newMint(terms: Mint['terms'], splits: Mint['splits']): Mint {
  return {
    terms,
    journal: 'awaited',
    lane: null,
    alone: false,
    reason: null,
    callback: null,
    splits,
    contradictions: [],
    unclear: [],
    closing: null,
    voidedDeposits: [],
    journalId: null,
  };
}

function corrupt(state: MintState, event: MintEvent): IssuanceError {
  return new IssuanceError('log_corrupt', `a mint that is ${state.kind} has the event ${event.type}`);
}
