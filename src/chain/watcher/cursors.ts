import type { Address, Hex } from 'viem';
import type { EventStore, RowWrite, TableDefinition } from '../../event-store/event-store.ts';
import type { LogBatch, WatchedVault } from './types.ts';

/** How far each vault's logs were taken in, by pass. Rows, not events: they change with every block. */
export const CURSOR_TABLE: TableDefinition = {
  name: 'cursor',
  columns: { chain_id: 'integer', vault: 'text', pass: 'text', block: 'integer', hash: 'text' },
  required: ['block', 'hash'],
  key: ['chain_id', 'vault', 'pass'],
  source: 'operational',
};

/** The last block whose logs were taken in; no hash before the first. */
export interface Cursor {
  readonly block: bigint;
  readonly hash: Hex | null;
}

export type Pass = LogBatch['pass'];

/** Cursors of one pass, with the block before a vault's first where there is none yet. */
export type Cursors = (vault: WatchedVault) => Cursor;

const MAX_VAULTS = 10_000;

/** Cursors of one pass of one chain. */
export async function readCursors(store: EventStore, chainId: number, pass: Pass): Promise<Cursors> {
  const rows = await store.find({
    table: CURSOR_TABLE.name,
    where: { chain_id: chainId, pass },
    limit: MAX_VAULTS,
  });
  const cursors = new Map<Address, Cursor>(
    rows.map((row) => [
      row['vault'] as Address,
      { block: BigInt(row['block'] as number), hash: row['hash'] as Hex },
    ]),
  );
  return ({ vault, startBlock }) => cursors.get(vault) ?? { block: startBlock - 1n, hash: null };
}

/** Rows that move these vaults' cursors to a block. */
export function cursorWrites(
  chainId: number,
  pass: Pass,
  vaults: readonly WatchedVault[],
  at: { readonly number: bigint; readonly hash: Hex },
): readonly RowWrite[] {
  return vaults.map(({ vault }) => ({
    op: 'upsert',
    table: CURSOR_TABLE.name,
    row: { chain_id: chainId, vault, pass, block: Number(at.number), hash: at.hash },
  }));
}

/**
 * Rows that send a chain's cursors back for a rescan: `final` to where the second pass got to, `start` to the
 * beginning. Vaults without a row to return to begin again at their first block.
 */
export async function rewindWrites(
  store: EventStore,
  chainId: number,
  rescan: 'final' | 'start',
): Promise<readonly RowWrite[]> {
  const rows = await store.find({
    table: CURSOR_TABLE.name,
    where: { chain_id: chainId },
    limit: MAX_VAULTS,
  });
  const finals = new Map(rows.filter((row) => row['pass'] === 'final').map((row) => [row['vault'], row]));
  return rows.flatMap((row): RowWrite[] => {
    const key = { chain_id: chainId, vault: row['vault'] as string, pass: row['pass'] as string };
    if (rescan === 'start') return [{ op: 'delete', table: CURSOR_TABLE.name, key }];
    if (row['pass'] === 'final') return [];
    const final = finals.get(row['vault']);
    if (final === undefined) return [{ op: 'delete', table: CURSOR_TABLE.name, key }];
    const { block = null, hash = null } = final;
    return [{ op: 'upsert', table: CURSOR_TABLE.name, row: { ...key, block, hash } }];
  });
}

/** A vault this many blocks behind the others is read alone until it is level, so as not to hold them up. */
const LEVEL_WITHIN_BLOCKS = 200n;

/**
 * Splits vaults into those that go on together and those that lag behind. The most advanced sets the level,
 * and `head` bounds it: a vault may be configured to begin in the future.
 */
export function splitByLag(
  vaults: readonly WatchedVault[],
  cursors: Cursors,
  head: bigint,
): { readonly level: readonly WatchedVault[]; readonly lagging: readonly WatchedVault[] } {
  const furthest = vaults.reduce((most, vault) => {
    const { block } = cursors(vault);
    return block > most ? block : most;
  }, -1n);
  const level = (furthest < head ? furthest : head) - LEVEL_WITHIN_BLOCKS;
  return {
    level: vaults.filter((vault) => cursors(vault).block >= level),
    lagging: vaults.filter((vault) => cursors(vault).block < level),
  };
}

/** The least advanced of several cursors. */
export function lowestBlock(vaults: readonly WatchedVault[], cursors: Cursors): bigint | null {
  return vaults.reduce<bigint | null>((least, vault) => {
    const { block } = cursors(vault);
    return least === null || block < least ? block : least;
  }, null);
}
