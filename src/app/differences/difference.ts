import type { Row, TableDefinition } from '../../event-store/event-store.ts';

/** What two of our books, or a book and the world, do not agree in. */
export const DIFFERENCE_KINDS = ['custody', 'supply', 'shares', 'receipt', 'deposit'] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

/** One difference, by what it is of. Quantities in 10⁻¹⁸. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** The same for the same thing at every look: an underlying, a vault, a receipt. */
  readonly subject: string;
  readonly underlying: string | null;
  readonly network: string | null;
  readonly vault: string | null;
  readonly receiptId: string | null;
  readonly transactionHash: string | null;
  readonly expected: bigint;
  readonly found: bigint;
  /** Something under way may explain it yet: it is looked at again, and no alarm is raised meanwhile. */
  readonly isSettling?: boolean;
}

export interface StandingDifference extends Difference {
  readonly sinceMs: number;
  /** Looks in a row that found it. */
  readonly looks: number;
  /** An alarm was raised for it. */
  readonly told: boolean;
}

/** Differences that were found at the last look, and since when. */
export const DIFFERENCE_TABLE: TableDefinition = {
  name: 'difference',
  columns: {
    kind: 'text',
    subject: 'text',
    underlying: 'text',
    network: 'text',
    vault: 'text',
    receipt_id: 'text',
    transaction_hash: 'text',
    expected: 'bigint',
    found: 'bigint',
    since_ms: 'integer',
    looks: 'integer',
    told: 'bool',
  },
  required: ['expected', 'found', 'since_ms', 'looks', 'told'],
  key: ['kind', 'subject'],
  source: 'operational',
};

export function differenceRow(it: StandingDifference): Row {
  return {
    kind: it.kind,
    subject: it.subject,
    underlying: it.underlying,
    network: it.network,
    vault: it.vault,
    receipt_id: it.receiptId,
    transaction_hash: it.transactionHash,
    expected: it.expected,
    found: it.found,
    since_ms: it.sinceMs,
    looks: it.looks,
    told: it.told,
  };
}

export function readDifference(row: Row): StandingDifference {
  return {
    kind: row['kind'] as DifferenceKind,
    subject: row['subject'] as string,
    underlying: row['underlying'] as string | null,
    network: row['network'] as string | null,
    vault: row['vault'] as string | null,
    receiptId: row['receipt_id'] as string | null,
    transactionHash: row['transaction_hash'] as string | null,
    expected: row['expected'] as bigint,
    found: row['found'] as bigint,
    sinceMs: row['since_ms'] as number,
    looks: row['looks'] as number,
    told: row['told'] as boolean,
  };
}
