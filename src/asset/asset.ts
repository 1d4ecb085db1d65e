import type { Address } from 'viem';
import type { TableDefinition } from '../event-store/event-store.ts';
import type { ImpliedRow, StreamFacts, StreamKind } from '../event-store/ledger.ts';
import { IssuanceError, unreachable } from '../primitives/failures.ts';

/** A tokenized asset: one underlying on one network, with the vault that mints it now and those that did before. */

export type AssetEvent =
  | {
      type: 'AssetAdded';
      data: {
        underlying: string;
        network: string;
        token: string;
        chainId: number;
        vault: Address;
        receipt: Address;
      };
    }
  | { type: 'AssetVaultChanged'; data: { vault: Address; receipt: Address } }
  | { type: 'AssetDisabled'; data: Record<string, never> }
  | { type: 'AssetEnabled'; data: Record<string, never> };

export interface AssetVault {
  readonly vault: Address;
  readonly receipt: Address;
}

export type AssetState =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'enabled' | 'disabled';
      readonly underlying: string;
      readonly network: string;
      readonly token: string;
      readonly chainId: number;
      readonly current: AssetVault;
      /** Vaults that served before; they stay watched, since they hold balances and still receive transfers. */
      readonly past: readonly AssetVault[];
    };

export type AssetCommand =
  | {
      readonly type: 'point';
      readonly underlying: string;
      readonly network: string;
      readonly token: string;
      readonly chainId: number;
      readonly vault: Address;
      readonly receipt: Address;
    }
  | { readonly type: 'disable' }
  | { readonly type: 'enable' };

/**
 * @throws IssuanceError `asset_unknown`; `asset_token_differs` when the asset is known under another token symbol.
 */
export function decideAsset(command: AssetCommand, state: AssetState): readonly AssetEvent[] {
  if (command.type === 'point') {
    const { underlying, network, token, chainId, vault, receipt } = command;
    if (state.kind === 'none') {
      return [{ type: 'AssetAdded', data: { underlying, network, token, chainId, vault, receipt } }];
    }
    if (state.token !== token) {
      throw new IssuanceError(
        'asset_token_differs',
        `${underlying} on ${network} is known as ${state.token}; its token symbol cannot change`,
      );
    }
    if (state.current.vault === vault) return [];
    return [{ type: 'AssetVaultChanged', data: { vault, receipt } }];
  }
  if (state.kind === 'none') throw new IssuanceError('asset_unknown', 'no such asset on this network');
  switch (command.type) {
    case 'disable':
      return state.kind === 'disabled' ? [] : [{ type: 'AssetDisabled', data: {} }];
    case 'enable':
      return state.kind === 'enabled' ? [] : [{ type: 'AssetEnabled', data: {} }];
    default:
      return unreachable(command);
  }
}

export function evolveAsset(state: AssetState, event: AssetEvent): AssetState {
  if (event.type === 'AssetAdded') {
    const { underlying, network, token, chainId, vault, receipt } = event.data;
    return {
      kind: 'enabled',
      underlying,
      network,
      token,
      chainId,
      current: { vault, receipt },
      past: [],
    };
  }
  if (state.kind === 'none')
    throw new IssuanceError('log_corrupt', `an asset's log begins with ${event.type}`);
  switch (event.type) {
    case 'AssetVaultChanged': {
      const { vault, receipt } = event.data;
      const past = [...state.past, state.current].filter((it) => it.vault !== vault);
      return { ...state, current: { vault, receipt }, past };
    }
    case 'AssetDisabled':
      return { ...state, kind: 'disabled' };
    case 'AssetEnabled':
      return { ...state, kind: 'enabled' };
    default:
      return unreachable(event);
  }
}

export const ASSET_TABLE: TableDefinition = {
  name: 'asset',
  columns: {
    underlying: 'text',
    network: 'text',
    token: 'text',
    chain_id: 'integer',
    vault: 'text',
    receipt: 'text',
    state: 'text',
    created_ms: 'integer',
  },
  required: ['token', 'chain_id', 'vault', 'receipt', 'state', 'created_ms'],
  key: ['underlying', 'network'],
  unique: [['token', 'network']],
  source: 'log',
  remembered: true,
};

/** Every vault that ever served; the key makes a vault serve one asset only, for ever. */
export const VAULT_TABLE: TableDefinition = {
  name: 'vault',
  columns: {
    chain_id: 'integer',
    vault: 'text',
    network: 'text',
    underlying: 'text',
    token: 'text',
    receipt: 'text',
    current: 'bool',
  },
  required: ['network', 'underlying', 'token', 'receipt', 'current'],
  key: ['chain_id', 'vault'],
  indexes: [['network'], ['underlying', 'network']],
  source: 'log',
  remembered: true,
};

/** Id of an asset's stream. */
export function assetId(underlying: string, network: string): string {
  return `${network}/${underlying}`;
}

function rows(state: AssetState, facts: StreamFacts): readonly ImpliedRow[] {
  if (state.kind === 'none') return [];
  const { underlying, network, token, chainId } = state;
  const vaultRow = (it: AssetVault, current: boolean): ImpliedRow => ({
    table: VAULT_TABLE.name,
    row: { chain_id: chainId, vault: it.vault, network, underlying, token, receipt: it.receipt, current },
  });
  return [
    {
      table: ASSET_TABLE.name,
      row: {
        underlying,
        network,
        token,
        chain_id: chainId,
        vault: state.current.vault,
        receipt: state.current.receipt,
        state: state.kind,
        created_ms: facts.createdMs,
      },
    },
    vaultRow(state.current, true),
    ...state.past.map((it) => vaultRow(it, false)),
  ];
}

export const assetKind: StreamKind<AssetState, AssetEvent> = {
  category: 'asset',
  initialState: { kind: 'none' },
  evolve: evolveAsset,
  phase: (state) => state.kind,
  rows,
};
