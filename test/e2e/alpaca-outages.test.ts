import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { answers } from '../../src/sandbox/alpaca/quirks.ts';
import type { CallAction } from '../../src/sandbox/alpaca/script.ts';
import { expectInvariants } from './invariants.ts';
import { reaches } from './outsider.ts';
import type { World } from './world.ts';
import { eventually, startWorld } from './world.ts';

/** Far less than this is told of an outage, however long it is. */
const MOST_LINES = 10;

describe('Alpaca has a bad day', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.mint('100');
  });
  afterAll(async () => {
    await world.stop();
  });
  afterEach(() => {
    world.partners.alpaca.script.clear();
  });

  const verdict = async () => ((await world.api.call('GET', '/ready')) as { alpaca: string }).alpaca;
  const isDown = () => eventually(async () => (await verdict()) !== 'ok', 'Alpaca to be known as down');
  const linesAboveInfo = () =>
    world.issuer().output.filter((line) => !line.includes('"level":"info"')).length;
  /** A mint whose tokens are out, and a transfer back, neither of which Alpaca can be told of. */
  const workThatNeedsAlpaca = async () => {
    const [mint, second] = await Promise.all([world.orderMint('1'), world.orderMint('2')]);
    const hash = await world.sendBack('3');
    const ids = [mint, second].map((it) => it.issuerRequestId ?? '');
    for (const id of ids) await reaches(world, id, 'minted');
    const { id } = await world.operation(`kind=redemption&tx_hash=${hash}`);
    return { ids: [...ids, id] };
  };

  test.for(['unavailable', 'unreachable'] as const)(
    'it is %s: all wait, and go on by themselves',
    async (kind) => {
      const { alpaca } = world.partners;
      const before = linesAboveInfo();
      await alpaca.outage(true, kind);
      const { ids } = await workThatNeedsAlpaca();
      await isDown();
      for (const id of ids) expect((await reaches(world, id, () => true)).state).not.toBe('completed');
      // Whatever depends on the chain alone goes on.
      expect(await world.api.call('GET', '/ready')).toMatchObject({
        status: 'ready',
        networks: { base: { chain: 'ok' } },
      });
      await alpaca.outage(false);
      for (const id of ids) await reaches(world, id, 'completed');
      expect(await verdict()).toBe('ok');
      expect(linesAboveInfo() - before).toBeLessThan(MOST_LINES);
      await expectInvariants(world);
    },
  );

  const silent = (reply: CallAction['reply'] & object): CallAction => ({ act: false, reply });
  test.for([
    ['401', silent(answers.unauthorized)],
    ['403 of our credentials', silent({ status: 403, body: { code: 40310000, message: 'forbidden.' } })],
    ['429 that asks for two seconds', silent(answers.rateLimited(2_000))],
    ['500', silent(answers.serverError)],
    ['nothing, after it acted', { reply: 'drop' }],
    ['500, after it acted', { reply: answers.serverError }],
  ] as const)('it answers %s to everything for a while', async ([, action]) => {
    const { alpaca } = world.partners;
    const before = linesAboveInfo();
    const end = alpaca.script.add({ endpoint: '*', times: 'always', do: action });
    const { ids } = await workThatNeedsAlpaca();
    await isDown();
    end();
    for (const id of ids) await reaches(world, id, 'completed');
    expect(linesAboveInfo() - before).toBeLessThan(MOST_LINES);
    await expectInvariants(world);
  });
});
