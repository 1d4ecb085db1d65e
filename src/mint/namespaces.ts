import type { EventStore, TableDefinition } from '../event-store/event-store.ts';
import { mintId } from '../primitives/uuid.ts';

/**
 * Every namespace that ids of mints were ever made in: Alpaca's base URL and our account there. With them the mint of a
 * tokenization request is found by its id, and needs no index over texts that come in no order.
 */
export const MINT_NAMESPACE_TABLE: TableDefinition = {
  name: 'mint_namespace',
  columns: { base_url: 'text', account_id: 'text' },
  key: ['base_url', 'account_id'],
  source: 'operational',
};

/** Most settings of Alpaca that one database was ever run with. */
const MAX_NAMESPACES = 1_000;

export interface MintNamespaces {
  /** Notes the present namespace; must have happened before the first mint is made in it. */
  remember(): Promise<void>;
  /** Ids that a mint of this tokenization request has or would have, one for each namespace. */
  mintIds(tokenizationRequestId: string): Promise<readonly string[]>;
}

export function createMintNamespaces(
  store: Pick<EventStore, 'commit' | 'find'>,
  present: { readonly baseUrl: string; readonly accountId: string },
): MintNamespaces {
  const { name: table } = MINT_NAMESPACE_TABLE;
  return {
    async remember() {
      const row = { base_url: present.baseUrl, account_id: present.accountId };
      if ((await store.find({ table, where: row, limit: 1 })).length > 0) return;
      const metadata = { actor: 'engine', reason: 'Alpaca and our account there, as set' };
      await store.commit({ appends: [], writes: () => [{ op: 'upsert', table, row }], metadata });
    },
    async mintIds(tokenizationRequestId) {
      const rows = await store.find({ table, limit: MAX_NAMESPACES });
      return rows.map((row) =>
        mintId(
          { baseUrl: row['base_url'] as string, accountId: row['account_id'] as string },
          tokenizationRequestId,
        ),
      );
    },
  };
}
