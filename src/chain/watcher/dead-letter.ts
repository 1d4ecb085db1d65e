import type { EventStore, RowWrite, TableDefinition } from '../../event-store/event-store.ts';
import type { RawLog } from '../raw-log.ts';

/** Logs of our contracts that could not be read. They do not hold up the others; a person must look. */
export const DEAD_LETTER_TABLE: TableDefinition = {
  name: 'dead_letter',
  columns: {
    chain_id: 'integer',
    block_hash: 'text',
    log_index: 'integer',
    block_number: 'integer',
    transaction_hash: 'text',
    address: 'text',
    topics: 'json',
    data: 'text',
    why: 'text',
  },
  required: ['block_number', 'transaction_hash', 'address', 'topics', 'data', 'why'],
  key: ['chain_id', 'block_hash', 'log_index'],
  indexes: [['chain_id', 'block_number']],
  source: 'operational',
};

export interface DeadLetter {
  readonly log: RawLog;
  readonly why: string;
}

/** Leaves out those that are kept already: every log is read twice. */
export async function newDeadLetters(
  store: EventStore,
  chainId: number,
  letters: readonly DeadLetter[],
): Promise<readonly DeadLetter[]> {
  const fresh: DeadLetter[] = [];
  for (const letter of letters) {
    const { blockHash, logIndex } = letter.log;
    const where = { chain_id: chainId, block_hash: blockHash, log_index: logIndex };
    if ((await store.count({ table: DEAD_LETTER_TABLE.name, where })) === 0) fresh.push(letter);
  }
  return fresh;
}

export function deadLetterWrites(chainId: number, letters: readonly DeadLetter[]): readonly RowWrite[] {
  return letters.map(({ log, why }) => ({
    op: 'upsert',
    table: DEAD_LETTER_TABLE.name,
    row: {
      chain_id: chainId,
      block_hash: log.blockHash,
      log_index: log.logIndex,
      block_number: Number(log.blockNumber),
      transaction_hash: log.transactionHash,
      address: log.address,
      topics: log.topics,
      data: log.data,
      why,
    },
  }));
}
