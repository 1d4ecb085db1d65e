import { createECDH, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { defaultConfirmations, EVM_NETWORK_NAMES } from '../chain/networks.ts';
import { loadConfig, type Environment } from './config.ts';
import { effectiveSettings } from './describe.ts';
import { secretsOf } from './secrets-of.ts';

const chains = { names: EVM_NETWORK_NAMES, defaultConfirmations };

/** Two of the accounts that every development chain has. */
const ONE = {
  address: '0x70997970c51812dc3a010c7d01b50e0d17dc79c8',
  key: '59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
} as const;
const OTHER = {
  address: '0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc',
  key: '5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
} as const;
const NOBODY = '0x00000000000000000000000000000000000000AA';

const complete: Environment = {
  ISSUER_API_KEY: 'alpaca-key-of-at-least-32-characters',
  ISSUER_ADMIN_API_KEY: 'alice:admin-key-of-at-least-32-characters',
  ALPACA_ACCOUNT_ID: 'account-1',
  ALPACA_API_KEY: 'broker-key',
  ALPACA_API_SECRET: 'broker-secret',
  EVM_PRIVATE_KEY: ONE.key,
  CHAIN_BASE_RPC_URL: 'https://node.example.com',
  CHAIN_BASE_CHAIN_ID: '8453',
};

const files = (path: string): string => {
  if (path === '/run/secrets/old') return `${OTHER.key}\n`;
  throw new Error(`no file ${path}`);
};

function load(changes: Environment) {
  return loadConfig({ ...complete, ...changes }, files, chains);
}

function retired(changes: Environment) {
  const loaded = load(changes);
  if ('faults' in loaded) throw new Error(JSON.stringify(loaded.faults));
  return loaded.config.retiredSigners.map(({ address, key }) => ({ address, key: key?.kind ?? null }));
}

function faults(changes: Environment) {
  const loaded = load(changes);
  return 'faults' in loaded ? loaded.faults : [];
}

describe('RETIRED_SIGNERS', () => {
  test('are none unless set', () => {
    expect(retired({})).toEqual([]);
  });

  test('are addresses in any case, each with its key where that is given', () => {
    const env = { RETIRED_SIGNERS: `${NOBODY}, ${OTHER.address.toUpperCase().replace('0X', '0x')}` };
    const nobody = { address: NOBODY.toLowerCase(), key: null };
    expect(retired(env)).toEqual([nobody, { address: OTHER.address, key: null }]);
    const both = [nobody, { address: OTHER.address, key: 'local' }];
    expect(retired({ ...env, RETIRED_SIGNER_2_PRIVATE_KEY: OTHER.key })).toEqual(both);
    expect(retired({ ...env, RETIRED_SIGNER_2_PRIVATE_KEY_FILE: '/run/secrets/old' })).toEqual(both);
  });

  test('may be an account at Turnkey, whoever signs now', () => {
    const env = { RETIRED_SIGNERS: `${OTHER.address}=turnkey` };
    const apiKey = createECDH('prime256v1');
    apiKey.generateKeys();
    const turnkey = {
      TURNKEY_ORGANIZATION_ID: 'org-1',
      TURNKEY_API_PUBLIC_KEY: apiKey.getPublicKey('hex', 'compressed'),
      TURNKEY_API_PRIVATE_KEY: apiKey.getPrivateKey('hex').padStart(64, '0'),
    };
    expect(retired({ ...env, ...turnkey })).toEqual([{ address: OTHER.address, key: 'turnkey' }]);
    expect(faults(env)).toMatchObject([
      { name: 'RETIRED_SIGNERS', got: `'${OTHER.address}=turnkey' without them` },
    ]);
    const apart = { ...turnkey, TURNKEY_API_PRIVATE_KEY: OTHER.key };
    expect(faults({ ...env, ...apart })).toMatchObject([{ name: 'TURNKEY_API_PRIVATE_KEY' }]);
    const twice = { ...env, ...turnkey, RETIRED_SIGNER_1_PRIVATE_KEY: OTHER.key };
    expect(faults(twice)).toMatchObject([{ name: 'RETIRED_SIGNER_1_PRIVATE_KEY' }]);
  });

  describe('at a vault account of Fireblocks', () => {
    const PEM = generateKeyPairSync('rsa', { modulusLength: 2_048 })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    const fireblocks = {
      FIREBLOCKS_API_KEY: '6f1e1a3e-0000-4000-8000-000000000003',
      FIREBLOCKS_SECRET: PEM,
      FIREBLOCKS_ASSET_IDS: '8453:BASECHAIN_ETH',
    };
    const env = { RETIRED_SIGNERS: `${OTHER.address.toUpperCase().replace('0X', '0x')}=fireblocks:7` };

    test('are asked by the API user of the settings, whoever signs now', () => {
      const loaded = load({ ...env, ...fireblocks });
      if ('faults' in loaded) throw new Error(JSON.stringify(loaded.faults));
      expect(loaded.config.retiredSigners).toMatchObject([
        {
          address: OTHER.address,
          key: {
            kind: 'fireblocks',
            vaultAccountId: '7',
            address: OTHER.address,
            assetIds: [{ chainId: 8453, assetId: 'BASECHAIN_ETH' }],
          },
        },
      ]);
      const both = { SIGNER: 'fireblocks', FIREBLOCKS_VAULT_ACCOUNT_ID: '8' };
      expect(retired({ ...env, ...fireblocks, ...both })).toEqual([
        { address: OTHER.address, key: 'fireblocks' },
      ]);
    });

    test('need those settings, a coin for every chain, an account of their own, and no key of ours', () => {
      expect(faults(env)).toMatchObject([
        { name: 'RETIRED_SIGNERS', got: `'${OTHER.address}=fireblocks:7' without them` },
      ]);
      const names = (changes: Environment) =>
        faults({ ...env, ...fireblocks, ...changes }).map((it) => it.name);
      expect(names({ FIREBLOCKS_ASSET_IDS: '1:ETH' })).toEqual(['FIREBLOCKS_ASSET_IDS']);
      expect(names({ RETIRED_SIGNER_1_PRIVATE_KEY: OTHER.key })).toEqual(['RETIRED_SIGNER_1_PRIVATE_KEY']);
      const same = { SIGNER: 'fireblocks', FIREBLOCKS_VAULT_ACCOUNT_ID: '7' };
      expect(names(same)).toEqual(['RETIRED_SIGNERS']);
      const twice = { RETIRED_SIGNERS: `${OTHER.address}=fireblocks:7,${NOBODY}=fireblocks:7` };
      expect(names(twice)).toEqual(['RETIRED_SIGNERS']);
      expect(names({ RETIRED_SIGNERS: `${OTHER.address}=fireblocks` })).toEqual(['RETIRED_SIGNERS']);
    });

    test('show neither of their secrets, and keep each line of the key out of the log', () => {
      const all = { ...complete, ...env, ...fireblocks };
      const line = PEM.split('\n')[3] ?? '';
      const shown = effectiveSettings(all, files, chains);
      expect(shown.find((it) => it.name === 'FIREBLOCKS_SECRET')?.value).toMatch(
        /^\[secret of \d+ characters\]$/,
      );
      expect(JSON.stringify(shown)).not.toContain(line);
      const loaded = loadConfig(all, files, chains);
      if ('faults' in loaded) throw new Error('a fault');
      expect(secretsOf(loaded.config)).toEqual(expect.arrayContaining([line, fireblocks.FIREBLOCKS_API_KEY]));
      expect(JSON.stringify(loaded.config.retiredSigners)).not.toContain(line);
    });
  });

  test.each([
    ['no address', { RETIRED_SIGNERS: '0xabc' }, 'RETIRED_SIGNERS'],
    ['one twice', { RETIRED_SIGNERS: `${NOBODY},${NOBODY.toLowerCase()}` }, 'RETIRED_SIGNERS'],
    ['nobody who could have it', { RETIRED_SIGNERS: `${NOBODY}=vault` }, 'RETIRED_SIGNERS'],
    ['the present one', { RETIRED_SIGNERS: ONE.address }, 'RETIRED_SIGNERS'],
    [
      'the key of another address',
      { RETIRED_SIGNERS: NOBODY, RETIRED_SIGNER_1_PRIVATE_KEY: OTHER.key },
      'RETIRED_SIGNER_1_PRIVATE_KEY',
    ],
    [
      'a number that is no key',
      { RETIRED_SIGNERS: NOBODY, RETIRED_SIGNER_1_PRIVATE_KEY: '00'.repeat(32) },
      'RETIRED_SIGNER_1_PRIVATE_KEY',
    ],
    [
      'a key without an address',
      { RETIRED_SIGNERS: NOBODY, RETIRED_SIGNER_2_PRIVATE_KEY: OTHER.key },
      'RETIRED_SIGNER_2_PRIVATE_KEY',
    ],
    ['a slip in the name', { RETIRED_SIGNER: OTHER.address }, 'RETIRED_SIGNER'],
    ['a key too far', { RETIRED_SIGNER_10_PRIVATE_KEY: OTHER.key }, 'RETIRED_SIGNER_10_PRIVATE_KEY'],
  ])('with %s is a fault', (_what, env, name) => {
    const found = faults(env);
    expect(found.map((it) => it.name)).toEqual([name]);
    expect(JSON.stringify(found)).not.toContain(OTHER.key);
  });

  test('their keys are shown nowhere, and kept out of the log', () => {
    const env = { ...complete, RETIRED_SIGNERS: OTHER.address, RETIRED_SIGNER_1_PRIVATE_KEY: OTHER.key };
    const rows = effectiveSettings(env, files, chains);
    expect(rows.find((it) => it.name === 'RETIRED_SIGNER_1_PRIVATE_KEY')).toMatchObject({
      value: '[secret of 64 characters]',
    });
    const loaded = loadConfig(env, files, chains);
    if ('faults' in loaded) throw new Error('a fault');
    expect(secretsOf(loaded.config)).toContain(OTHER.key);
    expect(JSON.stringify(loaded.config.retiredSigners)).not.toContain(OTHER.key);
  });
});
