import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { answers } from '../../src/sandbox/alpaca/quirks.ts';
import { expectInvariants } from './invariants.ts';
import { reaches } from './outsider.ts';
import type { World } from './world.ts';
import { eventually, startWorld, within } from './world.ts';

/** So short that every operation outlives some bearers. */
const LIFE_MS = 1_000;

describe('Alpaca is called with OAuth2 client credentials', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ authentication: 'oauth', alpaca: { bearerLifetimeMs: LIFE_MS } });
  });
  afterAll(async () => {
    await world.stop();
  });
  afterEach(() => {
    world.partners.alpaca.script.clear();
  });

  const renewals = () => world.partners.alpaca.calls('oauth_token').length;
  const verdict = async () => ((await world.api.call('GET', '/ready')) as { alpaca: string }).alpaca;
  const isDown = () => eventually(async () => (await verdict()) !== 'ok', 'Alpaca to be known as down');
  /** The newest bearer is past its end, by a clock that both sides have. */
  const bearerEnds = () => {
    const endsMs = (world.partners.alpaca.calls('oauth_token').at(-1)?.atMs ?? 0) + LIFE_MS;
    return eventually(async () => Date.now() > endsMs, 'the bearer to end');
  };
  const redeem = async (amount: string) => {
    const hash = await world.sendBack(amount);
    const { id } = await world.operation(`kind=redemption&tx_hash=${hash}`);
    await within(world.partners.alpaca.redeemCompleted(id), 'Alpaca to journal the redemption');
    await reaches(world, id, 'completed');
  };

  test('a mint and a redemption go through, with bearers that end in between', async () => {
    await world.mint('10');
    const before = renewals();
    await bearerEnds();
    await redeem('4');
    expect(renewals()).toBeGreaterThan(before);
    const { alpaca } = world.partners;
    const shown = alpaca.calls().filter((it) => it.endpoint !== 'oauth_token');
    expect(shown.every((it) => it.headers['authorization']?.startsWith('Bearer '))).toBe(true);
    expect(shown.some((it) => 'apca-api-key-id' in it.headers)).toBe(false);
    await expectInvariants(world);
  });

  test('a bearer that was revoked is renewed, and nobody waits for it', async () => {
    await world.mint('1');
    world.partners.alpaca.revokeBearers();
    await world.mint('1');
    expect(await verdict()).toBe('ok');
    await expectInvariants(world);
  });

  test('an outage of the token endpoint pauses what needs Alpaca, and ends by itself', async () => {
    const { alpaca } = world.partners;
    await bearerEnds();
    const end = alpaca.script.add({
      endpoint: 'oauth_token',
      times: 'always',
      do: { act: false, reply: answers.serverError },
    });
    const ordered = await world.orderMint('2');
    const id = ordered.issuerRequestId ?? '';
    await reaches(world, id, 'minted');
    await isDown();
    expect(await verdict()).toContain('token endpoint');
    end();
    await reaches(world, id, 'completed');
    expect(await verdict()).toBe('ok');
    await expectInvariants(world);
  });

  test('nothing that the service said holds the secret or a bearer', () => {
    const said = world.issuer().output.join('\n');
    const bearers = world.partners.alpaca
      .calls()
      .map((it) => /^Bearer (.+)$/.exec(it.headers['authorization'] ?? '')?.[1])
      .filter((it) => it !== undefined);
    expect(bearers.length).toBeGreaterThan(0);
    expect(
      [...bearers, world.env['ALPACA_OAUTH_CLIENT_SECRET'] ?? ''].filter((it) => said.includes(it)),
    ).toEqual([]);
  });
});
