import type { Address } from 'viem';
import type { TableDefinition } from '../event-store/event-store.ts';
import type { ImpliedRow, StreamFacts, StreamKind } from '../event-store/ledger.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { ReceiptEvent, ReceiptState } from './receipt.ts';
import { evolveReceipt, freeShares, isOverdrawn, reservedShares } from './receipt.ts';
import { SPLIT_TABLE } from './splits.ts';

/** What each receipt holds now. Deposit facts stand apart, since they outlive every balance. */
export const RECEIPT_TABLE: TableDefinition = {
  name: 'receipt',
  columns: {
    chain_id: 'integer',
    vault: 'text',
    receipt_id: 'text',
    holder: 'text',
    balance: 'bigint',
    reserved: 'bigint',
    free_rank: 'text',
    in_use: 'bool',
    overdrawn: 'bool',
    reading_due: 'bool',
    due_from_block: 'integer',
    observed_block: 'integer',
    observed_hash: 'text',
  },
  required: ['reserved', 'free_rank', 'in_use', 'overdrawn', 'reading_due', 'due_from_block'],
  key: ['chain_id', 'vault', 'receipt_id'],
  indexes: [
    ['chain_id', 'vault', 'holder', 'free_rank'],
    ['chain_id', 'reading_due', 'vault', 'receipt_id'],
    ['chain_id', 'in_use', 'vault', 'receipt_id'],
    ['chain_id', 'vault', 'overdrawn'],
  ],
  source: 'log',
};

/** Every deposit of ours, for ever. */
export const RECEIPT_DEPOSIT_TABLE: TableDefinition = {
  name: 'receipt_deposit',
  columns: {
    chain_id: 'integer',
    vault: 'text',
    receipt_id: 'text',
    operation_id: 'name',
    sender: 'text',
    owner: 'text',
    shares: 'bigint',
    transaction_hash: 'text',
    block_number: 'integer',
  },
  required: ['sender', 'owner', 'shares', 'transaction_hash', 'block_number'],
  key: ['chain_id', 'vault', 'receipt_id'],
  indexes: [['operation_id'], ['transaction_hash']],
  source: 'log',
};

/**
 * Shares promised to redemptions that Alpaca was or is about to be asked for, and whose burn is not signed
 * yet. The redemption's state implies the row.
 */
export const PROMISE_TABLE: TableDefinition = {
  name: 'promise',
  columns: {
    redemption_id: 'name',
    chain_id: 'integer',
    vault: 'text',
    holder: 'text',
    shares: 'bigint',
  },
  required: ['chain_id', 'vault', 'holder', 'shares'],
  key: ['redemption_id'],
  indexes: [['chain_id', 'vault', 'redemption_id']],
  source: 'log',
};

/** Last comparison of the wallets' shares of a vault with what is owed from them. */
export const VAULT_BALANCE_TABLE: TableDefinition = {
  name: 'vault_balance',
  columns: {
    chain_id: 'integer',
    vault: 'text',
    shares: 'bigint',
    owed: 'bigint',
    block_number: 'integer',
    mismatches: 'integer',
  },
  required: ['shares', 'owed', 'block_number', 'mismatches'],
  key: ['chain_id', 'vault'],
  source: 'operational',
};

/** All tables of this feature, for the composition root. */
export const RECEIPT_TABLES: readonly TableDefinition[] = [
  RECEIPT_TABLE,
  RECEIPT_DEPOSIT_TABLE,
  PROMISE_TABLE,
  VAULT_BALANCE_TABLE,
  SPLIT_TABLE,
];

/** A uint256 has at most 78 decimal digits. */
const RANK_DIGITS = 78;

/** Text that sorts like the number, for columns by which receipts are chosen. */
export function rankOf(shares: bigint): string {
  return shares.toString().padStart(RANK_DIGITS, '0');
}

/** Id of a receipt's stream: chain id, vault in lower case, receipt id. */
export function receiptStreamId(chainId: number, vault: Address, receiptId: bigint): string {
  return `${chainId}/${vault.toLowerCase()}/${receiptId}`;
}

/** @throws IssuanceError `log_corrupt` when it is not the id of a receipt's stream. */
export function parseReceiptStreamId(id: string): { chainId: number; vault: Address; receiptId: bigint } {
  const match = /^(\d+)\/(0x[0-9a-f]{40})\/(\d+)$/.exec(id);
  const [, chainId, vault, receiptId] = match ?? [];
  if (chainId === undefined || vault === undefined || receiptId === undefined) {
    throw new IssuanceError('log_corrupt', `receipt/${id} is not a receipt's stream`);
  }
  return { chainId: Number(chainId), vault: vault as Address, receiptId: BigInt(receiptId) };
}

function rows(state: ReceiptState, facts: StreamFacts): readonly ImpliedRow[] {
  if (state.kind === 'none') return [];
  const { chainId, vault, receiptId } = parseReceiptStreamId(facts.id);
  const key = { chain_id: chainId, vault, receipt_id: receiptId.toString() };
  const { deposit, reading } = state;
  const reserved = reservedShares(state);
  const holding = {
    ...key,
    holder: reading?.holder ?? null,
    balance: reading?.balance ?? null,
    reserved,
    free_rank: rankOf(freeShares(state)),
    in_use: reserved > 0n || (reading?.balance ?? 0n) > 0n,
    overdrawn: isOverdrawn(state),
    reading_due: state.readingDue,
    due_from_block: Number(state.floorBlock),
    observed_block: reading === null ? null : Number(reading.blockNumber),
    observed_hash: reading?.blockHash ?? null,
  };
  const holdingRow = { table: RECEIPT_TABLE.name, row: holding };
  if (deposit === null) return [holdingRow];
  const depositRow = {
    ...key,
    operation_id: deposit.operationId,
    sender: deposit.sender,
    owner: deposit.owner,
    shares: deposit.shares,
    transaction_hash: deposit.transactionHash,
    block_number: Number(deposit.blockNumber),
  };
  return [holdingRow, { table: RECEIPT_DEPOSIT_TABLE.name, row: depositRow }];
}

export const receiptKind: StreamKind<ReceiptState, ReceiptEvent> = {
  category: 'receipt',
  initialState: { kind: 'none' },
  evolve: evolveReceipt,
  phase: (state) =>
    state.kind === 'none'
      ? 'none'
      : state.reading === null
        ? 'unread'
        : state.reading.balance > 0n
          ? 'held'
          : 'empty',
  rows,
};
