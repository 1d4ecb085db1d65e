import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CHAIN_FACTS } from '../src/app/chain-facts.ts';
import { loadConfig } from '../src/config/config.ts';
import { devAccounts } from '../src/sandbox/dev-accounts.ts';

const TEXT = readFileSync(join(import.meta.dirname, '..', 'docs', 'custody.md'), 'utf8');
const accounts = devAccounts(10);

/** What stands in the files that the guide names. */
const FILES: Readonly<Record<string, string>> = {
  '/run/secrets/old-key': accounts[1]?.privateKey ?? '',
  '/run/secrets/next-key': accounts[9]?.privateKey ?? '',
  '/run/secrets/fireblocks-api-key': '6f1e1a3e-0000-4000-8000-000000000003',
  '/run/secrets/fireblocks.pem': generateKeyPairSync('rsa', { modulusLength: 2_048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString(),
};

const complete = {
  ISSUER_API_KEY: 'alpaca-key-of-at-least-32-characters',
  ISSUER_ADMIN_API_KEY: 'alice:admin-key-of-at-least-32-characters',
  ALPACA_ACCOUNT_ID: 'account-1',
  ALPACA_API_KEY: 'broker-key',
  ALPACA_API_SECRET: 'broker-secret',
  CHAIN_BASE_RPC_URL: 'https://node.example.com',
  CHAIN_BASE_CHAIN_ID: '8453',
};

/** The blocks of settings in the section on moving, which stand within the steps of a list. */
function blocks(): readonly Readonly<Record<string, string>>[] {
  const [, section = ''] = TEXT.split('## Moving to another key');
  const [own = ''] = section.split(/^## /m);
  return [...own.replaceAll(/^ {3}/gm, '').matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block = '']) =>
    Object.fromEntries(
      block
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    ),
  );
}

function load(env: Readonly<Record<string, string>>): string {
  const readFile = (path: string): string => {
    const text = FILES[path];
    if (text === undefined) throw new Error(`the guide names no file ${path}`);
    return text;
  };
  const loaded = loadConfig({ ...complete, ...env }, readFile, CHAIN_FACTS);
  if ('faults' in loaded) throw new Error(JSON.stringify(loaded.faults));
  const { signer, retiredSigners } = loaded.config;
  return `${signer.kind} after ${retiredSigners.map((it) => it.key?.kind ?? 'nobody').join()}`;
}

test('the settings that the guide to a move shows are taken as they stand', () => {
  const all = blocks();
  const left = Object.entries(all[1] ?? {}).filter(([name]) => name.startsWith('FIREBLOCKS_'));
  expect(all.map((it) => load({ ...Object.fromEntries(left), ...it }))).toEqual([
    'local after local',
    'fireblocks after local',
    'local after fireblocks',
  ]);
});
