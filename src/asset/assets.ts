import type { Address } from 'viem';
import { UniqueViolation } from '../event-store/errors.ts';
import { createCachedStreams } from '../event-store/cached-streams.ts';
import type { EventStore, Metadata, Row, UpTo } from '../event-store/event-store.ts';
import type { Ledger, Loaded } from '../event-store/ledger.ts';
import { transact } from '../event-store/transact.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { AssetCommand, AssetState } from './asset.ts';
import { assetId, assetKind, decideAsset } from './asset.ts';

export interface AssetView {
  readonly underlying: string;
  readonly token: string;
  readonly network: string;
  readonly chainId: number;
  readonly vault: Address;
  readonly receipt: Address;
  readonly state: 'enabled' | 'disabled';
  readonly pastVaults: readonly Address[];
}

export interface VaultView {
  readonly chainId: number;
  readonly vault: Address;
  readonly receipt: Address;
  readonly network: string;
  readonly underlying: string;
  readonly token: string;
  readonly current: boolean;
}

/** What a vault's address was found to hold on chain. */
export interface VaultOnChain {
  readonly chainId: number;
  readonly symbol: string;
  readonly decimals: number;
  readonly receipt: Address;
}

/**
 * Reads a vault on the named network.
 *
 * @throws IssuanceError `network_unknown` or `vault_invalid` with what is wrong.
 */
export type ReadVault = (network: string, vault: Address) => Promise<VaultOnChain>;

export interface Assets {
  /**
   * Adds an asset, or points a known one to another vault. The vault is read on chain first.
   *
   * @throws IssuanceError `network_unknown`, `vault_invalid`, `symbol_mismatch`, `vault_taken`, `token_taken`,
   *   `asset_token_differs`
   */
  point(
    input: { underlying: string; token: string; network: string; vault: Address },
    metadata: Metadata,
  ): Promise<{ readonly added: boolean; readonly asset: AssetView }>;
  /** Idempotent. @throws IssuanceError `asset_unknown` */
  setEnabled(underlying: string, network: string, enabled: boolean, metadata: Metadata): Promise<AssetView>;
  /** Its stream, from memory and as fresh as the last commit; for decisions that require its version. */
  load(underlying: string, network: string): Promise<Loaded<AssetState>>;
  /** As it is or, with `upTo`, as it was; null when there is none. */
  get(underlying: string, network: string, upTo?: UpTo): Promise<AssetView | null>;
  /** All networks of one underlying, or all assets. */
  list(underlying?: string): Promise<readonly AssetView[]>;
  vaults(network?: string): Promise<readonly VaultView[]>;
  vault(chainId: number, vault: Address): Promise<VaultView | null>;
}

/** Most assets and vaults that one installation may have; lists of them are not paged. */
const MAX_ASSETS = 5_000;

