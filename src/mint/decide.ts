import type { Address, Hex } from 'viem';
import { IssuanceError, unreachable } from '../primitives/failures.ts';
import type { LaneId } from '../transaction/lane-feature.ts';
import type { SplitReading } from '../vault/split-count.ts';
import { splitEvents } from '../vault/split-count.ts';
import type { MintEffect, MintEvent, MintStage, MintState } from './state.ts';
import { effectOf, isKnown, stageOf } from './state.ts';

/** What moves a mint after its journal. Requests and confirms have deciders of their own. */
export type MintCommand =
  /** To the lane that signs for its chain at present. */
  | { readonly type: 'move'; readonly lane: LaneId }
  /** The vault's split count was read anew, right before it is signed. */
  | { readonly type: 'checkSplits'; readonly reading: SplitReading }
  | { readonly type: 'submit'; readonly transactionId: string }
  /** Our transaction has this effect in a confirmed block. */
  | { readonly type: 'settle'; readonly effect: MintEffect & { readonly transactionId: string } }
  /** A final block holds this effect of a transaction that the database forgot. */
  | { readonly type: 'find'; readonly effect: MintEffect }
  | { readonly type: 'unsettle'; readonly transactionId: string; readonly why: string }
  | {
      readonly type: 'release';
      readonly transactionId: string;
      readonly why: string;
      readonly alone: boolean;
    }
  | { readonly type: 'startCallback'; readonly transactionHash: Hex }
  | { readonly type: 'completeCallback'; readonly transactionHash: Hex }
  | { readonly type: 'hold'; readonly why: string }
  /** `voidedDeposit`, `journalId`: see the event. */
  | {
      readonly type: 'resume';
      readonly found?: readonly string[];
      readonly voidedDeposit?: Hex;
      readonly journalId?: string;
    }
  /** `isLive`: its transaction may still take effect, so that it is closed only when that is out of the question. */
  | {
      readonly type: 'close';
      readonly why: string;
      readonly isLive: boolean;
      readonly found?: readonly string[];
    }
  /** To the vault that serves its asset at present. */
  | {
      readonly type: 'retarget';
      readonly vault: Address;
      readonly splits: SplitReading | null;
      readonly found?: readonly string[];
    };

/**
 * Decides what a command makes of a mint. No events: it is done already, or not this mint's concern any more.
 *
 * @throws IssuanceError `operation_state` when the command does not fit the state
 */
export function decideMint(command: MintCommand, state: MintState): readonly MintEvent[] {
  switch (command.type) {
    case 'move':
      if (state.kind !== 'journaled') throw misfit('move', state);
      if (state.mint.lane === command.lane) return [];
      return [{ type: 'LaneChanged', data: { lane: command.lane } }];
    case 'checkSplits':
      return decideSplits(command.reading, state);
    case 'submit':
      return decideSubmit(command.transactionId, state);
    case 'settle':
      return decideSettle(command.effect, state);
    case 'find':
      return decideFind(command.effect, state);
    case 'unsettle': {
      const { transactionId, why } = command;
      const isOurs = state.kind !== 'closed' && effectOf(state)?.transactionId === transactionId;
      return isOurs ? [{ type: 'MintUnsettled', data: { transactionId, why } }] : [];
    }
    case 'release':
      return decideRelease(command, state);
    case 'startCallback':
    case 'completeCallback':
      return decideCallback(command, state);
    case 'hold':
      if (state.kind === 'held') return [];
      if (stageOf(state) === null) throw misfit('hold', state);
      return [{ type: 'MintHeld', data: { why: command.why } }];
    case 'resume':
      if (state.kind !== 'held') throw misfit('resume', state);
      return [{ type: 'MintResumed', data: resumed(command) }];
    case 'close':
      return decideClose(command, state);
    case 'retarget':
      return decideRetarget(command, state);
    default:
      return unreachable(command);
  }
}

function decideSplits(reading: SplitReading, state: MintState): readonly MintEvent[] {
  if (state.kind !== 'journaled') throw misfit('compare splits for', state);
  return splitEvents(state.mint.splits, reading, (why) => ({
    type: 'MintHeld' as const,
    data: { why, splits: reading },
  }));
}

