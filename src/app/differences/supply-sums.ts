import type { EventStore, Row } from '../../event-store/event-store.ts';
import type { CommitReport, ImpliedRow } from '../../event-store/ledger.ts';
import { OPERATION_TABLE } from '../../operation/operation-row.ts';
import type { Timers } from '../../ports/ports.ts';

/** What the log says was minted on a vault, and burned by us, in 10⁻¹⁸. */
export interface VaultSum {
  readonly minted: bigint;
  readonly burned: bigint;
}

/** Sums over every operation that there ever was, kept up to date by commits. */
export interface SupplySums {
  readonly onCommitted: (report: CommitReport) => void;
  /** Adds up what is there in the background, a page in each turn. Rejects when the store fails. */
  fill(): Promise<void>;
  /** Null until everything is added up. */
  of(chainId: number, vault: string): VaultSum | null;
}

const PAGE = 500;
const NOTHING: VaultSum = { minted: 0n, burned: 0n };

/** Creates the sums, with nothing in them yet. */
export function createSupplySums(parts: {
  readonly store: Pick<EventStore, 'find'>;
  readonly timers: Pick<Timers, 'defer'>;
}): SupplySums {
  const { store, timers } = parts;
  const sums = new Map<string, VaultSum>();
  /** Operations that began before it are in the sums; of those that began then, these. */
  let counted: { readonly beforeMs: number; readonly ids: Set<string> } = { beforeMs: 0, ids: new Set() };

  const add = (row: Row, sign: 1n | -1n): void => {
    const { vault, shares, burned, kind } = row;
    if (vault === null || vault === undefined) return;
    const minted = kind === 'mint' ? ((shares as bigint | null) ?? 0n) : 0n;
    const gone = kind === 'redemption' ? ((burned as bigint | null) ?? 0n) : 0n;
    if (minted === 0n && gone === 0n) return;
    const key = keyOf(row['chain_id'] as number, vault as string);
    const sum = sums.get(key) ?? NOTHING;
    sums.set(key, { minted: sum.minted + sign * minted, burned: sum.burned + sign * gone });
  };

  const isCounted = (row: Row): boolean => {
    const createdMs = row['created_ms'] as number;
    if (createdMs !== counted.beforeMs) return createdMs < counted.beforeMs;
    return counted.ids.has(row['id'] as string);
  };

  return {
    onCommitted({ changes }) {
      for (const { before, after } of changes) {
        const [was, is] = [operationOf(before), operationOf(after)];
        // What is not in the sums yet is read with its page, as it is then.
        if (is === undefined || !isCounted(is)) continue;
        if (was !== undefined) add(was, -1n);
        add(is, 1n);
      }
    },
    async fill() {
      for (let after: readonly (string | number)[] | undefined; ;) {
        // At the beginning of a turn every commit before it has been told of, so that none is counted twice.
        await new Promise<void>((resolve) => timers.defer(resolve));
        const rows = await store.find({
          table: OPERATION_TABLE.name,
          orderBy: [
            ['created_ms', 'asc'],
            ['id', 'asc'],
          ],
          limit: PAGE,
          ...(after === undefined ? {} : { after }),
        });
        for (const row of rows) {
          if (isCounted(row)) continue;
          add(row, 1n);
          const createdMs = row['created_ms'] as number;
          if (createdMs !== counted.beforeMs) counted = { beforeMs: createdMs, ids: new Set() };
          counted.ids.add(row['id'] as string);
        }
        const last = rows.at(-1);
        if (last === undefined || rows.length < PAGE) break;
        after = [last['created_ms'] as number, last['id'] as string];
      }
      counted = { beforeMs: Infinity, ids: new Set() };
    },
    of(chainId, vault) {
      return counted.beforeMs === Infinity ? (sums.get(keyOf(chainId, vault)) ?? NOTHING) : null;
    },
  };
}

function keyOf(chainId: number, vault: string): string {
  return `${String(chainId)}/${vault}`;
}

function operationOf(rows: readonly ImpliedRow[]): Row | undefined {
  return rows.find((it) => it.table === OPERATION_TABLE.name)?.row;
}