export function createAssets(ports: {
  readonly ledger: Ledger;
  readonly store: EventStore;
  readonly readVault: ReadVault;
}): Assets {
  const { ledger, store } = ports;
  const reads = createAssetReads(store);
  const streams = createCachedStreams(ports, assetKind);

  const apply = async (id: string, command: AssetCommand, metadata: Metadata): Promise<number> => {
    let before = 0;
    await transact(
      ledger,
      assetKind,
      id,
      (loaded) => {
        before = loaded.version;
        const events = decideAsset(command, loaded.state);
        return events.length === 0 ? null : { events };
      },
      metadata,
    );
    return before;
  };
  const known = async (underlying: string, network: string): Promise<AssetView> => {
    const asset = await reads.get(underlying, network);
    if (asset === null)
      throw new IssuanceError('asset_unknown', `${underlying} is not tokenized on ${network}`);
    return asset;
  };

  return {
    ...reads,
    async get(underlying, network, upTo) {
      if (upTo === undefined) return reads.get(underlying, network);
      const { state } = await ledger.load(assetKind, assetId(underlying, network), upTo);
      if (state.kind === 'none') return null;
      const { token, chainId, current, past } = state;
      const pastVaults = past.map((it) => it.vault).sort();
      return { underlying, network, token, chainId, ...current, state: state.kind, pastVaults };
    },
    load: (underlying, network) => streams.load(assetId(underlying, network)),

    async point({ underlying, token, network, vault }, metadata) {
      const found = await ports.readVault(network, vault);
      if (found.symbol !== token) {
        throw new IssuanceError(
          'symbol_mismatch',
          `the vault ${vault} is of the token ${found.symbol}, not ${token}`,
        );
      }
      if (found.decimals !== 18) {
        throw new IssuanceError('vault_invalid', `the vault ${vault} has ${found.decimals} decimals, not 18`);
      }
      const { chainId, receipt } = found;
      const command = { type: 'point', underlying, network, token, chainId, vault, receipt } as const;
      try {
        const before = await apply(assetId(underlying, network), command, metadata);
        return { added: before === 0, asset: await known(underlying, network) };
      } catch (error) {
        if (!(error instanceof UniqueViolation)) throw error;
        throw error.table === 'vault'
          ? new IssuanceError('vault_taken', `the vault ${vault} serves or served another asset`, {
              cause: error,
            })
          : new IssuanceError('token_taken', `${token} on ${network} is another asset`, { cause: error });
      }
    },

    async setEnabled(underlying, network, enabled, metadata) {
      await known(underlying, network);
      await apply(assetId(underlying, network), { type: enabled ? 'enable' : 'disable' }, metadata);
      return known(underlying, network);
    },
  };
}

/** What is only read of assets, straight from the store's rows. */
export type AssetReads = Omit<Assets, 'point' | 'setEnabled' | 'load'>;

export function createAssetReads(store: EventStore): AssetReads {
  const views = async (rows: readonly Row[]): Promise<readonly AssetView[]> => {
    const vaults = await store.find({ table: 'vault', where: { current: false }, limit: MAX_ASSETS });
    return rows.map((row) => ({
      underlying: row['underlying'] as string,
      token: row['token'] as string,
      network: row['network'] as string,
      chainId: row['chain_id'] as number,
      vault: row['vault'] as Address,
      receipt: row['receipt'] as Address,
      state: row['state'] as 'enabled' | 'disabled',
      pastVaults: vaults
        .filter((it) => it['underlying'] === row['underlying'] && it['network'] === row['network'])
        .map((it) => it['vault'] as Address)
        .sort(),
    }));
  };

  return {
    async get(underlying, network) {
      return (
        (await views(await store.find({ table: 'asset', where: { underlying, network }, limit: 1 })))[0] ??
        null
      );
    },
    list: async (underlying) =>
      views(
        await store.find({
          table: 'asset',
          ...(underlying === undefined ? {} : { where: { underlying } }),
          orderBy: [
            ['underlying', 'asc'],
            ['network', 'asc'],
          ],
          limit: MAX_ASSETS,
        }),
      ),
    vaults: async (network) =>
      (
        await store.find({
          table: 'vault',
          ...(network === undefined ? {} : { where: { network } }),
          orderBy: [
            ['chain_id', 'asc'],
            ['vault', 'asc'],
          ],
          limit: MAX_ASSETS,
        })
      ).map(toVaultView),
    async vault(chainId, vault) {
      const [row] = await store.find({ table: 'vault', where: { chain_id: chainId, vault }, limit: 1 });
      return row === undefined ? null : toVaultView(row);
    },
  };
}

function toVaultView(row: Row): VaultView {
  return {
    chainId: row['chain_id'] as number,
    vault: row['vault'] as Address,
    receipt: row['receipt'] as Address,
    network: row['network'] as string,
    underlying: row['underlying'] as string,
    token: row['token'] as string,
    current: row['current'] as boolean,
  };
}
