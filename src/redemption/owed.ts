import type { RedemptionState } from './state.ts';
import { burnedBy, isGone } from './state.ts';

/**
 * What of the transfer still lies in our wallets, in 10⁻¹⁸ shares. What is older than our beginning is not ours to
 * account for.
 */
export function owedShares(state: Exclude<RedemptionState, { readonly kind: 'none' }>): bigint {
  if (state.kind === 'recorded') return state.why === 'dust_only' ? state.transfer.amount : 0n;
  if (state.kind === 'refunded' || isGone(state)) return 0n;
  const burned = burnedBy(state.redemption);
  return state.redemption.transfer.amount - burned.quantity - burned.dust;
}
