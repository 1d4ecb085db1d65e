import { createECDH } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { defaultConfirmations, EVM_NETWORK_NAMES } from '../chain/networks.ts';
import { loadConfig, type Environment, type SignerConfig } from './config.ts';
import { secretsOf } from './secrets-of.ts';

const chains = { names: EVM_NETWORK_NAMES, defaultConfirmations };

function pair() {
  const made = createECDH('prime256v1');
  made.generateKeys();
  return {
    publicKey: made.getPublicKey('hex', 'compressed'),
    privateKey: made.getPrivateKey('hex').padStart(64, '0'),
  };
}

const KEY = pair();

const complete: Environment = {
  ISSUER_API_KEY: 'alpaca-key-of-at-least-32-characters',
  ISSUER_ADMIN_API_KEY: 'alice:admin-key-of-at-least-32-characters',
  ALPACA_ACCOUNT_ID: 'account-1',
  ALPACA_API_KEY: 'broker-key',
  ALPACA_API_SECRET: 'broker-secret',
  CHAIN_BASE_RPC_URL: 'https://node.example.com',
  CHAIN_BASE_CHAIN_ID: '8453',
  SIGNER: 'turnkey',
  TURNKEY_ORGANIZATION_ID: 'organization',
  TURNKEY_API_PUBLIC_KEY: KEY.publicKey,
  TURNKEY_API_PRIVATE_KEY: KEY.privateKey,
  TURNKEY_ADDRESS: `0x${'Ab'.repeat(20)}`,
};

const load = (changes: Environment) =>
  loadConfig(
    { ...complete, ...changes },
    () => {
      throw new Error('no file');
    },
    chains,
  );

function loaded(changes: Environment = {}) {
  const found = load(changes);
  if ('faults' in found) throw new Error(JSON.stringify(found.faults));
  return found.config;
}

function turnkey(changes: Environment = {}): Extract<SignerConfig, { readonly kind: 'turnkey' }> {
  const { signer } = loaded(changes);
  if (signer.kind !== 'turnkey') throw new Error(`the signer is ${signer.kind}`);
  return signer;
}

function faults(changes: Environment) {
  const found = load(changes);
  return 'faults' in found ? found.faults : [];
}

describe('the signer at Turnkey', () => {
  test('has its account and its API key, and no key of ours', () => {
    expect(turnkey({ TURNKEY_API_PUBLIC_KEY: KEY.publicKey.toUpperCase() })).toMatchObject({
      organizationId: 'organization',
      apiPublicKey: KEY.publicKey,
      address: `0x${'ab'.repeat(20)}`,
      baseUrl: 'https://api.turnkey.com',
    });
    expect(secretsOf(loaded())).toContain(KEY.privateKey);
  });

  test.each(['ORGANIZATION_ID', 'API_PUBLIC_KEY', 'API_PRIVATE_KEY', 'ADDRESS'])('needs its %s', (name) => {
    expect(faults({ [`TURNKEY_${name}`]: '' }).map((it) => it.name)).toEqual([`TURNKEY_${name}`]);
  });

  test('takes the private key as the vendor’s program writes it, with its curve behind it', () => {
    const named = { TURNKEY_API_PRIVATE_KEY: `${KEY.privateKey}:p256` };
    expect(turnkey(named).apiPrivateKey.reveal()).toBe(KEY.privateKey);
    expect(secretsOf(loaded(named))).toContain(KEY.privateKey);
    expect(turnkey({ TURNKEY_API_PRIVATE_KEY: `0x${KEY.privateKey}` }).kind).toBe('turnkey');
  });

  test.each([
    ['a key of another curve', 'TURNKEY_API_PRIVATE_KEY', `${KEY.privateKey}:secp256k1`],
    ['zero', 'TURNKEY_API_PRIVATE_KEY', '0'.repeat(64)],
    ['a number beyond its curve', 'TURNKEY_API_PRIVATE_KEY', 'f'.repeat(64)],
    ['the half of another key', 'TURNKEY_API_PRIVATE_KEY', pair().privateKey],
    ['no hex', 'TURNKEY_API_PRIVATE_KEY', 'zz'],
    ['no point of its curve', 'TURNKEY_API_PUBLIC_KEY', `02${'ab'.repeat(32)}`],
  ])('refuses %s, and shows no key', (_what, name, value) => {
    const found = faults({ [name]: value });
    expect(found.map((it) => it.name)).toEqual([name]);
    for (const secret of [KEY.privateKey, value]) expect(JSON.stringify(found)).not.toContain(secret);
  });

  test('leaves a key that nobody asks with as it is', () => {
    const other = { SIGNER: 'local', EVM_PRIVATE_KEY: KEY.privateKey };
    expect(faults({ ...other, TURNKEY_API_PRIVATE_KEY: pair().privateKey })).toEqual([]);
  });
});
