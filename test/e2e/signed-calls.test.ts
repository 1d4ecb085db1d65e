import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AlpacaSigning } from '../../src/sandbox/alpaca/sign-request.ts';
import { expectInvariants } from './invariants.ts';
import { reaches } from './outsider.ts';
import type { World } from './world.ts';
import { startWorld } from './world.ts';

/** What Alpaca calls, through a proxy that takes the path away. */
const PUBLIC_URL = 'https://issuer.example.com/itn';

describe('Alpaca signs its calls', () => {
  const folder = mkdtempSync(join(tmpdir(), 'issuance-keys-'));
  let world: World;
  let first: AlpacaSigning;
  let second: AlpacaSigning;

  /** A new key of Alpaca, whose public part lies where the settings find it. */
  const createKey = (keyId: string): AlpacaSigning => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(join(folder, `${keyId}.pem`), publicKey.export({ type: 'spki', format: 'pem' }));
    return { keyId, privateKey, publicUrl: PUBLIC_URL };
  };
  const setting = (...keys: readonly AlpacaSigning[]): string =>
    keys.map(({ keyId }) => `${keyId}=${join(folder, `${keyId}.pem`)}`).join(',');

  beforeAll(async () => {
    first = createKey('alpaca-1');
    second = createKey('alpaca-2');
    const env = { ISSUER_API_KEY: '', ALPACA_SIGNING_KEYS: setting(first), PUBLIC_URL };
    world = await startWorld({ signing: first, env });
  });
  afterAll(async () => {
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const statuses = (): readonly unknown[] =>
    world.partners.alpaca
      .sent()
      .map(({ outcome }) => (outcome.kind === 'answered' ? outcome.status : outcome));

  test('and mints and redeems, the repeats of a confirm included', async () => {
    const { alpaca } = world.partners;
    expect(await alpaca.ap.tokens()).toEqual([{ underlying: 'AAPL', token: 'tAAPL', networks: ['base'] }]);
    alpaca.script.add({ endpoint: 'confirm', do: { send: (body) => [body, body, body] } });
    await world.mint('10');
    const { id } = await world.operation(`kind=redemption&tx_hash=${await world.sendBack('4')}`);
    await reaches(world, id, 'completed');
    expect(new Set(statuses())).toEqual(new Set([200]));
    expect(alpaca.sent('confirm')).toHaveLength(3);
  });

  test('with another key after a rotation with an overlap, through which everything goes on', async () => {
    world.env['ALPACA_SIGNING_KEYS'] = setting(first, second);
    await world.restart();
    await world.mint('1');
    world.signAs(second);
    await world.mint('2');
    world.env['ALPACA_SIGNING_KEYS'] = setting(second);
    await world.restart();
    await world.mint('3');
    const { id } = await world.operation(`kind=redemption&tx_hash=${await world.sendBack('5')}`);
    await reaches(world, id, 'completed');
    expect(new Set(statuses())).toEqual(new Set([200]));
  });

  test('and is refused with the key whose time is over, with a key in a header, and without anything', async () => {
    const { alpaca, keys } = world.partners;
    world.signAs(first);
    await expect(alpaca.ap.tokens()).rejects.toThrow(/401/);
    const url = `${world.issuer().url}/tokenization/tokens`;
    expect((await fetch(url, { headers: { 'x-api-key': keys.alpaca } })).status).toBe(401);
    expect((await fetch(url)).status).toBe(401);
    world.signAs(second);
    await alpaca.ap.tokens();
    await expectInvariants(world);
  });
});
