import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { expectInvariants } from './invariants.ts';
import type { World } from './world.ts';
import { startWorld, within } from './world.ts';

describe('a round trip over real HTTP, a real chain and a real database', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(async () => {
    await world.stop();
  });

  test('shares become tokens, and the tokens become shares again', async () => {
    const wallet = world.network().wallet(0).address;
    const mint = await world.mint('10');
    expect(await world.balance(wallet)).toBe(parseQuantity('10'));
    expect(mint).toMatchObject({
      status: 'completed',
      txHash: expect.stringMatching(/^0x[0-9a-f]{64}$/) as string,
    });

    const transfer = await world.sendBack('4');
    const redemption = await world.operation(`kind=redemption&tx_hash=${transfer}`);
    await within(world.partners.alpaca.redeemCompleted(redemption.id), 'Alpaca to journal the redemption');
    const done = await world.operation(
      `kind=redemption&tx_hash=${transfer}`,
      (it) => it.state === 'completed',
    );

    expect(done).toMatchObject({ qty: '4', burned: '4', dust: '0' });
    expect(await world.totalSupply()).toBe(parseQuantity('6'));
    expect(await world.balance(wallet)).toBe(parseQuantity('6'));
    await expectInvariants(world);
  });
});
