import type { Address } from 'viem';
import type { Accounts } from '../account/accounts.ts';
import { assetKind } from '../asset/asset.ts';
import type { Assets } from '../asset/assets.ts';
import type { Holds } from '../asset/holds.ts';
import type { Hold } from '../asset/underlying.ts';
import { change } from '../event-store/ledger.ts';
import type { Catalog, Directory } from '../operation/directory.ts';
import { ZERO_ADDRESS } from '../primitives/address.ts';

/** Accounts as mint and redemption ask for them. */
export function createDirectory(accounts: Accounts): Directory {
  return {
    byClientId: (clientId) => accounts.byClientId(clientId),
    byAlpacaAccount: (idOrNumber) => accounts.byAlpacaAccount(idOrNumber),
    walletOwner: (wallet) => accounts.walletOwner(wallet),
    walletOwnerAt: (wallet, timeMs) => accounts.walletOwnerAt(wallet, timeMs),
  };
}

/** Assets and holds as mint and redemption ask for them. `configured` are the networks of the settings. */
export function createCatalog(
  assets: Pick<Assets, 'load' | 'vault'>,
  holds: Pick<Holds, 'present'>,
  configured: ReadonlySet<string>,
): Catalog {
  return {
    async asset(underlying, token, network) {
      const loaded = await assets.load(underlying, network);
      const { state } = loaded;
      if (state.kind === 'none' || state.token !== token) {
        return { kind: 'unknown', why: `${underlying} has no token ${token} on ${network}` };
      }
      if (!configured.has(network)) return { kind: 'unknown', why: `${network} is not configured here` };
      const { kind, chainId, current } = state;
      const requires = [change(assetKind, loaded, [])];
      return { kind, vault: current.vault, chainId, token, underlying, requires };
    },
    vault: (chainId, vault) => assets.vault(chainId, vault),
    async freeze(underlying, scope) {
      const { active, requires } = await holds.present(underlying);
      const standing = scope === 'new' ? active : active.filter((it) => it.scope === 'all');
      return { by: standing.length === 0 ? null : standing.map(nameOf).join(', '), requires };
    },
  };
}

/** A hold as operators know it. */
function nameOf({ holdId, owner, untilMs }: Hold): string {
  const until = untilMs === null ? '' : ` until ${new Date(untilMs).toISOString()}`;
  return `hold ${holdId} of ${owner}${until}`;
}

/** Why an address may not be an AP's wallet; null when it may. */
export function createReservedAddress(
  assets: Pick<Assets, 'vaults'>,
  signers: () => readonly Address[],
): (address: Address) => Promise<string | null> {
  return async (address) => {
    if (address === ZERO_ADDRESS) return 'it is the zero address';
    if (signers().includes(address)) return 'it is one of our own signers';
    const vaults = await assets.vaults();
    if (vaults.some((it) => it.vault === address)) return 'it is a vault';
    return vaults.some((it) => it.receipt === address) ? 'it is a receipt contract' : null;
  };
}
