import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { defaultConfirmations, EVM_NETWORK_NAMES } from '../chain/networks.ts';
import { loadConfig, type Config, type Environment, type Fault } from './config.ts';
import { effectiveSettings } from './describe.ts';
import { loadClientConfig, loadDatabaseConfig, loadServiceUrl } from './part-config.ts';
import { secretsOf } from './secrets-of.ts';

const chains = { names: EVM_NETWORK_NAMES, defaultConfirmations };

const ALPACA_KEY = 'alpaca-key-of-at-least-32-characters';
const ADMIN_KEY = 'admin:key-of-at-least-32-characters';
const PRIVATE_KEY = '59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d';

const complete: Environment = {
  ISSUER_API_KEY: ALPACA_KEY,
  ISSUER_ADMIN_API_KEY: `alice:${ADMIN_KEY}`,
  ALPACA_ACCOUNT_ID: 'account-1',
  ALPACA_API_KEY: 'broker-key',
  ALPACA_API_SECRET: 'broker-secret',
  EVM_PRIVATE_KEY: PRIVATE_KEY,
  CHAIN_BASE_RPC_URL: 'https://node.example.com/v2/node-key-1',
  CHAIN_BASE_CHAIN_ID: '8453',
  PATH: '/usr/bin',
};

const noFiles = (path: string): string => {
  throw new Error(`no file ${path}`);
};

function load(changes: Environment = {}, readFile = noFiles) {
  return loadConfig({ ...complete, ...changes }, readFile, chains);
}

function config(changes: Environment = {}, readFile = noFiles): Config {
  const loaded = load(changes, readFile);
  if ('faults' in loaded) throw new Error(JSON.stringify(loaded.faults));
  return loaded.config;
}

function faults(changes: Environment = {}, readFile = noFiles): readonly Fault[] {
  const loaded = load(changes, readFile);
  return 'faults' in loaded ? loaded.faults : [];
}

const faultyNames = (changes: Environment, readFile = noFiles) =>
  faults(changes, readFile).map((it) => it.name);

