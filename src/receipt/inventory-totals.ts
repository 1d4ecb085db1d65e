import type { EventStore, Row } from '../event-store/event-store.ts';
import type { CommitReport, ImpliedRow } from '../event-store/ledger.ts';
import type { Timers } from '../ports/ports.ts';
import { PROMISE_TABLE, RECEIPT_TABLE } from './receipt-kind.ts';

/** What one vault's receipts hold together, in 10⁻¹⁸. */
export interface VaultTotals {
  readonly chainId: number;
  readonly vault: string;
  balance: bigint;
  /** By signed burns. */
  reserved: bigint;
  /** To redemptions whose burn is not signed yet. */
  promised: bigint;
}

/** Sums over each vault's receipts, kept up to date by commits instead of being added up for each look. */
export interface InventoryTotals {
  readonly onCommitted: (report: CommitReport) => void;
  /** Adds up what is there in the background, a page in each turn. Rejects when the store fails. */
  fill(): Promise<void>;
  /** Null until everything is added up. */
  vaults(): readonly VaultTotals[] | null;
}

const PAGE = 500;

interface Sum {
  readonly table: string;
  readonly where: Readonly<Record<string, string | number | boolean>>;
  readonly order: readonly string[];
  /** Keys of the rows that are in the sum already; null when all are. */
  counted: Set<string> | null;
}

/** Creates the sums, with nothing in them yet. */
export function createInventoryTotals(options: {
  readonly store: Pick<EventStore, 'find'>;
  readonly timers: Pick<Timers, 'defer'>;
  readonly chainIds: readonly number[];
}): InventoryTotals {
  const { store, timers, chainIds } = options;
  const totals = new Map<string, VaultTotals>();
  const sums: readonly Sum[] = [
    ...chainIds.map((chainId) => ({
      table: RECEIPT_TABLE.name,
      // What is in no use holds and reserves nothing.
      where: { chain_id: chainId, in_use: true },
      order: ['vault', 'receipt_id'],
      counted: new Set<string>(),
    })),
    { table: PROMISE_TABLE.name, where: {}, order: ['redemption_id'], counted: new Set<string>() },
  ];

  const at = (row: Row): VaultTotals => {
    const [chainId, vault] = [row['chain_id'] as number, row['vault'] as string];
    const key = `${String(chainId)}/${vault}`;
    const known = totals.get(key) ?? { chainId, vault, balance: 0n, reserved: 0n, promised: 0n };
    totals.set(key, known);
    return known;
  };

  const add = (table: string, row: Row, sign: 1n | -1n): void => {
    const total = at(row);
    if (table === PROMISE_TABLE.name) total.promised += sign * (row['shares'] as bigint);
    else {
      total.balance += sign * ((row['balance'] as bigint | null) ?? 0n);
      total.reserved += sign * (row['reserved'] as bigint);
    }
  };

  const sumOf = ({ table, row }: ImpliedRow): Sum | undefined =>
    sums.find((it) => it.table === table && (it.where['chain_id'] ?? row['chain_id']) === row['chain_id']);

  /** A row that was not counted yet is counted as it is now, and left out when its page is read. */
  const change = (before: ImpliedRow | undefined, after: ImpliedRow | undefined): void => {
    const some = after ?? before;
    const sum = some === undefined ? undefined : sumOf(some);
    if (some === undefined || sum === undefined) return;
    const key = keyOf(sum, some.row);
    if (before !== undefined && (sum.counted?.has(key) ?? true)) add(before.table, before.row, -1n);
    if (after !== undefined) add(after.table, after.row, 1n);
    sum.counted?.add(key);
  };

  const fillOne = async (sum: Sum, counted: Set<string>): Promise<void> => {
    for (let after: readonly (string | number)[] | undefined; ;) {
      // At the beginning of a turn every commit before it has been told of, so that none is counted twice.
      await new Promise<void>((resolve) => timers.defer(resolve));
      const rows = await readPage(store, sum, after);
      for (const row of rows) {
        const key = keyOf(sum, row);
        if (!counted.has(key)) add(sum.table, row, 1n);
        counted.add(key);
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) break;
      after = sum.order.map((column) => last[column] as string | number);
    }
    sum.counted = null;
  };

  return {
    onCommitted: ({ changes }) => {
      for (const { before, after } of changes) {
        for (const table of [RECEIPT_TABLE.name, PROMISE_TABLE.name]) {
          // A stream implies one receipt, and one promise, at most.
          change(
            before.find((it) => it.table === table),
            after.find((it) => it.table === table),
          );
        }
      }
    },
    async fill() {
      for (const sum of sums) if (sum.counted !== null) await fillOne(sum, sum.counted);
    },
    vaults: () => (sums.every((it) => it.counted === null) ? [...totals.values()] : null),
  };
}

function readPage(
  store: Pick<EventStore, 'find'>,
  { table, where, order }: Sum,
  after: readonly (string | number)[] | undefined,
): Promise<readonly Row[]> {
  const orderBy = order.map((column) => [column, 'asc'] as const);
  return store.find({ table, where, orderBy, limit: PAGE, ...(after === undefined ? {} : { after }) });
}

function keyOf({ order }: Sum, row: Row): string {
  return order.map((column) => String(row[column] as string | number)).join('/');
}