function decideSubmit(transactionId: string, state: MintState): readonly MintEvent[] {
  if (state.kind === 'submitted' && state.transactionId === transactionId) return [];
  if (state.kind !== 'journaled') throw misfit('submit', state);
  return [{ type: 'MintSubmitted', data: { transactionId } }];
}

function decideSettle(
  effect: MintEffect & { readonly transactionId: string },
  state: MintState,
): readonly MintEvent[] {
  const counted = effectOf(state);
  if (counted !== null && isSameEffect(counted, effect)) return [];
  const stage = stageBeforeEnd(state);
  if (stage?.kind !== 'submitted' || stage.transactionId !== effect.transactionId)
    throw misfit('settle', state);
  return [{ type: 'Minted', data: effect }];
}

function decideFind(effect: MintEffect, state: MintState): readonly MintEvent[] {
  const counted = effectOf(state);
  if (counted !== null && isSameEffect(counted, effect)) return [];
  const stage = stageBeforeEnd(state);
  if (stage === null || stage.kind === 'minted') throw misfit('settle', state);
  return [{ type: 'Minted', data: effect }];
}

function decideRelease(
  command: Extract<MintCommand, { type: 'release' }>,
  state: MintState,
): readonly MintEvent[] {
  const stage = stageOf(state);
  if (stage?.kind !== 'submitted' || stage.transactionId !== command.transactionId) return [];
  const { transactionId, why, alone } = command;
  const released: MintEvent = { type: 'MintReleased', data: { transactionId, why, alone } };
  const closing = isKnown(state) ? state.mint.closing : null;
  if (closing !== null) return [released, { type: 'MintClosed', data: { why: closing } }];
  const isContradicted = state.kind === 'submitted' && state.mint.contradictions.length > 0;
  if (!isContradicted) return [released];
  return [released, { type: 'MintHeld', data: { why: 'Alpaca contradicted the completed journal' } }];
}

function decideCallback(
  command: Extract<MintCommand, { type: 'startCallback' | 'completeCallback' }>,
  state: MintState,
): readonly MintEvent[] {
  const { transactionHash } = command;
  if (state.kind === 'completed' && state.effect.transactionHash === transactionHash) return [];
  if (state.kind !== 'minted' || state.effect.transactionHash !== transactionHash) {
    throw misfit('call Alpaca back about', state);
  }
  const isStart = command.type === 'startCallback';
  if (isStart && state.mint.callback?.transactionHash === transactionHash) return [];
  return [{ type: isStart ? 'CallbackStarted' : 'MintCompleted', data: { transactionHash } }];
}

function decideClose(
  { why, found, isLive }: Extract<MintCommand, { type: 'close' }>,
  state: MintState,
): readonly MintEvent[] {
  const data = { why, ...(found === undefined ? {} : { found }) };
  if (state.kind === 'unrequested') return [{ type: 'ConfirmDismissed', data }];
  const stage = stageOf(state);
  if (stage === null || stage.kind === 'minted') throw misfit('close', state);
  // While a transaction may still land, nothing is over.
  const isOver = stage.kind !== 'submitted' || !isLive;
  return [{ type: isOver ? 'MintClosed' : 'MintClosing', data }];
}

function decideRetarget(
  { vault, splits, found }: Extract<MintCommand, { type: 'retarget' }>,
  state: MintState,
): readonly MintEvent[] {
  if (stageOf(state)?.kind !== 'journaled') throw misfit('retarget', state);
  const data = {
    vault,
    ...(splits === null ? {} : { splits }),
    ...(found === undefined ? {} : { found }),
  };
  return [{ type: 'MintRetargeted', data }];
}

function resumed({ found, voidedDeposit, journalId }: Extract<MintCommand, { type: 'resume' }>) {
  return {
    ...(journalId === undefined ? {} : { journalId }),
    ...(found === undefined ? {} : { found }),
    ...(voidedDeposit === undefined ? {} : { voidedDeposit }),
  };
}

/** An effect on chain opens again what an operator closed. */
function stageBeforeEnd(state: MintState): MintStage | null {
  return state.kind === 'closed' ? state.from : stageOf(state);
}

function isSameEffect(one: MintEffect, other: MintEffect): boolean {
  return one.transactionHash === other.transactionHash && one.ordinal === other.ordinal;
}

function misfit(verb: string, state: MintState): IssuanceError {
  return new IssuanceError('operation_state', `cannot ${verb} a mint that is ${state.kind}`);
}
