import { createECDH } from 'node:crypto';
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
      /** The address that the account must have, in lower case; null: the one that it has at the first start. */
      readonly address: `0x${string}` | null;
    };

/** A network as far as signers need it. */
export interface SignedNetwork {
  readonly network: string;
  readonly chainId: number;
}

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
  networks: readonly SignedNetwork[],
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
  const { turnkeyAddress: address } = values;
  const value = address === null ? null : turnkeyAccount(values, address);
  if (value !== null) return { value, faults: [] };
  return missing(values, found, {
    TURNKEY_ORGANIZATION_ID: values.turnkeyOrganizationId,
    TURNKEY_API_PUBLIC_KEY: values.turnkeyApiPublicKey,
    TURNKEY_API_PRIVATE_KEY: values.turnkeyApiPrivateKey,
    TURNKEY_ADDRESS: address,
  });
}

/** An account of the organization of the settings, asked with their API key; null where these are not complete. */
export function turnkeyAccount(values: Values, address: `0x${string}`): SignerConfig | null {
  const { turnkeyOrganizationId: organizationId, turnkeyApiPublicKey: apiPublicKey } = values;
  const { turnkeyApiPrivateKey: apiPrivateKey, turnkeyApiBaseUrl: baseUrl } = values;
  if (organizationId === null || apiPublicKey === null || apiPrivateKey === null) return null;
  return { kind: 'turnkey', organizationId, apiPublicKey, apiPrivateKey, address, baseUrl };
}

/** A fault where one of these signers is asked by an API key whose halves do not belong together. */
export function turnkeyKeyFaults(signers: readonly (SignerConfig | null)[]): readonly Fault[] {
  const turnkey = signers.find((it) => it?.kind === 'turnkey');
  if (turnkey?.kind !== 'turnkey') return [];
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(turnkey.apiPrivateKey.reveal().replace(/^0x/, ''), 'hex');
  const publicKey = pair.getPublicKey('hex', 'compressed');
  if (publicKey === turnkey.apiPublicKey) return [];
  const expected = 'the private half of TURNKEY_API_PUBLIC_KEY';
  return [{ name: 'TURNKEY_API_PRIVATE_KEY', expected, got: `the private half of ${publicKey}` }];
}

function fireblocks(values: Values, found: readonly Fault[], networks: readonly SignedNetwork[]): Read {
  const { fireblocksVaultAccountId: vaultAccountId } = values;
  const value = vaultAccountId === null ? null : fireblocksAccount(values, vaultAccountId, null);
  if (value === null) {
    return missing(values, found, {
      FIREBLOCKS_API_KEY: values.fireblocksApiKey,
      FIREBLOCKS_SECRET: values.fireblocksSecret,
      FIREBLOCKS_VAULT_ACCOUNT_ID: vaultAccountId,
      FIREBLOCKS_ASSET_IDS: values.fireblocksAssetIds,
    });
  }
  const faults = unnamedCoins(values, networks);
  return { value: faults.length === 0 ? value : null, faults };
}

/** A vault account of the workspace of the settings, asked by their API user; null where these are not complete. */
export function fireblocksAccount(
  values: Values,
  vaultAccountId: string,
  address: `0x${string}` | null,
): SignerConfig | null {
  const { fireblocksApiKey: apiKey, fireblocksSecret: secret } = values;
  const { fireblocksAssetIds: assetIds, fireblocksApiBaseUrl: baseUrl } = values;
  if (apiKey === null || secret === null || assetIds === null) return null;
  return { kind: 'fireblocks', apiKey, secret, vaultAccountId, assetIds, baseUrl, address };
}

/** A fault for each network whose coin Fireblocks' name is not given for. */
export function unnamedCoins(
  { fireblocksAssetIds: assetIds }: Values,
  networks: readonly SignedNetwork[],
): readonly Fault[] {
  return networks
    .filter(({ chainId }) => assetIds?.some((it) => it.chainId === chainId) !== true)
    .map(({ network, chainId }) => ({
      name: 'FIREBLOCKS_ASSET_IDS',
      expected: 'the coin of every chain that is configured',
      got: `none for ${network} (${String(chainId)})`,
    }));
}

function missing(values: Values, found: readonly Fault[], group: Readonly<Record<string, unknown>>): Read {
  const faults = Object.entries(group)
    .filter(([name, it]) => it === null && !isFaulty(found, name))
    .map(([name]) => ({ name, expected: `a value, since SIGNER is ${values.signer}`, got: 'nothing' }));
  return { value: null, faults };
}
