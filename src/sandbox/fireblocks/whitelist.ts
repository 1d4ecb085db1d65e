import type { Address } from 'viem';
import { systemRandom } from '../../ports/system.ts';
import { uuidV4 } from '../../primitives/uuid.ts';

type WhitelistStatus = 'WAITING_FOR_APPROVAL' | 'APPROVED' | 'CANCELLED' | 'REJECTED' | 'FAILED';

/** A whitelisted contract: one wallet with an address for each asset, that is, for each chain. */
export interface ContractWallet {
  readonly id: string;
  readonly name: string;
  readonly assets: readonly {
    readonly id: string;
    readonly address: Address;
    readonly status: WhitelistStatus;
    readonly tag: string;
  }[];
}

/** The workspace's whitelist of contracts. */
export interface Whitelist {
  /** Adds a contract, approved by default; resolves with its id. */
  add(contract: {
    readonly name: string;
    readonly assetId: string;
    readonly address: Address;
    readonly status?: WhitelistStatus;
  }): string;
  remove(id: string): void;
  all(): readonly ContractWallet[];
  find(id: string): ContractWallet | null;
}

export function createWhitelist(): Whitelist {
  const wallets = new Map<string, ContractWallet>();
  return {
    add({ name, assetId, address, status = 'APPROVED' }) {
      const id = uuidV4(systemRandom.bytes(16));
      wallets.set(id, { id, name, assets: [{ id: assetId, address, status, tag: '' }] });
      return id;
    },
    remove: (id) => void wallets.delete(id),
    all: () => [...wallets.values()],
    find: (id) => wallets.get(id) ?? null,
  };
}
