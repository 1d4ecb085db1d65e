import type { EventStore } from '../event-store/event-store.ts';
import { RECEIPTS_PER_CALL } from './read-balances.ts';
import { RECEIPT_TABLE, VAULT_BALANCE_TABLE } from './receipt-kind.ts';
import type { ReadingPlace } from './record-balances.ts';

/**
 * After a start everything is looked at once quickly, then slowly for ever: one vault at a time, and with many
 * vaults only every fourth minute, so that it stays near two requests a minute. What a log tells of is read at
 * once anyway.
 */
const FIRST_ROUND_PAUSE_MS = 1000;
const PAUSE_MS = 60_000;
const MOST_PAUSES = 4;
/** Vaults whose shares are compared at a time in the first round. */
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
  /** Begins the quick first round anew, now: blocks that were read may be gone. */
  restart(): void;
  /** This part is done. */
  done(nowMs: number): void;
}

/** Where it stands is not kept: a restart begins a quick first round. */
export function createSweep(store: EventStore, chainId: number): Sweep {
  let nextMs = 0;
  let firstRound = true;
  let after: readonly string[] | null = null;
  let afterVault = '';
  let pauseMs = PAUSE_MS;
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
      const read = firstRound ? rows : rows.filter((row) => row['vault'] === rows[0]?.['vault']);
      const last = read.at(-1);
      if (last === undefined || (rows.length < RECEIPTS_PER_CALL && read.length === rows.length)) {
        after = null;
        firstRound = false;
      } else after = [last['vault'] as string, last['receipt_id'] as string];
      const byVault = Map.groupBy(read, (row) => row['vault']);
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
      const ahead = sorted.filter((it) => it.vault.vault > afterVault);
      const next = ahead.slice(0, firstRound ? VAULTS_AT_ONCE : 1);
      afterVault = next.length === ahead.length ? '' : (next.at(-1)?.vault.vault ?? '');
      // A difference is told of when it is seen twice, which should not take longer.
      pauseMs = PAUSE_MS * (again.size > 0 ? 1 : Math.max(1, Math.min(places.length, MOST_PAUSES)));
      return sorted.filter((it) => next.includes(it) || again.has(it.vault.vault));
    },
    restart() {
      nextMs = 0;
      firstRound = true;
      after = null;
      afterVault = '';
    },
    done(nowMs) {
      nextMs = nowMs + (firstRound ? FIRST_ROUND_PAUSE_MS : pauseMs);
    },
  };
}
