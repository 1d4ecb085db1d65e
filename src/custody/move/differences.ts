import { formatQuantity } from '../../primitives/quantity.ts';
import type { Difference } from '../../receipt/reconciliation.ts';

/** A difference between the books and the chain, for people. */
export function differenceText(it: Difference): string {
  const on = `on ${it.vault}`;
  switch (it.kind) {
    case 'receipt': {
      const books = `${formatQuantity(it.balanceBefore)} of ${it.holderBefore} in the books`;
      const chain = `${formatQuantity(it.balance)} of ${it.holder} on chain`;
      return `receipt ${String(it.receiptId)} ${on}: ${books}, ${chain}; corrected`;
    }
    case 'shares':
      return `our wallets hold ${formatQuantity(it.shares)} ${on} and owe ${formatQuantity(it.owed)}`;
    case 'not_compared':
      return `the vault ${it.vault} is still being caught up with`;
    default:
      return it satisfies never;
  }
}
