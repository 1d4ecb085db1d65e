import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
/** No partner is needed to listen, and to stop. */
const SETTINGS = {
  PORT: '0',
  DATABASE_URL: 'sqlite::memory:',
  ISSUER_API_KEY: 'alpaca-key-0123456789-0123456789-0123',
  ISSUER_ADMIN_API_KEY: 'ana:ops-key-0123456789-0123456789-012345',
  ALPACA_API_BASE_URL: 'http://127.0.0.1:9',
  ALPACA_ACCOUNT_ID: 'account',
  ALPACA_API_KEY: 'key',
  ALPACA_API_SECRET: 'secret',
  EVM_PRIVATE_KEY: '1'.repeat(64),
  CHAIN_BASE_RPC_URL: 'http://127.0.0.1:9',
  CHAIN_BASE_CHAIN_ID: '31337',
};

test('npm start hands SIGTERM on to the service, which stops cleanly', async () => {
  const child = spawn('npm', ['start'], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...SETTINGS },
    stdio: ['ignore', 'pipe', 'inherit'],
    // With whatever it started, so that a failure of this test leaves nothing behind.
    detached: true,
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  onTestFinished(() => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  });
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (line.includes('"listening"')) child.kill('SIGTERM');
  }
  expect(await ended).toBe(0);
  expect(lines.at(-1)).toContain('"msg":"stopped"');
});
