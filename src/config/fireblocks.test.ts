import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { defaultConfirmations, EVM_NETWORK_NAMES } from '../chain/networks.ts';
import { loadConfig, type Environment } from './config.ts';
import { effectiveSettings } from './describe.ts';
import { secretsOf } from './secrets-of.ts';

const chains = { names: EVM_NETWORK_NAMES, defaultConfirmations };

const pem = { type: 'pkcs8', format: 'pem' } as const;
const rsa = (modulusLength: number): string =>
  generateKeyPairSync('rsa', { modulusLength }).privateKey.export(pem).toString();
const PEM = rsa(2_048);
const SHORT = rsa(1_024);
const OTHER = generateKeyPairSync('ed25519').privateKey.export(pem).toString();

const complete: Environment = {
  ISSUER_API_KEY: 'alpaca-key-of-at-least-32-characters',
  ISSUER_ADMIN_API_KEY: 'alice:admin-key-of-at-least-32-characters',
  ALPACA_ACCOUNT_ID: 'account-1',
  ALPACA_API_KEY: 'broker-key',
  ALPACA_API_SECRET: 'broker-secret',
  CHAIN_BASE_RPC_URL: 'https://node.example.com',
  CHAIN_BASE_CHAIN_ID: '8453',
  SIGNER: 'fireblocks',
  FIREBLOCKS_API_KEY: '6f1e1a3e-0000-4000-8000-000000000003',
  FIREBLOCKS_SECRET: PEM,
  FIREBLOCKS_VAULT_ACCOUNT_ID: '7',
  FIREBLOCKS_ASSET_IDS: '8453:BASECHAIN_ETH,1:ETH',
};

const files = (path: string): string => {
  if (path === '/run/secrets/fireblocks') return PEM;
  throw new Error(`no file ${path}`);
};

const load = (changes: Environment = {}) => loadConfig({ ...complete, ...changes }, files, chains);

function signer(changes: Environment = {}) {
  const loaded = load(changes);
  if ('faults' in loaded) throw new Error(JSON.stringify(loaded.faults));
  const { signer } = loaded.config;
  if (signer.kind !== 'fireblocks') throw new Error(`the signer is ${signer.kind}`);
  return signer;
}

function faults(changes: Environment) {
  const loaded = load(changes);
  return 'faults' in loaded ? loaded.faults : [];
}

describe('the signer at Fireblocks', () => {
  test('has its account, and an asset for every chain', () => {
    expect(signer()).toMatchObject({
      vaultAccountId: '7',
      baseUrl: 'https://api.fireblocks.io/v1',
      assetIds: [
        { chainId: 8453, assetId: 'BASECHAIN_ETH' },
        { chainId: 1, assetId: 'ETH' },
      ],
    });
    expect(signer({ FIREBLOCKS_API_BASE_URL: 'http://127.0.0.1:8080/v1/' }).baseUrl).toBe(
      'http://127.0.0.1:8080/v1',
    );
  });

  test('has its key from a variable, with its lines as they are or written as one, or from a file', () => {
    const keys = [
      signer(),
      signer({ FIREBLOCKS_SECRET: PEM.replaceAll('\n', '\\n') }),
      signer({ FIREBLOCKS_SECRET: '', FIREBLOCKS_SECRET_FILE: '/run/secrets/fireblocks' }),
    ];
    for (const { secret } of keys) expect(secret.reveal().trim()).toBe(PEM.trim());
  });

  test.each([
    ['an API key', { FIREBLOCKS_API_KEY: '' }, 'FIREBLOCKS_API_KEY'],
    ['a secret', { FIREBLOCKS_SECRET: '' }, 'FIREBLOCKS_SECRET'],
    ['a secret that is a key', { FIREBLOCKS_SECRET: 'secret' }, 'FIREBLOCKS_SECRET'],
    ['a key that is long enough', { FIREBLOCKS_SECRET: SHORT }, 'FIREBLOCKS_SECRET'],
    ['a key of RSA', { FIREBLOCKS_SECRET: OTHER }, 'FIREBLOCKS_SECRET'],
    ['a vault account', { FIREBLOCKS_VAULT_ACCOUNT_ID: '' }, 'FIREBLOCKS_VAULT_ACCOUNT_ID'],
    ['an asset of the chain', { FIREBLOCKS_ASSET_IDS: '1:ETH' }, 'FIREBLOCKS_ASSET_IDS'],
    ['one asset for a chain', { FIREBLOCKS_ASSET_IDS: '8453:A,8453:B' }, 'FIREBLOCKS_ASSET_IDS'],
    ['a chain before its asset', { FIREBLOCKS_ASSET_IDS: 'BASECHAIN_ETH' }, 'FIREBLOCKS_ASSET_IDS'],
    [
      'the version of the API',
      { FIREBLOCKS_API_BASE_URL: 'https://api.fireblocks.io' },
      'FIREBLOCKS_API_BASE_URL',
    ],
    ['a name that is known', { FIREBLOCKS_KEY: 'x' }, 'FIREBLOCKS_KEY'],
  ])('needs %s', (_what, changes, name) => {
    const found = faults(changes);
    expect(found.map((it) => it.name)).toEqual([name]);
    for (const line of PEM.split('\n').slice(1, -2)) expect(JSON.stringify(found)).not.toContain(line);
  });

  test('shows neither of its secrets, and keeps each line of the key out of the log', () => {
    const shown = effectiveSettings(complete, files, chains);
    const line = PEM.split('\n')[3] ?? '';
    expect(JSON.stringify(shown)).not.toContain(line);
    expect(shown.find((it) => it.name === 'FIREBLOCKS_API_KEY')?.value).toBe('[secret of 36 characters]');
    const loaded = load();
    if ('faults' in loaded) throw new Error('a fault');
    expect(secretsOf(loaded.config)).toEqual(expect.arrayContaining([line, complete['FIREBLOCKS_API_KEY']]));
    expect(JSON.stringify(loaded.config.signer)).not.toContain(line);
  });
});
