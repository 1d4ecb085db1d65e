import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFireblocksApiUser } from '../../src/sandbox/fireblocks/api-user.ts';
import type { CommandResult } from './run-command.ts';
import { runCommand } from './run-command.ts';
import { leaks, plant } from './secret-forms.ts';

const HEX = '4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318';
const WORD = 'a-word-that-nobody-knows-6f1d3b';
const SIGNER = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';

const GOOD: Readonly<Record<string, string>> = {
  PORT: '0',
  DATABASE_URL: 'sqlite::memory:',
  ISSUER_API_KEY: 'key-of-alpaca-0123456789-0123456789',
  ISSUER_ADMIN_API_KEY: 'ana:key-of-ana-0123456789-0123456789',
  ALPACA_API_BASE_URL: 'http://127.0.0.1:9',
  ALPACA_ACCOUNT_ID: '00000000-0000-4000-8000-000000000001',
  ALPACA_API_KEY: 'alpaca-key',
  ALPACA_API_SECRET: 'alpaca-secret',
  CHAIN_BASE_RPC_URL: 'http://127.0.0.1:9',
  CHAIN_BASE_CHAIN_ID: '8453',
  SIGNER: 'local',
  EVM_PRIVATE_KEY: '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
};

let pem = '';
let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'issuance-refused-'));
  pem = (await createFireblocksApiUser()).privateKey;
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Starts with every one of these mistakes at once; each is told of by its name. */
async function refused(
  mistakes: Readonly<Record<string, string>>,
  beside: Readonly<Record<string, string>> = {},
) {
  const env = { ...GOOD, ...beside, ...mistakes, LOG_LEVEL: 'debug' };
  const results = await Promise.all(['serve', 'config'].map((it) => runCommand([it], env, folder)));
  for (const { code, stderr } of results) {
    expect(code).toBe(2);
    for (const name of Object.keys(mistakes)) expect(stderr).toContain(`  ${name}: expected `);
  }
  return said(results);
}

const said = (results: readonly CommandResult[]): string =>
  results.map((it) => it.stdout + it.stderr).join('\n');
const planted = () => [plant('key', HEX), plant('word', WORD), plant('pem', pem)];

describe('a start that is refused says what is wrong, on a terminal and into logs, and repeats no secret', () => {
  test('that is cut short, badly spelled or nameless', async () => {
    const output = await refused({
      EVM_PRIVATE_KEY: HEX.slice(0, -1),
      ISSUER_API_KEY: WORD,
      ISSUER_ADMIN_API_KEY: HEX,
      ALPACA_API_SECRET: `${WORD} ${HEX}`,
      DATABASE_URL: `postgres://ana:${WORD}@127.0.0.1/issuance`,
      CHAIN_BASE_RPC_URL: `htps://base.example.com/v2/${WORD}`,
      CHAIN_BASE_WS_URL: `wss ://base.example.com/v2/${WORD}`,
      ALPACA_API_BASE_URL: `https://ana:${WORD}@:0`,
      OTEL_EXPORTER_OTLP_HEADERS: WORD,
    });
    expect(leaks(planted(), { output })).toEqual([]);
  });

  test('that was put where something else belongs', async () => {
    const output = await refused(
      {
        PORT: HEX,
        TURNKEY_API_PUBLIC_KEY: HEX,
        TURNKEY_ADDRESS: `0x${HEX}`,
        TURNKEY_PRIVATE_KEY: HEX,
        RETIRED_SIGNERS: `${SIGNER}=${HEX}`,
        ALPACA_SIGNING_KEYS: `alpaca-1=${pem}`,
      },
      { SIGNER: 'turnkey', EVM_PRIVATE_KEY: '', TURNKEY_ORGANIZATION_ID: 'org' },
    );
    expect(leaks(planted(), { output })).toEqual([]);
  });

  test('that was given in place of its file', async () => {
    const output = await refused(
      { EVM_PRIVATE_KEY_FILE: HEX, ALPACA_API_SECRET_FILE: WORD, ISSUER_API_KEY_FILE: pem },
      { EVM_PRIVATE_KEY: '', ALPACA_API_SECRET: '', ISSUER_API_KEY: '' },
    );
    expect(leaks(planted(), { output })).toEqual([]);
  });

  test('that is given twice, serves both sides, or stands in the wrong file', async () => {
    const path = join(folder, 'key.pem');
    writeFileSync(path, pem);
    const first = await refused(
      { EVM_PRIVATE_KEY: '', ALPACA_API_KEY_FILE: '/run/secrets/none' },
      { EVM_PRIVATE_KEY_FILE: path, ALPACA_API_KEY: WORD },
    );
    const second = await refused({ ISSUER_ADMIN_API_KEY: `ana:${HEX}` }, { ISSUER_API_KEY: HEX });
    const output = first + second;
    expect(leaks(planted(), { output })).toEqual([]);
  });

  test('that is no number of its curve', async () => {
    const key = 'f'.repeat(64);
    const output = await refused({ EVM_PRIVATE_KEY: key });
    expect(leaks([plant('key', key)], { output })).toEqual([]);
  });

  test('and names a file that cannot be read', async () => {
    const output = await refused({ EVM_PRIVATE_KEY_FILE: '/run/secrets/none' }, { EVM_PRIVATE_KEY: '' });
    expect(output).toContain(
      "EVM_PRIVATE_KEY_FILE: expected a file that can be read; got '/run/secrets/none'",
    );
  });
});

describe('a start that fails later repeats none either', () => {
  test.each<[string, Readonly<Record<string, string>>]>([
    ['a database in no folder', { DATABASE_URL: 'sqlite:/nowhere/issuance.db' }],
    ['a port that is taken', {}],
  ])('%s', async (_what, wrong) => {
    const taken = createServer();
    await new Promise<void>((resolve) => {
      taken.listen(0, '127.0.0.1', resolve);
    });
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    const env = { ...GOOD, ALPACA_API_SECRET: WORD, PORT: port, LOG_LEVEL: 'debug', ...wrong };
    const result = await runCommand(['serve'], env, folder);
    taken.close();
    expect(result.code).toBe(1);
    const planted = ['EVM_PRIVATE_KEY', 'ALPACA_API_SECRET', 'ISSUER_API_KEY'].map((name) =>
      plant(name, env[name as keyof typeof env] ?? ''),
    );
    expect(leaks(planted, { output: said([result]) })).toEqual([]);
  });
});