describe('loadConfig', () => {
  test('fills in what is documented as the default', () => {
    const { networks, ...rest } = config();
    expect(rest).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      publicUrl: null,
      trustedProxies: [],
      database: { kind: 'file', path: 'issuance.db' },
      alpacaIpRanges: [],
      internalIpRanges: ['127.0.0.0/8', '::1/128'],
      alpaca: { baseUrl: 'https://broker-api.alpaca.markets', clientIdField: 'client_external_account_id' },
      signer: { kind: 'local' },
      log: { level: 'info', format: null },
    });
    expect(networks).toEqual([
      {
        network: 'base',
        chainId: 8453,
        rpcUrls: ['https://node.example.com/v2/node-key-1'],
        wsUrl: null,
        startBlock: 0n,
        redemptionsFromBlock: null,
        confirmations: 20,
        finality: 'finalized',
        pollMs: 4000,
        unhintedPollMs: 4000,
        inFlight: 4,
        batchCount: 50,
        batchGas: 12_000_000n,
        maxFeeWei: 100_000_000_000n,
        repriceAfterMs: 30_000,
      },
    ]);
  });

  test('reads networks apart from each other', () => {
    const { networks } = config({
      CHAIN_ETHEREUM_RPC_URL: 'http://one.example.com, http://two.example.com/',
      CHAIN_ETHEREUM_WS_URL: 'wss://one.example.com',
      CHAIN_ETHEREUM_CHAIN_ID: '31337',
      CHAIN_ETHEREUM_FINALITY: '5',
      CHAIN_ETHEREUM_MAX_FEE_GWEI: '0.5',
      CHAIN_ETHEREUM_START_BLOCK: '17',
    });
    expect(networks.map((it) => it.network)).toEqual(['base', 'ethereum']);
    expect(networks[1]).toMatchObject({
      rpcUrls: ['http://one.example.com', 'http://two.example.com'],
      confirmations: 0,
      finality: 5,
      pollMs: 10_000,
      unhintedPollMs: 4000,
      maxFeeWei: 500_000_000n,
      startBlock: 17n,
    });
  });

  test('reports every fault at once', () => {
    const found = faultyNames({
      PORT: '80800',
      ISSUER_API_KEY: 'short',
      ALPACA_ACCOUNT_ID: undefined,
      CHAIN_BASE_FINALITY: 'soon',
      CHAIN_BASE_RPCURL: 'x',
      EVM_PRIVATE_KEY: '',
    });
    expect(found.toSorted()).toEqual([
      'ALPACA_ACCOUNT_ID',
      'CHAIN_BASE_FINALITY',
      'CHAIN_BASE_RPCURL',
      'EVM_PRIVATE_KEY',
      'ISSUER_API_KEY',
      'PORT',
    ]);
  });

  test('a fault says what is expected and what was found', () => {
    expect(faults({ PORT: 'eighty' })).toEqual([
      { name: 'PORT', expected: 'a whole number from 0 to 65535', got: "'eighty'" },
    ]);
  });

  test.each<[string, Environment]>([
    ['PORT', { PORT: '-1' }],
    ['PORT', { PORT: '1e3' }],
    ['HOST', { HOST: 'two words' }],
    ['PUBLIC_URL', { PUBLIC_URL: 'issuer.example.com' }],
    ['DATABASE_URL', { DATABASE_URL: 'postgres://u:p@db/issuance' }],
    ['DATABASE_URL', { DATABASE_URL: 'issuance.db' }],
    ['SIGNER', { SIGNER: 'ledger' }],
    ['SIGNER', { SIGNER: 'ledger', EVM_PRIVATE_KEY: undefined }],
    ['TURNKEY_ADDRESS', { TURNKEY_ADDRESS: '0x12' }],
    ['TURNKEY_API_PUBLIC_KEY', { TURNKEY_API_PUBLIC_KEY: `04${'ab'.repeat(32)}` }],
    ['TURNKEY_API_PUBLIC_KEY', { TURNKEY_API_PUBLIC_KEY: `02${'ab'.repeat(32)}` }],
    ['INTERNAL_IP_RANGES', { INTERNAL_IP_RANGES: '10.0.0.0/8,0.0.0.0/0' }],
    ['INTERNAL_IP_RANGES', { INTERNAL_IP_RANGES: '::/0' }],
    ['INTERNAL_IP_RANGES', { INTERNAL_IP_RANGES: '::ffff:0:0/96' }],
    ['ALPACA_IP_RANGES', { ALPACA_IP_RANGES: '10.0.0.0/33' }],
    ['ALPACA_CLIENT_ID_FIELD', { ALPACA_CLIENT_ID_FIELD: 'client' }],
    ['EVM_PRIVATE_KEY', { EVM_PRIVATE_KEY: `${PRIVATE_KEY}00` }],
    ['EVM_PRIVATE_KEY', { EVM_PRIVATE_KEY: '0'.repeat(64) }],
    ['EVM_PRIVATE_KEY', { EVM_PRIVATE_KEY: 'f'.repeat(64) }],
    ['ISSUER_API_KEY', { ISSUER_API_KEY: `${ALPACA_KEY},` }],
    ['ISSUER_API_KEY', { ISSUER_API_KEY: `${ALPACA_KEY},${ALPACA_KEY}` }],
    ['ISSUER_API_KEY', { ISSUER_API_KEY: undefined }],
    ['ISSUER_ADMIN_API_KEY', { ISSUER_ADMIN_API_KEY: ALPACA_KEY }],
    ['ISSUER_ADMIN_API_KEY', { ISSUER_ADMIN_API_KEY: `a:${ADMIN_KEY},a:other-${ADMIN_KEY}` }],
    ['ISSUER_ADMIN_API_KEY', { ISSUER_ADMIN_API_KEY: `a:${ADMIN_KEY},b:${ADMIN_KEY}` }],
    ['ISSUER_ADMIN_API_KEY', { ISSUER_ADMIN_API_KEY: `a:${ALPACA_KEY}` }],
    ['ALPACA_API_KEY', { ALPACA_API_KEY: undefined, ALPACA_API_SECRET: undefined }],
    ['ALPACA_API_SECRET', { ALPACA_API_SECRET: undefined }],
    ['ALPACA_OAUTH_*', { ALPACA_OAUTH_URL: 'https://authx.example.com' }],
    ['CHAIN_BASE_RPC_URL', { CHAIN_BASE_RPC_URL: 'ftp://node.example.com' }],
    ['CHAIN_BASE_RPC_URL', { CHAIN_BASE_RPC_URL: 'http://a.example.com,http://a.example.com/' }],
    ['CHAIN_BASE_RPC_URL', { CHAIN_BASE_RPC_URL: undefined }],
    ['CHAIN_BASE_CHAIN_ID', { CHAIN_BASE_CHAIN_ID: undefined }],
    ['CHAIN_BASE_BATCH_GAS', { CHAIN_BASE_BATCH_GAS: '20999' }],
    ['CHAIN_BASE_MAX_FEE_GWEI', { CHAIN_BASE_MAX_FEE_GWEI: '0' }],
    ['CHAIN_BASE_IN_FLIGHT', { CHAIN_BASE_IN_FLIGHT: '0' }],
    ['CHAIN_BASE_FINALITY', { CHAIN_BASE_FINALITY: '19' }],
    ['CHAIN_<NETWORK>_RPC_URL', { CHAIN_BASE_RPC_URL: undefined, CHAIN_BASE_CHAIN_ID: undefined }],
  ])('refuses a wrong %s: %j', (name, changes) => {
    expect(faultyNames(changes)).toEqual([name]);
  });

  test('a database that is not built yet is named as that', () => {
    expect(faults({ DATABASE_URL: 'postgres://db/x' })[0]?.expected).toContain('not built yet');
  });

  test('two networks on one chain are refused', () => {
    const other = { CHAIN_ETHEREUM_RPC_URL: 'http://other.example.com', CHAIN_ETHEREUM_CHAIN_ID: '8453' };
    expect(faultyNames(other)).toEqual(['CHAIN_ETHEREUM_CHAIN_ID']);
  });

  test('names that begin like ours and are none are refused, with the nearest one', () => {
    expect(faults({ ISSUER_API_KEYS: 'x' })[0]?.expected).toContain('did you mean ISSUER_API_KEY?');
    expect(faults({ CHAIN_BASE_CONFIRMATION: '3' })[0]?.expected).toContain('CHAIN_BASE_CONFIRMATIONS?');
    expect(faultyNames({ CHAIN_SOLANA_RPC_URL: 'http://x.example.com' })).toEqual(['CHAIN_SOLANA_RPC_URL']);
    expect(faults({ SOMETHING_ELSE: 'x', ISSUER_URL: 'http://127.0.0.1:1' })).toEqual([]);
  });

  test('an empty variable counts as absent', () => {
    expect(config({ PORT: '', LOG_FORMAT: ' ' })).toMatchObject({ port: 8080, log: { format: null } });
  });

  test('OAuth credentials stand in for the pair, and only complete', () => {
    const oauth = {
      ALPACA_API_KEY: undefined,
      ALPACA_API_SECRET: undefined,
      ALPACA_OAUTH_URL: 'https://authx.example.com/token',
      ALPACA_OAUTH_CLIENT_ID: 'id',
      ALPACA_OAUTH_CLIENT_SECRET: 'hush',
    };
    expect(config(oauth).alpaca.credentials).toMatchObject({ kind: 'oauth', clientId: 'id' });
    expect(faultyNames({ ...oauth, ALPACA_OAUTH_CLIENT_ID: undefined })).toEqual(['ALPACA_OAUTH_CLIENT_ID']);
  });

  test('signing keys stand in for the key, and need the public URL', () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const readFile = (path: string): string => (path === 'alpaca.pem' ? pem : noFiles(path));
    const signed = { ISSUER_API_KEY: undefined, ALPACA_SIGNING_KEYS: 'k1=alpaca.pem' };
    expect(faultyNames(signed, readFile)).toEqual(['PUBLIC_URL']);
    const loaded = config({ ...signed, PUBLIC_URL: 'https://issuer.example.com/' }, readFile);
    expect(loaded).toMatchObject({
      alpacaSigningKeys: [{ keyId: 'k1', pem }],
      publicUrl: 'https://issuer.example.com',
    });
    expect(faultyNames({ ALPACA_SIGNING_KEYS: 'k1=other.pem' }, readFile)).toEqual(['ALPACA_SIGNING_KEYS']);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
    const rsaPem = rsa.export({ type: 'spki', format: 'pem' }).toString();
    expect(faultyNames({ ALPACA_SIGNING_KEYS: 'k1=rsa.pem' }, () => rsaPem)).toEqual(['ALPACA_SIGNING_KEYS']);
  });

  test('signing keys are several during a rotation, by ids of any form, and never private', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const secret = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const readFile = (path: string): string => (path === 'secret.pem' ? secret : pem);
    const at = (text: string) => ({ ALPACA_SIGNING_KEYS: text, PUBLIC_URL: 'https://a.example' });
    const ids = config(at('k1=a.pem, bm8gc2VjcmV0==/run/b.pem'), readFile).alpacaSigningKeys.map(
      (it) => it.keyId,
    );
    expect(ids).toEqual(['k1', 'bm8gc2VjcmV0=']);
    for (const text of ['k1=secret.pem', 'k1=a.pem,k1=b.pem', 'a.pem', '=a.pem', 'k1=']) {
      expect(faultyNames(at(text), readFile)).toEqual(['ALPACA_SIGNING_KEYS']);
    }
  });

  test.each(['https://user:pass@a.example', 'https://a.example?b=c', 'https://a.example/#b', 'a.example'])(
    'PUBLIC_URL is no %s',
    (text) => {
      expect(faultyNames({ PUBLIC_URL: text })).toEqual(['PUBLIC_URL']);
    },
  );
});

