import { optional, preset } from './setting.ts';
import * as values from './values.ts';

/** Who signs, with what it takes to ask them, in the order of `.env.example`. */
export function signerSettings() {
  return {
    signer: preset('SIGNER', 'local', values.oneOf('local', 'turnkey', 'fireblocks'), {
      about: 'Who holds the key of the redemption wallet, which signs everything.',
      expected: 'local, turnkey or fireblocks',
    }),
    privateKey: optional('EVM_PRIVATE_KEY', values.evmPrivateKey, {
      about: 'The key, for SIGNER=local.',
      expected: '64 hex digits, with or without 0x, a key of secp256k1',
      example: '<output of openssl rand -hex 32>',
      secret: 'all',
    }),
    turnkeyOrganizationId: optional('TURNKEY_ORGANIZATION_ID', values.plain, {
      about: 'Organization that holds the key, for SIGNER=turnkey.',
      expected: 'the id of the organization, without spaces',
      example: '00000000-0000-4000-8000-000000000002',
    }),
    turnkeyApiPublicKey: optional('TURNKEY_API_PUBLIC_KEY', values.compressedPublicKey, {
      about: 'Public half of our API key there.',
      expected: '66 hex digits, a compressed P-256 key',
      example: '<public key from Turnkey>',
    }),
    turnkeyApiPrivateKey: optional('TURNKEY_API_PRIVATE_KEY', values.p256PrivateKey, {
      about: 'Private half of our API key there.',
      expected: '64 hex digits, with or without 0x before them and :p256 behind them, a key of P-256',
      example: '<private key from Turnkey>',
      secret: 'all',
    }),
    turnkeyAddress: optional('TURNKEY_ADDRESS', values.address, {
      about: 'Account there that signs, which is the redemption wallet.',
      expected: 'an address: 0x and 40 hex digits',
      example: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
    }),
    turnkeyApiBaseUrl: preset(
      'TURNKEY_API_BASE_URL',
      'https://api.turnkey.com',
      values.url('https', 'http'),
      {
        about: 'API of Turnkey.',
        expected: 'an http or https URL',
      },
    ),
    fireblocksApiKey: optional('FIREBLOCKS_API_KEY', values.secret, {
      about: 'API user at Fireblocks, for SIGNER=fireblocks.',
      expected: 'the id of the API user, without spaces',
      example: '<API key from Fireblocks>',
      secret: 'all',
    }),
    fireblocksSecret: optional('FIREBLOCKS_SECRET', values.rsaPrivateKey, {
      about: 'Private key of that API user, with which its requests are signed.',
      expected: 'a PEM of an RSA key of at least 2048 bits',
      example: '<PEM of the API user>',
      secret: 'all',
    }),
    fireblocksVaultAccountId: optional('FIREBLOCKS_VAULT_ACCOUNT_ID', values.plain, {
      about: 'Vault account there whose address signs, which is the redemption wallet.',
      expected: 'the id of the vault account, without spaces',
      example: '7',
    }),
    fireblocksAssetIds: optional('FIREBLOCKS_ASSET_IDS', values.assetIds, {
      about: 'What Fireblocks calls the coin of each chain that is configured.',
      expected: 'CHAINID:ASSET, comma-separated, each chain once',
      example: '8453:BASECHAIN_ETH,1:ETH',
    }),
    fireblocksApiBaseUrl: preset(
      'FIREBLOCKS_API_BASE_URL',
      'https://api.fireblocks.io/v1',
      values.versionedUrl,
      {
        about: 'API of Fireblocks; https://sandbox-api.fireblocks.io/v1 is its sandbox.',
        expected: 'an http or https URL that ends in /v1',
      },
    ),
  };
}
