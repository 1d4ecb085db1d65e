import type { Hex } from 'viem';
import { IssuanceError, unreachable } from '../primitives/failures.ts';
import type { RedemptionEvent, RedemptionState } from './state.ts';

/** What its refund, an operation of its own, tells a redemption. */
export type RefundCommand =
  /** An operator wants the tokens to go back; Alpaca was asked whether it knows of them. */
  | { readonly type: 'startRefund'; readonly refundId: string; readonly found: readonly string[] }
  | { readonly type: 'settleRefund'; readonly refundId: string; readonly transactionHash: Hex }
  /** A final block holds the refund, by a transaction that the database forgot. */
  | { readonly type: 'findRefund'; readonly refundId: string; readonly transactionHash: Hex }
  /** A final block holds a transfer back that a person made past the refund. */
  | {
      readonly type: 'returnByHand';
      readonly refundId: string;
      readonly transactionHash: Hex;
      readonly ordinal: number;
      readonly amount: bigint;
      readonly found: readonly string[];
    }
  | { readonly type: 'vanishRefund'; readonly refundId: string; readonly why: string }
  /** `doubt`: why the tokens may have gone back all the same. */
  | {
      readonly type: 'endRefund';
      readonly refundId: string;
      readonly why: string;
      readonly doubt: string | null;
    };

/** @throws IssuanceError `operation_state` */
export function decideRefund(command: RefundCommand, state: RedemptionState): readonly RedemptionEvent[] {
  const { refundId } = command;
  switch (command.type) {
    case 'startRefund': {
      if (state.kind === 'refunding' && state.refundId === refundId) return [];
      if (!isRefundable(state)) throw misfit('refund', state);
      return [{ type: 'RefundStarted', data: { refundId, found: command.found } }];
    }
    case 'settleRefund': {
      const { transactionHash } = command;
      if (state.kind === 'refunded' && state.transactionHash === transactionHash) return [];
      if (state.kind !== 'refunding' || state.refundId !== refundId)
        throw misfit('settle a refund of', state);
      return [{ type: 'RedemptionRefunded', data: { refundId, transactionHash } }];
    }
    case 'findRefund': {
      const { transactionHash } = command;
      if (state.kind === 'refunded' && state.transactionHash === transactionHash) return [];
      const isWhole = 'redemption' in state && state.redemption.parts.length === 0;
      if (!isWhole || state.kind === 'completed' || state.kind === 'refunded') {
        throw misfit('settle a refund of', state);
      }
      return [{ type: 'RedemptionRefunded', data: { refundId, transactionHash } }];
    }
    case 'returnByHand': {
      const { transactionHash, ordinal, amount, found } = command;
      if (state.kind === 'refunded' && state.transactionHash === transactionHash) return [];
      if (!isRefundable(state)) throw misfit('count the return of', state);
      const returned = { ordinal, amount, found };
      return [{ type: 'RedemptionRefunded', data: { refundId, transactionHash, returned } }];
    }
    case 'vanishRefund':
      if (state.kind !== 'refunded' || state.refundId !== refundId) return [];
      return [{ type: 'RefundVanished', data: { refundId, why: command.why } }];
    case 'endRefund': {
      if (state.kind !== 'refunding' || state.refundId !== refundId) return [];
      const ended: RedemptionEvent = { type: 'RefundEnded', data: { refundId, why: command.why } };
      // It would bring itself before Alpaca, for tokens that may be gone.
      if (command.doubt === null || state.origin.kind !== 'detected') return [ended];
      return [ended, { type: 'RedemptionHeld', data: { why: command.doubt } }];
    }
    default:
      return unreachable(command);
  }
}

/**
 * Alpaca rejected it, or was not asked and nothing of it was burned. What was closed after Alpaca may have been asked
 * was closed since Alpaca did not know it, and nothing asks for it any more.
 */
export function isRefundable(state: RedemptionState): boolean {
  if ('redemption' in state && state.redemption.forwarding !== null) return false;
  if (state.kind === 'rejected') return true;
  if (state.kind === 'closed') return state.from.kind === 'detected';
  const stage = state.kind === 'held' ? state.from : state;
  return stage.kind === 'detected' && 'redemption' in state && state.redemption.promise === null;
}

function misfit(verb: string, state: RedemptionState): IssuanceError {
  return new IssuanceError('operation_state', `cannot ${verb} a redemption that is ${state.kind}`);
}
