import type { Address } from 'viem';

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

export const ZERO_ADDRESS: Address = '0x0000000000000000000000000000000000000000';

/** Addresses are kept in lower case everywhere inside; null when the text is not one. */
export function parseAddress(text: string): Address | null {
  return ADDRESS.test(text) ? (text.toLowerCase() as Address) : null;
}
