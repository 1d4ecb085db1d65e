import { IssuanceError, unreachable } from '../primitives/failures.ts';
import type { BurnEffect, BurnPart, Pick, Redemption, RedemptionEvent, RedemptionState } from './state.ts';
import { sharesOf, stageOf, uncovered } from './state.ts';

/** What a lane tells of a redemption's burns. */
export type BurnCommand =
  | {
      readonly type: 'sign';
      readonly transactionId: string;
      readonly picks: readonly Pick[];
      readonly dust: bigint;
    }
  | { readonly type: 'settle'; readonly transactionId: string; readonly effect: BurnEffect }
  /** A final block holds this burn of a transaction that the database forgot. */
  | {
      readonly type: 'find';
      readonly transactionId: string;
      readonly picks: readonly Pick[];
      readonly dust: bigint;
      readonly effect: BurnEffect;
    }
  | { readonly type: 'unsettle'; readonly transactionId: string; readonly why: string }
  | { readonly type: 'release'; readonly transactionId: string; readonly why: string };

/** @throws IssuanceError `operation_state`, `burn_mismatch` */
export function decideBurn(command: BurnCommand, state: RedemptionState): readonly RedemptionEvent[] {
  switch (command.type) {
    case 'sign':
      return decideSign(command, state);
    case 'settle':
      return decideSettle(command, state);
    case 'find':
      return decideFind(command, state);
    case 'unsettle': {
      const { transactionId, why } = command;
      const part = partOf(state, transactionId);
      const isCounted = part !== null && part.effect !== null;
      return isCounted ? [{ type: 'BurnUnsettled', data: { transactionId, why } }] : [];
    }
    case 'release': {
      const { transactionId, why } = command;
      const part = partOf(state, transactionId);
      const isPending = part !== null && part.effect === null;
      if (!isPending || !('redemption' in state)) return [];
      const released: RedemptionEvent = { type: 'BurnReleased', data: { transactionId, why } };
      const { closing } = state.redemption;
      return closing === null ? [released] : [released, { type: 'RedemptionClosed', data: { why: closing } }];
    }
    default:
      return unreachable(command);
  }
}

function decideSign(
  command: Extract<BurnCommand, { type: 'sign' }>,
  state: RedemptionState,
): readonly RedemptionEvent[] {
  if (state.kind !== 'journaled' && state.kind !== 'burning') throw misfit('burn', state);
  if (state.redemption.parts.some((it) => it.effect === null)) {
    throw new IssuanceError('operation_state', 'another part of the burn is pending');
  }
  requireFits(command, state.redemption);
  const { transactionId, picks, dust } = command;
  return [{ type: 'BurnSigned', data: { transactionId, picks, dust } }];
}

function decideSettle(
  command: Extract<BurnCommand, { type: 'settle' }>,
  state: RedemptionState,
): readonly RedemptionEvent[] {
  const { transactionId, effect } = command;
  if (state.kind === 'closed' && wasCounted(state.redemption, command)) return [];
  const part = partOf(state, transactionId);
  if (part === null) throw misfit('settle a burn of', state);
  if (part.effect?.transactionHash === effect.transactionHash) return [];
  if (part.effect !== null) throw misfit('settle twice a burn of', state);
  return [{ type: 'BurnSettled', data: { transactionId, effect } }];
}

/** A reorg may move a counted burn to another block after an operator closed the rest. */
function wasCounted(
  { parts }: Redemption,
  { transactionId, effect }: Extract<BurnCommand, { type: 'settle' }>,
): boolean {
  const part = parts.find((it) => it.transactionId === transactionId);
  return part?.effect?.transactionHash === effect.transactionHash;
}

function decideFind(
  command: Extract<BurnCommand, { type: 'find' }>,
  state: RedemptionState,
): readonly RedemptionEvent[] {
  const { type: _type, ...data } = command;
  const parts = 'redemption' in state ? state.redemption.parts : [];
  if (parts.some((it) => it.effect?.transactionHash === command.effect.transactionHash)) return [];
  if (stageOf(state) === null || !('redemption' in state)) throw misfit('settle a burn of', state);
  requireFits(command, state.redemption);
  return [{ type: 'BurnFound', data }];
}

/** A part burns something of what is left, no more; the part that finishes returns the dust, and only that one. */
function requireFits(
  part: { readonly picks: readonly Pick[]; readonly dust: bigint },
  redemption: Redemption,
): void {
  const left = uncovered(redemption);
  const shares = sharesOf(part.picks);
  const isPositive = part.picks.length > 0 && part.picks.every((it) => it.shares > 0n);
  const expectedDust = shares === left.quantity ? left.dust : 0n;
  if (!isPositive || shares > left.quantity || part.dust !== expectedDust) {
    throw new IssuanceError(
      'burn_mismatch',
      `a burn of ${shares} shares with ${part.dust} of dust does not fit: ` +
        `${left.quantity} and ${left.dust} are left`,
    );
  }
}

function partOf(state: RedemptionState, transactionId: string): BurnPart | null {
  if (!('redemption' in state)) return null;
  const part = state.redemption.parts.find((it) => it.transactionId === transactionId) ?? null;
  // What was closed is over, but for a burn that was pending then: an operator answered for that without proof.
  return state.kind === 'closed' && part?.effect !== null ? null : part;
}

function misfit(verb: string, state: RedemptionState): IssuanceError {
  return new IssuanceError('operation_state', `cannot ${verb} a redemption that is ${state.kind}`);
}
