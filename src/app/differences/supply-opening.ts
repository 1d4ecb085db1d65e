import type { EventStore, TableDefinition } from '../../event-store/event-store.ts';
import type { Log } from '../../telemetry/log.ts';
import type { VaultSupply } from '../custody/compare-custody.ts';

/** What each vault's supply was beside what the log explains, when they were first compared, or anew after a split. */
export const SUPPLY_OPENING_TABLE: TableDefinition = {
  name: 'supply_opening',
  columns: { chain_id: 'integer', vault: 'text', opening: 'bigint', splits: 'bigint' },
  required: ['opening', 'splits'],
  key: ['chain_id', 'vault'],
  source: 'operational',
};

/** What a vault's supply is expected to be, in 10⁻¹⁸; null where that cannot be told now. */
export interface ExpectedSupply {
  readonly opening: bigint;
  readonly expected: bigint;
}

/**
 * What the log and the opening say of a vault's supply. A vault may have had tokens before this log began, and a split
 * changes all balances without an event: what is there at the first quiet moment is where the comparison begins.
 */
export async function expectedSupply(
  { store, log }: { readonly store: EventStore; readonly log: Log },
  { chainId, network, vault, supply, splits, log: said }: VaultSupply,
): Promise<ExpectedSupply | null> {
  if (said === null || supply === null) return null;
  const recorded = said.minted - said.burned;
  const where = { chain_id: chainId, vault };
  const [known] = await store.find({ table: SUPPLY_OPENING_TABLE.name, where, limit: 1 });
  if (known !== undefined && known['splits'] === splits) {
    const opening = known['opening'] as bigint;
    return { opening, expected: opening + recorded };
  }
  // What is under way would be counted as having been there.
  if (said.moving.least !== 0n || said.moving.most !== 0n) return null;
  const opening = supply - recorded;
  await store.commit({
    appends: [],
    writes: () => [
      { op: 'upsert', table: SUPPLY_OPENING_TABLE.name, row: { chain_id: chainId, vault, opening, splits } },
    ],
    metadata: { actor: 'engine' },
  });
  const why = known === undefined ? 'first compared' : 'a split changed every balance';
  log.info(
    { network, vault, opening, splits, why },
    'the supply of a vault is compared with the log from here',
  );
  return { opening, expected: opening + recorded };
}
