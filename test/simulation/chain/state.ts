import type { Address } from 'viem';
import type { VaultFamily } from '../../../src/sandbox/test-vault.ts';
import type { RoleName } from '../../../src/vault/roles.ts';

/** A vault as it was deployed. */
export interface VaultPlace {
  readonly address: Address;
  readonly receipt: Address;
  readonly authorizer: Address;
  readonly owner: Address;
  readonly underlying: string;
  readonly token: string;
  readonly family: VaultFamily;
}

/** What a vault, its receipts and its authorizer hold; amounts in 10⁻¹⁸. */
export interface VaultState {
  supply: bigint;
  readonly shares: Map<Address, bigint>;
  /** By receipt id, then holder. */
  readonly receipts: Map<bigint, Map<Address, bigint>>;
  readonly roles: Map<RoleName, Set<Address>>;
  highwaterId: bigint;
  splits: bigint;
  /** Seconds since the Unix epoch. */
  certifiedUntil: bigint;
  frozenUntil: bigint;
}

/** What the chain holds after a block. */
export interface ChainState {
  readonly nonces: Map<Address, number>;
  readonly wei: Map<Address, bigint>;
  readonly vaults: Map<Address, VaultState>;
}

export function emptyVault(): VaultState {
  return {
    supply: 0n,
    shares: new Map(),
    receipts: new Map(),
    roles: new Map(),
    highwaterId: 0n,
    splits: 0n,
    certifiedUntil: 0n,
    frozenUntil: 0n,
  };
}

export function copyState(state: ChainState): ChainState {
  return {
    nonces: new Map(state.nonces),
    wei: new Map(state.wei),
    vaults: new Map([...state.vaults].map(([address, vault]) => [address, copyVault(vault)])),
  };
}

function copyVault(vault: VaultState): VaultState {
  return {
    ...vault,
    shares: new Map(vault.shares),
    receipts: new Map([...vault.receipts].map(([id, holders]) => [id, new Map(holders)])),
    roles: new Map([...vault.roles].map(([role, holders]) => [role, new Set(holders)])),
  };
}
