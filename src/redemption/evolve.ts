import { IssuanceError, unreachable } from '../primitives/failures.ts';
import { splitDust } from '../primitives/quantity.ts';
import type {
  BurnPart,
  KnownRedemption,
  Redemption,
  RedemptionEvent,
  RedemptionStage,
  RedemptionState,
} from './state.ts';
import { evolveForward } from './evolve-forward.ts';
import { evolveRefund } from './evolve-refund.ts';
import { isGone, stageOf, uncovered } from './state.ts';

/** Folds one event into a redemption. Throws `log_corrupt` for an event that no decision can have put there. */
export function evolveRedemption(state: RedemptionState, event: RedemptionEvent): RedemptionState {
  switch (event.type) {
    case 'TransferDetected': {
      if (state.kind !== 'none' && !isGone(state)) throw corrupt(state, event);
      const { clientId, splits = null, ...transfer } = event.data;
      return { kind: 'detected', waiting: null, redemption: newRedemption(transfer, clientId, splits) };
    }
    case 'RecoveryAsked':
      if (state.kind === 'none') throw corrupt(state, event);
      return state;
    case 'TransferRecorded': {
      if (state.kind !== 'none') throw corrupt(state, event);
      const { why, ...transfer } = event.data;
      return { kind: 'recorded', transfer, why };
    }
    default:
      if (state.kind === 'none' || state.kind === 'recorded') throw corrupt(state, event);
      return evolveDetected(state, event);
  }
}

type LaterEvent = Exclude<
  RedemptionEvent,
  { type: 'TransferDetected' | 'TransferRecorded' | 'RecoveryAsked' }
>;

function evolveDetected(state: KnownRedemption, event: LaterEvent): RedemptionState {
  const { redemption } = state;
  switch (event.type) {
    case 'OwnerBound':
      return withStage(state, { ...redemption, ...event.data }, { kind: 'detected', waiting: null });
    case 'ForwardStarted':
    case 'SharesForwarded':
    case 'ForwardVanished':
    case 'ForwardEnded':
      return evolveForward(state, event);
    case 'RedemptionWaiting':
      return withStage(state, redemption, { kind: 'detected', waiting: event.data.for });
    case 'RedeemPromised':
      return withStage(state, { ...redemption, promise: event.data }, { kind: 'detected', waiting: null });
    case 'RedemptionRequested':
      return withStage(state, { ...redemption, ...event.data }, { kind: 'requested' });
    case 'RedemptionJournaled':
      return withStage(state, redemption, { kind: 'journaled' });
    case 'RedemptionRejected':
      return { kind: 'rejected', redemption: { ...redemption, reason: event.data.reason } };
    case 'SplitCountRecorded':
      return { ...state, redemption: { ...redemption, splits: event.data } };
    case 'RedemptionHeld': {
      const from = stageOf(state);
      if (from === null) throw corrupt(state, event);
      const { why, splits = redemption.splits } = event.data;
      return { kind: 'held', redemption: { ...redemption, splits }, why, from: bare(from) };
    }
    case 'RedemptionClosed': {
      const from = stageOf(state);
      if (from === null) throw corrupt(state, event);
      const { why, gone } = event.data;
      const closed = { kind: 'closed', redemption: { ...redemption, closing: null }, why } as const;
      return { ...closed, from: bare(from), ...(gone === undefined ? {} : { isGone: gone }) };
    }
    case 'RedemptionClosing':
      return { ...state, redemption: { ...redemption, closing: event.data.why } };
    case 'RefundStarted':
    case 'RedemptionRefunded':
    case 'RefundVanished':
    case 'RefundEnded':
      return evolveRefund(state, event);
    case 'RedemptionResumed':
      if (state.kind !== 'held') throw corrupt(state, event);
      // What was pending when it was held may have settled since.
      return state.from.kind === 'burning'
        ? burning({ ...state.from, redemption }, redemption)
        : { ...state.from, redemption };
    case 'BurnSigned':
    case 'BurnFound':
    case 'BurnSettled':
    case 'BurnUnsettled':
    case 'BurnReleased':
      return withParts(state, event);
    default:
      return unreachable(event);
  }
}

type BurnEvent = Extract<LaterEvent, { type: `Burn${string}` }>;

function withParts(state: KnownRedemption, event: BurnEvent): RedemptionState {
  const { redemption } = state;
  const { parts } = redemption;
  switch (event.type) {
    case 'BurnSigned':
      return burning(state, {
        ...redemption,
        reason: null,
        parts: [...parts, { ...event.data, effect: null }],
      });
    case 'BurnFound':
      return burning(state, { ...redemption, closing: null, parts: [...parts, event.data] });
    case 'BurnSettled': {
      const { transactionId, effect } = event.data;
      const counted = { ...redemption, closing: null, parts: replace(parts, transactionId, effect) };
      if (state.kind !== 'closed') return burning(state, counted);
      const why = 'a burn took effect after it was closed';
      return { kind: 'held', redemption: counted, why, from: { kind: 'burning' } };
    }
    case 'BurnUnsettled': {
      const { transactionId, why } = event.data;
      return burning(state, { ...redemption, reason: why, parts: replace(parts, transactionId, null) });
    }
    case 'BurnReleased': {
      const { transactionId, why } = event.data;
      const left = parts.filter((it) => it.transactionId !== transactionId);
      if (state.kind === 'closed') return { ...state, redemption: { ...redemption, parts: left } };
      return burning(state, { ...redemption, reason: why, parts: left });
    }
    default:
      return unreachable(event);
  }
}

/** The state that follows from the parts: nothing signed, some of it, or everything burned and returned. */
function burning(state: KnownRedemption, redemption: Redemption): RedemptionState {
  const left = uncovered(redemption);
  const isDone =
    left.quantity === 0n && left.dust === 0n && redemption.parts.every((it) => it.effect !== null);
  if (isDone && state.kind !== 'held') return { kind: 'completed', redemption };
  return withStage(state, redemption, { kind: redemption.parts.length === 0 ? 'journaled' : 'burning' });
}

function replace(
  parts: readonly BurnPart[],
  transactionId: string,
  effect: BurnPart['effect'],
): readonly BurnPart[] {
  return parts.map((it) => (it.transactionId === transactionId ? { ...it, effect } : it));
}

/** A held redemption stays held while what happens outside moves it underneath. */
function withStage(state: KnownRedemption, redemption: Redemption, stage: RedemptionStage): RedemptionState {
  return state.kind === 'held' ? { ...state, redemption, from: stage } : { ...stage, redemption };
}

function bare(stage: RedemptionStage): RedemptionStage {
  return stage.kind === 'detected' ? { kind: 'detected', waiting: stage.waiting } : { kind: stage.kind };
}

function newRedemption(
  transfer: Redemption['transfer'],
  clientId: string | null,
  splits: Redemption['splits'],
): Redemption {
  return {
    transfer,
    ...splitDust(transfer.amount),
    clientId,
    holder: transfer.holder,
    forwarding: null,
    forwards: 0,
    promise: null,
    tokenizationRequestId: null,
    parts: [],
    splits,
    reason: null,
    closing: null,
  };
}

function corrupt(state: RedemptionState, event: RedemptionEvent): IssuanceError {
  return new IssuanceError('log_corrupt', `a redemption that is ${state.kind} has the event ${event.type}`);
}