describe('secrets', () => {
  test('may come from files', () => {
    const files: Readonly<Record<string, string>> = { '/run/key': `${PRIVATE_KEY}\n`, '/run/empty': '\n' };
    const readFile = (path: string): string => files[path] ?? noFiles(path);
    const fromFile = { EVM_PRIVATE_KEY: undefined, EVM_PRIVATE_KEY_FILE: '/run/key' };
    expect(config(fromFile, readFile).signer).toMatchObject({ kind: 'local' });
    expect(secretsOf(config(fromFile, readFile))).toContain(PRIVATE_KEY);
    for (const path of ['/run/empty', '/run/absent']) {
      expect(faultyNames({ ...fromFile, EVM_PRIVATE_KEY_FILE: path }, readFile)).toEqual([
        'EVM_PRIVATE_KEY_FILE',
      ]);
    }
    expect(faultyNames({ EVM_PRIVATE_KEY_FILE: '/run/key' }, readFile)).toEqual(['EVM_PRIVATE_KEY_FILE']);
  });

  test('show in no fault', () => {
    const secret = 'hush-hush';
    const found = faults({
      ISSUER_API_KEY: secret,
      ISSUER_ADMIN_API_KEY: `alice:${secret}`,
      EVM_PRIVATE_KEY: secret,
      DATABASE_URL: `postgres://user:${secret}@db/issuance`,
      CHAIN_BASE_RPC_URL: `ftp://node.example.com/${secret}`,
      CHAIN_BASE_WS_URL: secret,
    });
    expect(found).toHaveLength(6);
    expect(JSON.stringify(found)).not.toContain(secret);
  });

  test('show neither in the inspected nor in the serialised configuration', () => {
    const { networks, ...rest } = config();
    expect(networks).toHaveLength(1);
    const shown = [inspect(rest, { depth: null, showHidden: true }), JSON.stringify(rest)].join('\n');
    for (const text of [ALPACA_KEY, ADMIN_KEY, 'broker-key', 'broker-secret', PRIVATE_KEY]) {
      expect(shown).not.toContain(text);
    }
    expect(shown).toContain('[secret]');
  });

  test('are all handed to the log for redaction', () => {
    const secrets = secretsOf(config({ CHAIN_BASE_WS_URL: 'wss://user:pass-word@ws.example.com/ws-key-1' }));
    const expected = [ALPACA_KEY, ADMIN_KEY, 'broker-key', 'broker-secret', PRIVATE_KEY, 'pass-word'];
    expect(secrets).toEqual(expect.arrayContaining([...expected, '/v2/node-key-1', '/ws-key-1']));
    expect(secrets).toContain(Buffer.from('broker-key:broker-secret').toString('base64'));
    expect(secrets).not.toContain('');
  });

  test('are known by themselves too where they are a part of a URL, and ordinary words are not', () => {
    const urls =
      'https://user-of-node@a.example.com,https://b.example.com/mainnet/0123456789abcdef?k=fedcba9876543210';
    const secrets = secretsOf(config({ CHAIN_BASE_RPC_URL: urls }));
    expect(secrets).toEqual(expect.arrayContaining(['user-of-node', '0123456789abcdef', 'fedcba9876543210']));
    expect(secrets).not.toContain('mainnet');
  });

  test('are masked among the effective settings', () => {
    const rows = effectiveSettings(complete, noFiles, chains);
    const text = JSON.stringify(rows);
    for (const hidden of [ALPACA_KEY, ADMIN_KEY, 'broker-key', 'broker-secret', PRIVATE_KEY, 'node-key-1']) {
      expect(text).not.toContain(hidden);
    }
    const row = (name: string) => rows.find((it) => it.name === name);
    expect(row('CHAIN_BASE_RPC_URL')?.value).toBe('https://node.example.com/[secret]');
    expect(row('DATABASE_URL')).toEqual({
      name: 'DATABASE_URL',
      value: 'sqlite:issuance.db',
      from: 'default',
    });
    expect(row('PUBLIC_URL')).toMatchObject({ value: null, from: 'absent' });
    expect(row('EVM_PRIVATE_KEY')).toMatchObject({ value: '[secret of 64 characters]', from: 'environment' });
  });
});

