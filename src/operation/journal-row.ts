import type { TableDefinition } from '../event-store/event-store.ts';
import type { ImpliedRow } from '../event-store/ledger.ts';

/** Journals at Alpaca that operators named as evidence. The key makes sure that each stands for one mint only. */
export const JOURNAL_TABLE: TableDefinition = {
  name: 'journal_evidence',
  columns: { journal_id: 'text', operation_id: 'name' },
  required: ['operation_id'],
  key: ['journal_id'],
  source: 'log',
};

export function journalRow(journalId: string, operationId: string): ImpliedRow {
  return { table: JOURNAL_TABLE.name, row: { journal_id: journalId, operation_id: operationId } };
}
