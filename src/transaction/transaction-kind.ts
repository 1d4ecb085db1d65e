import { workRow } from '../engine/work.ts';
import type { TableDefinition } from '../event-store/event-store.ts';
import type { ImpliedRow, StreamFacts, StreamKind } from '../event-store/ledger.ts';
import { laneId } from './lane-id.ts';
import type { TransactionEvent, TransactionState } from './transaction-state.ts';
import { evolveTransaction, greatestCost, newestVariant } from './transaction-state.ts';

/** One row per nonce that we ever signed for. The next nonce of a lane is read from it. */
export const TRANSACTION_TABLE: TableDefinition = {
  name: 'transaction',
  columns: {
    id: 'name',
    lane: 'name',
    network: 'text',
    chain_id: 'integer',
    signer: 'text',
    nonce: 'integer',
    phase: 'text',
    kind: 'text',
    vault: 'text',
    /** Of the transaction that used the nonce; of the newest variant while none did. */
    hash: 'text',
    outcome: 'text',
    block_number: 'integer',
    /** Wei. */
    greatest_cost: 'bigint',
    operations: 'integer',
  },
  required: ['lane', 'network', 'chain_id', 'signer', 'nonce', 'phase', 'hash', 'greatest_cost'],
  key: ['id'],
  unique: [['lane', 'nonce']],
  indexes: [['lane', 'phase', 'nonce']],
  source: 'log',
};

/** Every hash that we ever signed. */
export const TRANSACTION_HASH_TABLE: TableDefinition = {
  name: 'transaction_hash',
  columns: { chain_id: 'integer', hash: 'text', transaction_id: 'name', body: 'text' },
  required: ['transaction_id', 'body'],
  key: ['chain_id', 'hash'],
  indexes: [['transaction_id']],
  source: 'log',
};

function rows(state: TransactionState, facts: StreamFacts): readonly ImpliedRow[] {
  if (state.phase === 'none') return [];
  const { network, chainId, signer, nonce, kind, vault } = state;
  const mined = state.phase === 'pending' ? null : state.mined;
  const row = {
    id: facts.id,
    lane: laneId(chainId, signer),
    network,
    chain_id: chainId,
    signer,
    nonce,
    phase: state.phase,
    kind,
    vault,
    hash: mined?.hash ?? newestVariant(state).hash,
    outcome: state.phase === 'final' ? state.outcome : null,
    block_number: mined === null ? null : Number(mined.blockNumber),
    greatest_cost: greatestCost(state),
    operations: state.operations.length,
  };
  const hashes = state.variants.map(({ hash, body }) => ({
    table: TRANSACTION_HASH_TABLE.name,
    row: { chain_id: chainId, hash, transaction_id: facts.id, body },
  }));
  const next =
    state.phase === 'final'
      ? ({ kind: 'none' } as const)
      : ({ kind: 'step', dependency: `chain:${network}` } as const);
  return [
    { table: TRANSACTION_TABLE.name, row },
    ...hashes,
    ...workRow({ kind: 'transaction', phase: state.phase, next, network }, facts),
  ];
}

export const transactionKind: StreamKind<TransactionState, TransactionEvent> = {
  category: 'transaction',
  initialState: { phase: 'none' },
  evolve: evolveTransaction,
  phase: (state) => state.phase,
  rows,
};
