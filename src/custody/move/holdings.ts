import type { Address } from 'viem';
import type { EventStore, Row } from '../../event-store/event-store.ts';
import { WORK_TABLE } from '../../engine/work.ts';
import { OPERATION_TABLE } from '../../operation/operation-row.ts';
import { eachRow, sumPromises } from '../../receipt/list-inventory.ts';
import { RECEIPT_DEPOSIT_TABLE, RECEIPT_TABLE } from '../../receipt/receipt-kind.ts';
import { CALL_TABLE, OPEN_CALL_PHASES } from '../../transaction/calls/call-kind.ts';
import { laneId } from '../../transaction/lane-id.ts';
import { TRANSACTION_TABLE } from '../../transaction/transaction-kind.ts';

/** What the books say that a signer has of one vault; in 10⁻¹⁸ shares. */
export interface Holdings {
  readonly vault: Address;
  /** Receipts that hold something. */
  readonly receipts: number;
  readonly receiptShares: bigint;
  /** Of them, those that a burn or a transfer has reserved. */
  readonly reserved: number;
  /** Promised to redemptions whose burns are not signed yet. */
  readonly promised: bigint;
  /** Receipts whose balance is about to be read. */
  readonly unread: number;
}

/** Adds up what a signer has of a vault; with `atMost`, of so many receipts, which tells whether anything is left. */
export async function readHoldings(
  store: EventStore,
  chainId: number,
  vault: Address,
  holder: Address,
  atMost: number | null = null,
): Promise<Holdings> {
  let [receipts, receiptShares, reserved] = [0, 0n, 0];
  const where = { chain_id: chainId, in_use: true, vault, holder };
  const query = { table: RECEIPT_TABLE.name, where };
  const take = (row: Row): void => {
    const balance = (row['balance'] ?? 0n) as bigint;
    if (balance > 0n) receipts += 1;
    if ((row['reserved'] as bigint) > 0n) reserved += 1;
    receiptShares += balance;
  };
  if (atMost === null) await eachRow(store, query, ['receipt_id'], take);
  else
    for (const row of await store.find({ ...query, orderBy: [['receipt_id', 'asc']], limit: atMost }))
      take(row);
  const unread = await countUnread(store, chainId, vault, holder);
  const promised = await sumPromises(store, chainId, vault, holder);
  return { vault, receipts, receiptShares, reserved, promised, unread };
}

/** Receipts whose balance is about to be read: of the holder, or deposited to it and never read. */
async function countUnread(
  store: EventStore,
  chainId: number,
  vault: Address,
  holder: Address,
): Promise<number> {
  const ids: string[] = [];
  let count = 0;
  const where = { chain_id: chainId, reading_due: true, vault };
  await eachRow(store, { table: RECEIPT_TABLE.name, where }, ['receipt_id'], (row) => {
    if (row['holder'] === holder) count += 1;
    if (row['holder'] === null) ids.push(row['receipt_id'] as string);
  });
  for (const id of ids) {
    const deposit = { chain_id: chainId, vault, receipt_id: id };
    const [row] = await store.find({ table: RECEIPT_DEPOSIT_TABLE.name, where: deposit, limit: 1 });
    if (row === undefined || row['owner'] === holder) count += 1;
  }
  return count;
}

/** What is open in a lane. */
export interface LaneWork {
  /** Operations that are ready for it. */
  readonly ready: number;
  /** Transactions, or calls of a custodian, that no final block shows. */
  readonly unfinal: number;
  /** Highest nonce that we signed for; null for none, as where a custodian owns the nonces. */
  readonly lastNonce: number | null;
  /** A custodian was asked for calls of it. */
  readonly hasCalls: boolean;
}

export async function readLaneWork(store: EventStore, chainId: number, signer: Address): Promise<LaneWork> {
  const lane = laneId(chainId, signer);
  const table = TRANSACTION_TABLE.name;
  const [last] = await store.find({ table, where: { lane }, orderBy: [['nonce', 'desc']], limit: 1 });
  const [call] = await store.find({ table: CALL_TABLE.name, where: { lane }, limit: 1 });
  const unfinal = [
    ...['pending', 'mined'].map((phase) => store.count({ table, where: { lane, phase } })),
    store.count({ table: CALL_TABLE.name, where: { lane, phase: { in: OPEN_CALL_PHASES } } }),
  ];
  return {
    ready: await store.count({ table: WORK_TABLE.name, where: { lane } }),
    unfinal: (await Promise.all(unfinal)).reduce((sum, it) => sum + it, 0),
    lastNonce: last === undefined ? null : (last['nonce'] as number),
    hasCalls: call !== undefined,
  };
}

/** Transfers of a vault that are not at their end. */
export function countOpenTransfers(store: EventStore, chainId: number, vault: Address): Promise<number> {
  const state = { in: ['requested', 'submitted', 'held'] };
  return store.count({
    table: OPERATION_TABLE.name,
    where: { kind: 'transfer', state, chain_id: chainId, vault },
  });
}
