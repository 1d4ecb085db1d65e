import type { Address } from 'viem';

/** What is to be done with shares that lie in a wallet of ours. */
export type Standing =
  | { readonly kind: 'in_charge' }
  /** They go to the one in charge first. */
  | { readonly kind: 'hand_over'; readonly to: Address }
  /** Its key is not at hand, so that nothing can be done with them. */
  | { readonly kind: 'no_key' };
