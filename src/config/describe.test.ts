import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { defaultConfirmations, EVM_NETWORK_NAMES } from '../chain/networks.ts';
import { loadConfig, type Environment } from './config.ts';
import { exampleFile } from './describe.ts';

const chains = { names: EVM_NETWORK_NAMES, defaultConfirmations };
const noFiles = (path: string): string => {
  throw new Error(`no file ${path}`);
};

function settingsIn(text: string): Environment {
  return parseEnv(text);
}

function faultsOf(env: Environment): readonly string[] {
  const loaded = loadConfig(env, noFiles, chains);
  return 'faults' in loaded ? loaded.faults.map((it) => it.name) : [];
}

describe('.env.example', () => {
  // After a change of the settings, `npx vitest run src/config -u` writes the file anew.
  test('is what the settings say', async () => {
    await expect(exampleFile()).toMatchFileSnapshot('../../.env.example');
  });

  const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
  const filled = {
    ...settingsIn(text),
    ISSUER_API_KEY: 'alpaca-key-of-at-least-32-characters',
    ISSUER_ADMIN_API_KEY: 'alice:admin-key-of-at-least-32-characters',
    ALPACA_ACCOUNT_ID: 'account-1',
    ALPACA_API_KEY: 'key',
    ALPACA_API_SECRET: 'secret',
    EVM_PRIVATE_KEY: '59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
    CHAIN_BASE_RPC_URL: 'https://node.example.com',
    CHAIN_BASE_CHAIN_ID: '8453',
  };

  test('is refused as it is, for what must be filled in, and for nothing else', () => {
    expect(faultsOf(settingsIn(text)).toSorted()).toEqual([
      'ALPACA_ACCOUNT_ID',
      'ALPACA_API_KEY',
      'CHAIN_<NETWORK>_RPC_URL',
      'EVM_PRIVATE_KEY',
      'ISSUER_ADMIN_API_KEY',
      'ISSUER_API_KEY',
    ]);
    expect(faultsOf(filled)).toEqual([]);
  });

  const examples = [...text.matchAll(/^# ([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => ({
    name,
    value,
  }));
  const faultsWith = ({ name, value }: { readonly name: string; readonly value: string }) =>
    faultsOf({ ...filled, [name]: value });

  test('every example in it is accepted by itself, but for secrets and groups', () => {
    const other = /^(ALPACA_SIGNING_KEYS|ALPACA_OAUTH_.*)$/;
    const plain = examples.filter(({ name, value }) => !other.test(name) && !value.includes('<'));
    expect(plain.length).toBeGreaterThan(20);
    expect(plain.flatMap(faultsWith)).toEqual([]);
  });

  test('no example of a key is a key', () => {
    const secrets = examples.filter(({ value }) => value.includes('<'));
    expect(secrets.length).toBeGreaterThan(4);
    expect(secrets.filter((it) => !faultsWith(it).some((name) => name === it.name))).toEqual([]);
  });
});
