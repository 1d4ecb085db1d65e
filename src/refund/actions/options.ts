import type { Address } from 'viem';
import type { WorkRow } from '../../engine/work.ts';
import type { Ledger } from '../../event-store/ledger.ts';
import type { RefundedBook } from '../../operation/refund-terms.ts';
import type { Clock } from '../../ports/ports.ts';
import type { Splits } from '../../receipt/splits.ts';
import type { TransactionDesk } from '../../transaction/desk.ts';

/** What operators' actions on refunds ask, and where they write. */
export interface RefundActionOptions {
  readonly ledger: Ledger;
  readonly book: RefundedBook;
  readonly splits: Pick<Splits, 'now'>;
  readonly desk: TransactionDesk;
  readonly clock: Clock;
  /** Our signers on a network, retired ones too, in lower case. */
  readonly wallets: (network: string) => readonly Address[];
  /** The row of work of an operation; null at its end. */
  readonly work: (id: string) => Promise<WorkRow | null>;
}
