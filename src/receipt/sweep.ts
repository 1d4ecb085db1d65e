import type { EventStore } from '../event-store/event-store.ts';
import { RECEIPTS_PER_CALL } from './read-balances.ts';
import { RECEIPT_TABLE, VAULT_BALANCE_TABLE } from './receipt-kind.ts';
import type { ReadingPlace } from './record-balances.ts';

/** After a start everything is looked at once quickly, then slowly for ever: a few requests a minute. */
const FIRST_ROUND_PAUSE_MS = 1000;
const PAUSE_MS = 60_000;
/** Vaults whose shares are compared at a time. */
const VAULTS_AT_ONCE = 20;

/** Goes round all receipts and vaults of a chain, some at a time. */
export interface Sweep {
  /** When the next part is due, on the monotonic clock. */
  nextMs(): number;
  /** The next receipts, by where they are read. */
  receipts(
    places: readonly ReadingPlace[],
  ): Promise<readonly { readonly place: ReadingPlace; readonly receiptIds: readonly bigint[] }[]>;
  /** The next vaults, and those whose last comparison wants a second one. */
  vaults(places: readonly ReadingPlace[]): Promise<readonly ReadingPlace[]>;
  /** This part is done. */
  done(nowMs: number): void;
}

/** Where it stands is not kept: a restart begins a quick first round. */
export function createSweep(store: EventStore, chainId: number): Sweep {
  let nextMs = 0;
  let firstRound = true;
  let after: readonly string[] | null = null;
  let afterVault = '';
  return {
    nextMs: () => nextMs,
    async receipts(places) {
      const rows = await store.find({
        table: RECEIPT_TABLE.name,
        where: { chain_id: chainId, in_use: true },
        orderBy: [
          ['vault', 'asc'],
          ['receipt_id', 'asc'],
        ],
        limit: RECEIPTS_PER_CALL,
        ...(after === null ? {} : { after }),
      });
      const last = rows.at(-1);
      if (last === undefined || rows.length < RECEIPTS_PER_CALL) {
        after = null;
        firstRound = false;
      } else after = [last['vault'] as string, last['receipt_id'] as string];
      const byVault = Map.groupBy(rows, (row) => row['vault']);
      return places.flatMap((place) => {
        const own = byVault.get(place.vault.vault) ?? [];
        if (own.length === 0) return [];
        return [{ place, receiptIds: own.map((row) => BigInt(row['receipt_id'] as string)) }];
      });
    },
    async vaults(places) {
      const doubtful = await store.find({
        table: VAULT_BALANCE_TABLE.name,
        where: { chain_id: chainId, mismatches: { gt: 0 } },
        limit: 10_000,
      });
      const again = new Set(doubtful.map((row) => row['vault']));
      const sorted = places.toSorted((a, b) => (a.vault.vault < b.vault.vault ? -1 : 1));
      const next = sorted.filter((it) => it.vault.vault > afterVault).slice(0, VAULTS_AT_ONCE);
      afterVault = next.length < VAULTS_AT_ONCE ? '' : (next.at(-1)?.vault.vault ?? '');
      return sorted.filter((it) => next.includes(it) || again.has(it.vault.vault));
    },
    done(nowMs) {
      nextMs = nowMs + (firstRound ? FIRST_ROUND_PAUSE_MS : PAUSE_MS);
    },
  };
}
