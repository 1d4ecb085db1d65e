import type { Address, Hex } from 'viem';
import { IssuanceError, unreachable } from '../primitives/failures.ts';
import { owedShares } from './owed.ts';
import type { RedemptionEvent, RedemptionState } from './state.ts';

/** What the transfer of its shares to another signer of ours tells a redemption. */
export type ForwardCommand =
  | { readonly type: 'startForward'; readonly transferId: string; readonly to: Address }
  | {
      readonly type: 'settleForward';
      readonly transferId: string;
      readonly to: Address;
      readonly transactionHash: Hex;
      /** A final block holds it, by a transaction that the database forgot. */
      readonly found: boolean;
    }
  | {
      readonly type: 'vanishForward';
      readonly transferId: string;
      readonly from: Address;
      readonly why: string;
    }
  | { readonly type: 'endForward'; readonly transferId: string; readonly why: string };

/** @throws IssuanceError `operation_state` */
export function decideForward(command: ForwardCommand, state: RedemptionState): readonly RedemptionEvent[] {
  const { transferId } = command;
  const redemption = 'redemption' in state ? state.redemption : null;
  const isUnderWay = redemption?.forwarding === transferId;
  switch (command.type) {
    case 'startForward':
      if (isUnderWay) return [];
      if (!isForwardable(state)) throw misfit('hand over the shares of', state);
      return [{ type: 'ForwardStarted', data: { transferId, to: command.to } }];
    case 'settleForward': {
      const { to, transactionHash, found } = command;
      const settled: RedemptionEvent = { type: 'SharesForwarded', data: { transferId, to, transactionHash } };
      if (isUnderWay) return [settled];
      if (!found || !isForwardable(state)) throw misfit('settle a transfer of', state);
      return [{ type: 'ForwardStarted', data: { transferId, to } }, settled];
    }
    case 'vanishForward': {
      const { from, why } = command;
      if (redemption === null || redemption.forwarding !== null) return [];
      return [{ type: 'ForwardVanished', data: { transferId, from, why } }];
    }
    case 'endForward': {
      if (!isUnderWay) return [];
      const { why } = command;
      const ended: RedemptionEvent = { type: 'ForwardEnded', data: { transferId, why } };
      // It would begin the next one at once, against the will of whoever ended this one.
      if (state.kind !== 'detected') return [ended];
      return [ended, { type: 'RedemptionHeld', data: { why: `its transfer ${transferId} ended: ${why}` } }];
    }
    default:
      return unreachable(command);
  }
}

/** Nothing else is done with its shares: Alpaca was not asked for it, or it came to an end with shares left. */
export function isForwardable(state: RedemptionState): boolean {
  if (!('redemption' in state) || state.redemption.forwarding !== null) return false;
  const { promise, parts } = state.redemption;
  if (owedShares(state) === 0n || parts.some((it) => it.effect === null)) return false;
  if (state.kind === 'rejected' || state.kind === 'closed') return true;
  const stage = state.kind === 'held' ? state.from : state;
  return stage.kind === 'detected' && promise === null;
}

function misfit(verb: string, state: RedemptionState): IssuanceError {
  return new IssuanceError('operation_state', `cannot ${verb} a redemption that is ${state.kind}`);
}
