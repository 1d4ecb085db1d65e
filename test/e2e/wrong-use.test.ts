import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { startIssuerProcess } from './issuer-process.ts';
import { runCommand } from './run-command.ts';

/** Settings that are right, of a node that nobody runs: the service starts, and says that the chain is down. */
const SETTINGS = {
  PORT: '0',
  ISSUER_API_KEY: 'alpaca-0123456789-0123456789-0123456789',
  ISSUER_ADMIN_API_KEY: 'ana:admin-0123456789-0123456789-0123456789',
  ALPACA_API_BASE_URL: 'http://127.0.0.1:9',
  ALPACA_ACCOUNT_ID: 'our-account',
  ALPACA_API_KEY: 'key',
  ALPACA_API_SECRET: 'secret',
  EVM_PRIVATE_KEY: '11'.repeat(32),
  CHAIN_BASE_RPC_URL: 'http://127.0.0.1:9',
  CHAIN_BASE_CHAIN_ID: '8453',
};

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'issuance-wrong-use-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
});

const issuer = (args: string, env: Readonly<Record<string, string>> = {}) =>
  runCommand(args.split(' '), { ...SETTINGS, ...env }, folder);

/** What went wrong, in one line that says what to do. */
function told(stderr: string): string {
  expect(stderr).toMatch(/^issuer: [^\n]+\n$/);
  return stderr;
}

describe('what goes wrong is told in one line', () => {
  test('a port that is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { code, stderr } = await issuer('serve', { PORT: String(port), LOG_LEVEL: 'error' });
    expect(code).toBe(1);
    expect(told(stderr)).toMatch(/EADDRINUSE.*PORT/);
  });

  test.each([
    ['a folder that is not there', 'sqlite:no/such/issuance.db', /no\/such.*DATABASE_URL/],
    ['a file of something else', 'sqlite:notes.txt', /notes\.txt is not a database of this program/],
  ])('a database in %s', async (_what, url, words) => {
    writeFileSync(join(folder, 'notes.txt'), 'not a database at all, but long enough to be looked at');
    const serve = await issuer('serve', { DATABASE_URL: url });
    expect(serve.code).toBe(1);
    expect(told(serve.stderr)).toMatch(words);
    const readers = ['views verify', 'migrate status', 'backup copy.db'];
    const results = await Promise.all(readers.map((it) => issuer(it, { DATABASE_URL: url })));
    expect(results.filter((it) => it.stderr !== '').map((it) => told(it.stderr))).not.toEqual([]);
    expect(existsSync(join(folder, 'notes.txt.serving'))).toBe(false);
  });

  test('views that do not exist, and views of a database that does not', async () => {
    const unknown = await issuer('views rebuild nonsense');
    expect(unknown.code).toBe(2);
    expect(told(unknown.stderr)).toContain('operation');
    const missing = await issuer('views rebuild');
    expect(missing.code).toBe(1);
    expect(told(missing.stderr)).toContain('DATABASE_URL');
    expect(existsSync(join(folder, 'issuance.db'))).toBe(false);
  });

  test('a backup into a folder that is not there', async () => {
    await issuer('migrate up');
    const { code, stderr } = await issuer('backup no/such/copy.db');
    expect(code).toBe(1);
    expect(told(stderr)).toContain('no/such');
  });
});

test('starts without its node, warns of open ranges, and stops with 0 however often it is asked', async () => {
  const service = await startIssuerProcess({
    ...SETTINGS,
    DATABASE_URL: `sqlite:${join(folder, 'issuance.db')}`,
  });
  await service.waitForLine('ALPACA_IP_RANGES');
  // A connection that is kept alive, as a balancer's is.
  expect((await fetch(`${service.url}/ready`)).status).toBe(200);
  process.kill(service.pid, 'SIGINT');
  process.kill(service.pid, 'SIGINT');
  expect(await service.stop('SIGTERM')).toBe(0);
});

test('stops with 0 although its nodes take every request and never answer', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  const asked = once(silent, 'connection');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const address = silent.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const service = await startIssuerProcess({
    ...SETTINGS,
    CHAIN_BASE_RPC_URL: `http://127.0.0.1:${String(port)}/a,http://127.0.0.1:${String(port)}/b`,
    DATABASE_URL: `sqlite:${join(folder, 'issuance.db')}`,
  });
  await asked;
  expect(await service.stop('SIGTERM')).toBe(0);
  expect(service.output.join('\n')).toContain('steps under way');
});
