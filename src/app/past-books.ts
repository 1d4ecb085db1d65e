import type { Assets, VaultView } from '../asset/assets.ts';
import type { EventStore, UpTo } from '../event-store/event-store.ts';
import { anyKind } from '../event-store/create-ledger.ts';
import type { Ledger } from '../event-store/ledger.ts';
import { openThen } from '../operation/open-then.ts';
import { momentOf } from '../operation/point-in-time.ts';
import type { Clock } from '../ports/ports.ts';
import { PROMISE_TABLE } from '../receipt/receipt-kind.ts';
import { redemptionKind } from '../redemption/redemption-kind.ts';

/** What the books of the past need of other features. */
export interface PastBooks {
  /** Whether the vault served its asset then, or had served it before. */
  served(vault: VaultView, upTo: UpTo): Promise<boolean>;
  /** Shares that were promised then, by `chain/vault`; null where too much began before to be replayed for it. */
  promised(upTo: UpTo): Promise<ReadonlyMap<string, bigint> | null>;
}

/** Walks of `openThen`, each over 5,000 operations at most, before the sum is given up. */
const MOST_WALKS = 4;
const WALK = 1_000;

export function createPastBooks({
  store,
  ledger,
  clock,
  assets,
}: {
  readonly store: EventStore;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly assets: Pick<Assets, 'get'>;
}): PastBooks {
  const sources = { store, ledger, kinds: [anyKind(redemptionKind)] };
  return {
    async served({ underlying, network, vault }, upTo) {
      const asset = await assets.get(underlying, network, upTo);
      return asset !== null && (asset.vault === vault || asset.pastVaults.includes(vault));
    },
    async promised(upTo) {
      const point = { upTo, momentMs: await momentOf(store, upTo, clock.nowMs()) };
      const sums = new Map<string, bigint>();
      let after: Parameters<typeof openThen>[3]['after'] = null;
      for (let walks = 0; walks < MOST_WALKS; walks += 1) {
        const page = { limit: WALK, after };
        const { items, next } = await openThen(sources, { kind: 'redemption' }, point, page);
        for (const { table, row } of items.flatMap((it) => it.rows)) {
          if (table !== PROMISE_TABLE.name) continue;
          const place = [row['chain_id'], row['vault']] as [number, string];
          const key = place.join('/');
          sums.set(key, (sums.get(key) ?? 0n) + (row['shares'] as bigint));
        }
        if (next === null) return sums;
        after = next;
      }
      return null;
    },
  };
}
