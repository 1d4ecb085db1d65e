import { unreachable } from '../primitives/failures.ts';
import type { KnownRedemption, Redemption, RedemptionEvent, RedemptionState } from './state.ts';

export type ForwardEvent = Extract<
  RedemptionEvent,
  { type: 'ForwardStarted' | 'SharesForwarded' | 'ForwardVanished' | 'ForwardEnded' }
>;

/** Folds what the transfer of its shares to another signer of ours tells into a redemption. Its state stays. */
export function evolveForward(state: KnownRedemption, event: ForwardEvent): RedemptionState {
  const next = { ...state, redemption: withEvent(state.redemption, event) };
  // What it waited for before is looked at anew.
  if (next.kind === 'detected') return { ...next, waiting: null };
  const isDetected = next.kind === 'held' && next.from.kind === 'detected';
  return isDetected ? { ...next, from: { kind: 'detected', waiting: null } } : next;
}

function withEvent(redemption: Redemption, event: ForwardEvent): Redemption {
  const { transferId } = event.data;
  switch (event.type) {
    case 'ForwardStarted':
      return { ...redemption, forwarding: transferId, forwards: redemption.forwards + 1 };
    case 'SharesForwarded':
      return { ...redemption, forwarding: null, holder: event.data.to };
    case 'ForwardVanished':
      return { ...redemption, forwarding: transferId, holder: event.data.from };
    case 'ForwardEnded':
      return { ...redemption, forwarding: null };
    default:
      return unreachable(event);
  }
}
