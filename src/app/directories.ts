import type { Address } from 'viem';
import type { Accounts } from '../account/accounts.ts';
import type { Assets } from '../asset/assets.ts';
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

/** Assets as mint and redemption ask for them. `configured` are the networks of the settings. */
export function createCatalog(assets: Assets, configured: ReadonlySet<string>): Catalog {
  return {
    async mintable(underlying, token, network) {
      const asset = await assets.get(underlying, network);
      if (asset === null || asset.token !== token) {
        return { kind: 'unavailable', why: `${underlying} has no token ${token} on ${network}` };
      }
      if (!configured.has(network)) return { kind: 'unavailable', why: `${network} is not configured here` };
      if (asset.state === 'disabled')
        return { kind: 'unavailable', why: `${token} on ${network} is disabled` };
      const { vault, chainId } = asset;
      return { kind: 'ok', vault, chainId, token, underlying };
    },
    vault: (chainId, vault) => assets.vault(chainId, vault),
    // Freezing has no command yet, so the log holds no hold: nothing is frozen, and that is known.
    frozen: () => Promise.resolve(false),
  };
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
