import type { Address } from 'viem';
import { z } from 'zod';
import { IssuanceError } from '../../primitives/failures.ts';
import type { FireblocksApi } from './http-exchange.ts';
import { down } from './http-exchange.ts';

export interface FireblocksAccount {
  readonly vaultAccountId: string;
  /** Fireblocks' id of each chain's own coin, by chain id. */
  readonly assetIds: ReadonlyMap<number, string>;
}

const ADDRESS = /^0x[0-9a-f]{40}$/;
const page = z.object({ addresses: z.array(z.object({ address: z.string() })) });

/**
 * The vault account's address on every chain, which must be one and the same.
 *
 * Rejects with `custodian_account` when it has none or several, `DependencyDown` when Fireblocks did not serve.
 */
export async function readVaultAddress(
  api: FireblocksApi,
  { vaultAccountId, assetIds }: FireblocksAccount,
): Promise<Address> {
  const found = new Map<string, readonly Address[]>();
  for (const assetId of new Set(assetIds.values())) {
    found.set(assetId, await addressesOf(api, vaultAccountId, assetId));
  }
  const addresses = [...new Set([...found.values()].flat())];
  const [address] = addresses;
  const isOne = addresses.length === 1 && [...found.values()].every((it) => it.length > 0);
  if (address !== undefined && isOne) return address;
  const shown = [...found].map(([assetId, it]) => `${assetId}: ${it.join(', ') || 'none'}`).join('; ');
  throw new IssuanceError(
    'custodian_account',
    `vault account ${vaultAccountId} at Fireblocks must have one and the same address for every asset of ` +
      `FIREBLOCKS_ASSET_IDS, and has ${shown}`,
  );
}

async function addressesOf(
  api: FireblocksApi,
  vaultAccountId: string,
  assetId: string,
): Promise<readonly Address[]> {
  const wallet = `${encodeURIComponent(vaultAccountId)}/${encodeURIComponent(assetId)}`;
  const path = `/vault/accounts/${wallet}/addresses_paginated`;
  const answer = await api({ method: 'GET', path, purpose: 'fireblocks address' });
  const what = `the address of vault account ${vaultAccountId} for asset ${assetId}`;
  if (answer.status >= 400) {
    throw new IssuanceError('custodian_account', `Fireblocks does not give ${what}: ${answer.text}`);
  }
  const read = page.safeParse(answer.body);
  if (!read.success) throw down(`Fireblocks does not give ${what}: ${answer.text}`);
  const addresses = read.data.addresses.map((it) => it.address.toLowerCase());
  return [...new Set(addresses.filter((it) => ADDRESS.test(it)))] as Address[];
}
