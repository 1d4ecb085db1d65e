import { isFaulty, type Values } from './cross-checks.ts';
import type { Fault } from './read-settings.ts';
import type { Secret } from './secret.ts';
import type { ChainAsset } from './values.ts';

/** Who signs, with what it takes to ask them. */
export type SignerConfig =
  | { readonly kind: 'local'; readonly privateKey: Secret }
  | {
      readonly kind: 'turnkey';
      readonly organizationId: string;
      readonly apiPublicKey: string;
      readonly apiPrivateKey: Secret;
      /** In lower case. */
      readonly address: `0x${string}`;
      readonly baseUrl: string;
    }
  | {
      readonly kind: 'fireblocks';
      readonly apiKey: Secret;
      /** PEM of an RSA key. */
      readonly secret: Secret;
      readonly vaultAccountId: string;
      readonly assetIds: readonly ChainAsset[];
      /** Ends in `/v1`. */
      readonly baseUrl: string;
    };

interface Read {
  readonly value: SignerConfig | null;
  readonly faults: readonly Fault[];
}

/**
 * The chosen signer, complete, for these chains. Settings of the others may stay where they are, for a way back.
 */
export function signerConfig(
  values: Values,
  found: readonly Fault[],
  networks: readonly { readonly network: string; readonly chainId: number }[],
): Read {
  // Nobody can tell what a signer takes that is not one.
  if (isFaulty(found, 'SIGNER')) return { value: null, faults: [] };
  switch (values.signer) {
    case 'turnkey':
      return turnkey(values, found);
    case 'fireblocks':
      return fireblocks(values, found, networks);
    case 'local': {
      const { privateKey } = values;
      if (privateKey !== null) return { value: { kind: 'local', privateKey }, faults: [] };
      return missing(values, found, { EVM_PRIVATE_KEY: privateKey });
    }
    default:
      return values.signer satisfies never;
  }
}

function turnkey(values: Values, found: readonly Fault[]): Read {
  const {
    turnkeyOrganizationId: organizationId,
    turnkeyApiPublicKey: apiPublicKey,
    turnkeyApiPrivateKey: apiPrivateKey,
    turnkeyAddress: address,
    turnkeyApiBaseUrl: baseUrl,
  } = values;
  if (organizationId !== null && apiPublicKey !== null && apiPrivateKey !== null && address !== null) {
    const kind = 'turnkey';
    return { value: { kind, organizationId, apiPublicKey, apiPrivateKey, address, baseUrl }, faults: [] };
  }
  return missing(values, found, {
    TURNKEY_ORGANIZATION_ID: organizationId,
    TURNKEY_API_PUBLIC_KEY: apiPublicKey,
    TURNKEY_API_PRIVATE_KEY: apiPrivateKey,
    TURNKEY_ADDRESS: address,
  });
}

function fireblocks(
  values: Values,
  found: readonly Fault[],
  networks: readonly { readonly network: string; readonly chainId: number }[],
): Read {
  const {
    fireblocksApiKey: apiKey,
    fireblocksSecret: secret,
    fireblocksVaultAccountId: vaultAccountId,
    fireblocksAssetIds: assetIds,
    fireblocksApiBaseUrl: baseUrl,
  } = values;
  if (apiKey === null || secret === null || vaultAccountId === null || assetIds === null) {
    return missing(values, found, {
      FIREBLOCKS_API_KEY: apiKey,
      FIREBLOCKS_SECRET: secret,
      FIREBLOCKS_VAULT_ACCOUNT_ID: vaultAccountId,
      FIREBLOCKS_ASSET_IDS: assetIds,
    });
  }
  const faults = networks
    .filter(({ chainId }) => !assetIds.some((it) => it.chainId === chainId))
    .map(({ network, chainId }) => ({
      name: 'FIREBLOCKS_ASSET_IDS',
      expected: 'the coin of every chain that is configured',
      got: `none for ${network} (${String(chainId)})`,
    }));
  const value = { kind: 'fireblocks', apiKey, secret, vaultAccountId, assetIds, baseUrl } as const;
  return { value: faults.length === 0 ? value : null, faults };
}

function missing(values: Values, found: readonly Fault[], group: Readonly<Record<string, unknown>>): Read {
  const faults = Object.entries(group)
    .filter(([name, it]) => it === null && !isFaulty(found, name))
    .map(([name]) => ({ name, expected: `a value, since SIGNER is ${values.signer}`, got: 'nothing' }));
  return { value: null, faults };
}
