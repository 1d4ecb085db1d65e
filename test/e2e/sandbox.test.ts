import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { within } from './world.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.js');

/** The program as a person starts it; `onOutput` may end it in the middle. */
async function issuer(
  args: readonly string[],
  onOutput: (soFar: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
    onOutput(output, (signal) => void child.kill(signal));
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const code = await within(ended, `issuer ${args.join(' ')} to end`);
  return { code, output };
}

/** The sandbox does not tell process ids; what it started must not answer any more. */
async function isListening(url: string): Promise<boolean> {
  try {
    await fetch(url, { method: 'POST', body: '{}' });
    return true;
  } catch {
    return false;
  }
}

const urlAfter = (output: string, words: string): string =>
  new RegExp(`${words} (http://127\\.0\\.0\\.1:\\d+)`).exec(output)?.[1] ?? '';

describe('issuer sandbox', () => {
  test('--once mints, redeems, says where to look, and leaves nothing running', async () => {
    const { code, output } = await issuer(['sandbox', '--once']);
    expect(output).toMatch(/mint [0-9a-f-]{36} +completed +10 +0x[0-9a-f]{64}/);
    expect(output).toMatch(/redemption [0-9a-f-]{36} +completed +2\.5 +0x[0-9a-f]{64}/);
    expect(output).toMatch(/curl -H 'X-API-KEY: admin-[0-9a-f]+' http:\/\/127\.0\.0\.1:\d+\/operations/);
    expect(code).toBe(0);
    expect(await isListening(urlAfter(output, 'local chain 31337 at'))).toBe(false);
    expect(await isListening(urlAfter(output, 'simulated Alpaca at'))).toBe(false);
  });

  test('--signer turnkey does the same with a custodian that signs', async () => {
    const { code, output } = await issuer(['sandbox', '--once', '--signer', 'turnkey']);
    expect(output).toMatch(/mint [0-9a-f-]{36} +completed +10 +0x[0-9a-f]{64}/);
    expect(output).toMatch(/redemption [0-9a-f-]{36} +completed +2\.5 +0x[0-9a-f]{64}/);
    // It signs, and we send: what is said of our own key is true of it.
    expect(output).toMatch(/MintSubmitted: signed and committed, then sent.*\(nonce 0\)/);
    expect(code).toBe(0);
    expect(await isListening(urlAfter(output, 'simulated turnkey at'))).toBe(false);
  });

  test('--signer fireblocks does the same with a custodian that signs and broadcasts', async () => {
    const { code, output } = await issuer(['sandbox', '--once', '--signer', 'fireblocks']);
    expect(output).toContain('simulated fireblocks at');
    expect(output).toMatch(
      /MintSubmitted: .* asked of the custodian, which signs .*external id [0-9a-f-]{36}-1\)/,
    );
    expect(output).not.toMatch(/signed and committed|\(nonce \d/);
    expect(output).toMatch(/mint [0-9a-f-]{36} +completed +10 +0x[0-9a-f]{64}/);
    expect(output).toMatch(/redemption [0-9a-f-]{36} +completed +2\.5 +0x[0-9a-f]{64}/);
    expect(code).toBe(0);
    expect(await isListening(urlAfter(output, 'simulated fireblocks at'))).toBe(false);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s in the middle ends it with 0 and leaves nothing running',
    async (signal) => {
      let sent = false;
      const { code, output } = await issuer(['sandbox'], (soFar, kill) => {
        if (sent || !soFar.includes('MintRequested')) return;
        sent = true;
        kill(signal);
      });
      expect(output).toContain('stopping');
      expect(output).not.toContain('What there is now');
      expect(code).toBe(0);
      expect(await isListening(urlAfter(output, 'local chain 31337 at'))).toBe(false);
    },
  );

  test('wrong use ends with 2 and says what is possible', async () => {
    const { code, output } = await issuer(['sandbox', '--port', 'eighty']);
    expect(output).toContain("argument 'eighty' is invalid");
    expect(code).toBe(2);
  });
});
