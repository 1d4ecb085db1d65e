import { IssuanceError, unreachable } from '../primitives/failures.ts';
import type { KnownRedemption, RedemptionEvent, RedemptionState, RefundOrigin } from './state.ts';

export type RefundEvent = Extract<
  RedemptionEvent,
  { type: 'RefundStarted' | 'RedemptionRefunded' | 'RefundVanished' | 'RefundEnded' }
>;

/** Folds what its refund tells into a redemption. */
export function evolveRefund(state: KnownRedemption, event: RefundEvent): RedemptionState {
  const { redemption } = state;
  const origin = originOf(state, event);
  const { refundId } = event.data;
  switch (event.type) {
    case 'RefundStarted':
      return { kind: 'refunding', redemption, refundId, origin };
    case 'RedemptionRefunded': {
      const { transactionHash, returned } = event.data;
      const returnedOrdinal = returned?.ordinal ?? null;
      return { kind: 'refunded', redemption, refundId, transactionHash, returnedOrdinal, origin };
    }
    case 'RefundVanished':
      return { kind: 'refunding', redemption, refundId, origin };
    case 'RefundEnded':
      return { ...origin, redemption };
    default:
      return unreachable(event);
  }
}

function originOf(state: KnownRedemption, event: RefundEvent): RefundOrigin {
  switch (state.kind) {
    case 'refunding':
    case 'refunded':
      return state.origin;
    case 'held':
    case 'closed':
      return { kind: state.kind, why: state.why, from: state.from };
    case 'detected':
      return { kind: 'detected', waiting: state.waiting };
    case 'rejected':
    case 'requested':
    case 'journaled':
    case 'burning':
      return { kind: state.kind };
    case 'completed':
      throw new IssuanceError('log_corrupt', `a redemption that is completed has the event ${event.type}`);
    default:
      return unreachable(state);
  }
}
