import type { EventStore, Row, StoredEvent, TableDefinition } from '../../event-store/event-store.ts';
import { NETWORK_TABLE } from '../../chain/watcher/network.ts';
import { OPERATION_TABLE } from '../../operation/operation-row.ts';
import type { ReceiptEvent } from '../../receipt/receipt.ts';
import {
  parseReceiptStreamId,
  receiptKind,
  RECEIPT_DEPOSIT_TABLE,
  RECEIPT_TABLE,
} from '../../receipt/receipt-kind.ts';
import type { VaultView } from '../../asset/assets.ts';
import type { Differences } from './create-differences.ts';
import type { Difference } from './difference.ts';

/** Up to which position of the log each look that follows it has come. */
export const LOOKED_TABLE: TableDefinition = {
  name: 'looked_to',
  columns: { name: 'text', position: 'integer' },
  required: ['position'],
  key: ['name'],
  source: 'operational',
};

const NAME = 'deposits';
/** Events that are read at a time. */
const PAGE = 500;
const DEPOSITS: ReadonlySet<string> = new Set<ReceiptEvent['type']>(['ReceiptDeposited', 'DepositReplaced']);
/** States of a mint in which its deposit may be known before the mint is. */
const MAY_SETTLE: ReadonlySet<unknown> = new Set(['journaled', 'submitted']);

/**
 * Looks for deposits to our wallets that no mint of ours explains: new ones, by the log, and those of earlier looks
 * again. One whose shares are gone from its receipt is over.
 *
 * @returns whether there may be more in the log, or a second look is due
 */
export async function lookAtDeposits(
  { store, vaults }: { readonly store: EventStore; readonly vaults: readonly VaultView[] },
  differences: Pick<Differences, 'record' | 'known'>,
): Promise<'done' | 'more' | 'again'> {
  const [place] = await store.find({ table: LOOKED_TABLE.name, where: { name: NAME }, limit: 1 });
  const after = (place?.['position'] ?? 0) as number;
  const events = await store.readAll({ after, limit: PAGE, category: receiptKind.category });
  const subjects = new Set([
    ...events.filter((it) => DEPOSITS.has(it.type)).map(subjectOf),
    ...(await differences.known('deposit')).map((it) => it.subject),
  ]);
  const found: Difference[] = [];
  for (const subject of subjects) {
    const difference = await unexplained(store, vaults, subject);
    if (difference !== null) found.push(difference);
  }
  const isNew = await differences.record('deposit', subjects, found);
  const last = events.at(-1)?.position;
  if (last !== undefined) {
    const row: Row = { name: NAME, position: last };
    await store.commit({
      appends: [],
      writes: () => [{ op: 'upsert', table: LOOKED_TABLE.name, row }],
      metadata: { actor: 'engine' },
    });
  }
  if (events.length === PAGE) return 'more';
  return isNew ? 'again' : 'done';
}

function subjectOf({ stream }: StoredEvent): string {
  return stream.slice(receiptKind.category.length + 1);
}

/** The deposit of a receipt as a difference; null where a mint explains it, or nothing is left of it. */
async function unexplained(
  store: EventStore,
  vaults: readonly VaultView[],
  subject: string,
): Promise<Difference | null> {
  const { chainId, vault, receiptId } = parseReceiptStreamId(subject);
  const view = vaults.find((it) => it.chainId === chainId && it.vault === vault);
  if (view === undefined) return null;
  const where = { chain_id: chainId, vault, receipt_id: receiptId.toString() };
  const [deposit] = await store.find({ table: RECEIPT_DEPOSIT_TABLE.name, where, limit: 1 });
  const [receipt] = await store.find({ table: RECEIPT_TABLE.name, where, limit: 1 });
  // Not read yet, or gone: there is nothing that would have to be explained.
  const balance = (receipt?.['balance'] ?? 0n) as bigint;
  if (deposit === undefined || balance === 0n) return null;
  if (await isHistory(store, view.network, deposit['block_number'] as number)) return null;
  const mint = await mintOf(store, deposit);
  if (isDepositOf(mint, deposit, receiptId)) return null;
  return {
    kind: 'deposit',
    subject,
    underlying: view.underlying,
    network: view.network,
    vault,
    receiptId: receiptId.toString(),
    transactionHash: deposit['transaction_hash'] as string,
    expected: 0n,
    found: deposit['shares'] as bigint,
    isSettling: MAY_SETTLE.has(mint?.['state']),
  };
}

async function mintOf(store: EventStore, deposit: Row): Promise<Row | undefined> {
  const id = deposit['operation_id'] as string | null;
  if (id === null) return undefined;
  return (await store.find({ table: OPERATION_TABLE.name, where: { id, kind: 'mint' }, limit: 1 }))[0];
}

function isDepositOf(mint: Row | undefined, deposit: Row, receiptId: bigint): boolean {
  if (mint === undefined) return false;
  return mint['tx_hash'] === deposit['transaction_hash'] && mint['receipt_id'] === receiptId.toString();
}

/** From before the network was opened here: it is not ours to account for. */
async function isHistory(store: EventStore, network: string, blockNumber: number): Promise<boolean> {
  const [row] = await store.find({ table: NETWORK_TABLE.name, where: { network }, limit: 1 });
  const from = (row?.['redemptions_from_block'] ?? null) as number | null;
  return from === null || blockNumber < from;
}
