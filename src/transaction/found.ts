import type { Address, Hex } from 'viem';
import type { RpcTransaction } from '../chain/rpc/types.ts';
import type { EventStore, Row, RowWrite, TableDefinition } from '../event-store/event-store.ts';
import { readTag } from '../vault/tag.ts';
import type { LaneId } from './lane-feature.ts';
import { laneId } from './lane-id.ts';

/**
 * Transactions of our signers that this database never signed: it is older than its signatures, or somebody else has
 * the key. Rows are operational: they come from the chain, not from the log.
 *
 * States: `new`; `settled` (every operation of its tag); `unexplained` (some could not be settled; looked at again
 * when such an operation is planned); `untagged` (touched a vault without naming operations); `seen` (untagged, and
 * the lane was stopped for it); `void` (without effect: reverted, or another transaction used its nonce).
 */
export const FOUND_TRANSACTION_TABLE: TableDefinition = {
  name: 'found_transaction',
  columns: {
    chain_id: 'integer',
    hash: 'text',
    lane: 'text',
    signer: 'text',
    nonce: 'integer',
    vault: 'text',
    operation_ids: 'json',
    block_number: 'integer',
    block_hash: 'text',
    state: 'text',
  },
  required: ['lane', 'signer', 'nonce', 'operation_ids', 'state'],
  key: ['chain_id', 'hash'],
  indexes: [['lane', 'state']],
  source: 'operational',
};

/** Which operations the found transactions name: asked before any of them is signed. */
export const FOUND_OPERATION_TABLE: TableDefinition = {
  name: 'found_operation',
  columns: { operation_id: 'text', chain_id: 'integer', hash: 'text', open: 'bool' },
  required: ['open'],
  key: ['operation_id', 'chain_id', 'hash'],
  indexes: [['chain_id', 'hash']],
  source: 'operational',
};

export type FoundState = 'new' | 'settled' | 'unexplained' | 'untagged' | 'seen' | 'void';

export interface FoundTransaction {
  readonly chainId: number;
  readonly hash: Hex;
  readonly lane: LaneId;
  readonly signer: Address;
  readonly nonce: number;
  readonly vault: Address;
  readonly operationIds: readonly string[];
  readonly state: FoundState;
}

/**
 * Rows for a transaction of our signer that is not ours by this database; none when it is recorded already. They are
 * inserts: a `UniqueViolation` means that another commit just recorded it, and the step is to be repeated.
 */
export async function recordFound(
  store: EventStore,
  chainId: number,
  found: RpcTransaction,
): Promise<readonly RowWrite[]> {
  const { hash } = found;
  const known = await store.find({
    table: FOUND_TRANSACTION_TABLE.name,
    where: { chain_id: chainId, hash },
    limit: 1,
  });
  if (known.length > 0) return [];
  const operationIds = readTag(found.input)?.operationIds ?? null;
  const row = {
    chain_id: chainId,
    hash,
    lane: laneId(chainId, found.from),
    signer: found.from,
    nonce: found.nonce,
    vault: found.to ?? found.from,
    operation_ids: operationIds ?? [],
    block_number: found.blockNumber === null ? null : Number(found.blockNumber),
    block_hash: found.blockHash,
    state: operationIds === null ? 'untagged' : 'new',
  };
  const operations = [...new Set(operationIds)].map((operationId): RowWrite => ({
    op: 'insert',
    table: FOUND_OPERATION_TABLE.name,
    row: { operation_id: operationId, chain_id: chainId, hash, open: true },
  }));
  return [{ op: 'insert', table: FOUND_TRANSACTION_TABLE.name, row }, ...operations];
}

/** Rows that say that the lane is stopped for this transaction, whether or not the scan has found it yet. */
export async function recordSeen(
  store: EventStore,
  chainId: number,
  found: RpcTransaction,
): Promise<readonly RowWrite[]> {
  const state: FoundState = 'seen';
  const inserts = await recordFound(store, chainId, found);
  if (inserts.length > 0) {
    return inserts.map((write) =>
      write.op === 'insert' && write.table === FOUND_TRANSACTION_TABLE.name
        ? { ...write, row: { ...write.row, state } }
        : write,
    );
  }
  const key = { chain_id: chainId, hash: found.hash };
  return [{ op: 'update', table: FOUND_TRANSACTION_TABLE.name, key, set: { state } }];
}

/** A lane's found transactions in these states, oldest block first; at most 1,000. */
export async function findFound(
  store: EventStore,
  lane: LaneId,
  states: readonly FoundState[],
): Promise<readonly FoundTransaction[]> {
  const rows = await store.find({
    table: FOUND_TRANSACTION_TABLE.name,
    where: { lane, state: { in: states } },
    orderBy: [['nonce', 'asc']],
    limit: 1_000,
  });
  return rows.map(readFound);
}

/** The found transactions that name these operations and did not settle them. */
export async function foundNaming(
  store: EventStore,
  chainId: number,
  operationIds: readonly string[],
): Promise<ReadonlyMap<string, FoundTransaction>> {
  const naming = new Map<string, FoundTransaction>();
  if (operationIds.length === 0) return naming;
  const rows = await store.find({
    table: FOUND_OPERATION_TABLE.name,
    where: { chain_id: chainId, operation_id: { in: operationIds }, open: true },
    limit: 10_000,
  });
  for (const row of rows) {
    const [found] = await store.find({
      table: FOUND_TRANSACTION_TABLE.name,
      where: { chain_id: chainId, hash: row['hash'] as string },
      limit: 1,
    });
    if (found !== undefined) naming.set(row['operation_id'] as string, readFound(found));
  }
  return naming;
}

function readFound(row: Row): FoundTransaction {
  return {
    chainId: row['chain_id'] as number,
    hash: row['hash'] as Hex,
    lane: row['lane'] as string,
    signer: row['signer'] as Address,
    nonce: row['nonce'] as number,
    vault: row['vault'] as Address,
    operationIds: row['operation_ids'] as readonly string[],
    state: row['state'] as FoundState,
  };
}

/** Rows that say what came of a found transaction. Operations that are not `open` may be signed again. */
export function foundOutcome(
  found: FoundTransaction,
  state: FoundState,
  openOperationIds: readonly string[],
): readonly RowWrite[] {
  const { chainId, hash } = found;
  const open = new Set(openOperationIds);
  const operations = [...new Set(found.operationIds)].map((operationId): RowWrite => ({
    op: 'update',
    table: FOUND_OPERATION_TABLE.name,
    key: { operation_id: operationId, chain_id: chainId, hash },
    set: { open: open.has(operationId) },
  }));
  return [
    { op: 'update', table: FOUND_TRANSACTION_TABLE.name, key: { chain_id: chainId, hash }, set: { state } },
    ...operations,
  ];
}