test('what is effective and no secret is shown whole, for scripts to read', () => {
  const ranges = Array.from({ length: 30 }, (_, at) => `10.${String(at)}.0.0/16`).join(',');
  const rows = effectiveSettings({ ...complete, ALPACA_IP_RANGES: ranges }, noFiles, chains);
  expect(rows.find((it) => it.name === 'ALPACA_IP_RANGES')?.value).toBe(ranges);
});

describe('settings of commands', () => {
  test('the client needs its URL and a key only', () => {
    const loaded = loadClientConfig(
      { ISSUER_ADMIN_API_KEY: `alice:${ADMIN_KEY},b:other-${ADMIN_KEY}` },
      noFiles,
    );
    const adminKeys = [{ name: 'alice' }, { name: 'b' }];
    expect(loaded).toMatchObject({ config: { url: 'http://127.0.0.1:8080', adminKeys } });
    expect(loadClientConfig({}, noFiles)).toMatchObject({ faults: [{ name: 'ISSUER_ADMIN_API_KEY' }] });
  });

  test.each([
    [{}, 'http://127.0.0.1:8080'],
    [{ HOST: '0.0.0.0', PORT: '9000' }, 'http://127.0.0.1:9000'],
    [{ HOST: '::', PORT: '9000' }, 'http://127.0.0.1:9000'],
    [{ HOST: 'fd00::1' }, 'http://[fd00::1]:8080'],
    [{ HOST: '0.0.0.0', ISSUER_URL: 'https://issuer.example.com/' }, 'https://issuer.example.com'],
  ])('with %j the service is at %s', (env, url) => {
    expect(loadServiceUrl(env, noFiles)).toEqual({ config: url });
  });

  test('where the service picks its port, its URL must be told', () => {
    expect(loadServiceUrl({ PORT: '0' }, noFiles)).toMatchObject({ faults: [{ name: 'ISSUER_URL' }] });
  });

  test('a command beside the service needs the database only', () => {
    expect(loadDatabaseConfig({ DATABASE_URL: 'sqlite::memory:' }, noFiles)).toEqual({
      config: { kind: 'memory' },
    });
    expect(loadDatabaseConfig({ DATABASE_URL: 'mysql:x' }, noFiles)).toMatchObject({
      faults: [{ name: 'DATABASE_URL' }],
    });
  });
});
