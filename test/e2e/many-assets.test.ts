import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { expectInvariants } from './invariants.ts';
import type { MintOptions, World } from './world.ts';
import { startWorld, within } from './world.ts';

/**
 * Every pair of network and token; the families are mixed, and one token is on both networks. Their vaults have the
 * same addresses on both, since the same account deployed them in the same order.
 */
const PLACES: readonly Required<Pick<MintOptions, 'network' | 'token'>>[] = [
  { network: 'base', token: 'tAAPL' },
  { network: 'base', token: 'tTSLA' },
  { network: 'ethereum', token: 'tAAPL' },
  { network: 'ethereum', token: 'tNVDA' },
];

let world: World;
beforeAll(async () => {
  world = await startWorld({
    networks: [
      {
        network: 'base',
        chain: { chainId: 31_337 },
        vaults: [
          { underlying: 'AAPL', token: 'tAAPL', family: 'production' },
          { underlying: 'TSLA', token: 'tTSLA', family: 'clone' },
        ],
      },
      {
        network: 'ethereum',
        chain: { chainId: 31_338 },
        vaults: [
          { underlying: 'AAPL', token: 'tAAPL', family: 'clone' },
          { underlying: 'NVDA', token: 'tNVDA', family: 'production' },
        ],
      },
    ],
  });
});
afterAll(async () => {
  await world.stop();
});

test('the token list names every network of a token, once', async () => {
  expect(await world.partners.alpaca.ap.tokens()).toEqual([
    { underlying: 'AAPL', token: 'tAAPL', networks: ['base', 'ethereum'] },
    { underlying: 'NVDA', token: 'tNVDA', networks: ['ethereum'] },
    { underlying: 'TSLA', token: 'tTSLA', networks: ['base'] },
  ]);
});

test('mints of several assets at once on both networks go to their own vaults', async () => {
  const mints = PLACES.flatMap((place, at) => [
    world.mint(String(at + 1), { ...place, wallet: 0 }),
    world.mint(String(10 * (at + 1)), { ...place, wallet: 1 }),
  ]);
  await Promise.all(mints);
  await expectInvariants(world);
  for (const [at, { network, token }] of PLACES.entries()) {
    expect(await world.totalSupply(token, network)).toBe(parseQuantity(String(11 * (at + 1))));
    const { address } = world.network(network).wallet(0);
    expect(await world.balance(address, token, network)).toBe(parseQuantity(String(at + 1)));
  }
});

test('parts of them come back at once: one burn over two receipts, and what is left stays', async () => {
  const { alpaca } = world.partners;
  const transfers = await Promise.all(
    // More than either wallet's receipt but the larger: both families burn over two receipts for it.
    PLACES.map(async (place, at) => {
      const amount = `${String(10 * (at + 1))}.5`;
      await passOn(place, String(at + 1));
      return { place, amount, hash: await world.sendBack(amount, { ...place, wallet: 1 }) };
    }),
  );
  for (const { amount, hash } of transfers) {
    const redemption = await world.operation(`kind=redemption&tx_hash=${hash}`);
    await within(alpaca.redeemCompleted(redemption.id), 'a redemption to be journaled');
    expect(redemption.shares).toBe(amount);
  }
  await expectInvariants(world);
  for (const [at, { network, token }] of PLACES.entries()) {
    const left = parseQuantity(String(11 * (at + 1))) - parseQuantity(`${String(10 * (at + 1))}.5`);
    expect(await world.totalSupply(token, network)).toBe(left);
  }
});

test('repeated round trips leave nothing behind', async () => {
  const { alpaca } = world.partners;
  const place = { network: 'ethereum', token: 'tNVDA' };
  for (const qty of ['0.000000001', '123456.789012345', '1']) {
    const before = await world.totalSupply(place.token, place.network);
    await world.mint(qty, { ...place, wallet: 2 });
    const hash = await world.sendBack(qty, { ...place, wallet: 2 });
    const redemption = await world.operation(`kind=redemption&tx_hash=${hash}`);
    await within(alpaca.redeemCompleted(redemption.id), 'the redemption to be journaled');
    await expectInvariants(world);
    expect(await world.totalSupply(place.token, place.network)).toBe(before);
  }
});

/** From the first wallet to the second one. */
async function passOn({ network, token }: Required<Pick<MintOptions, 'network' | 'token'>>, amount: string) {
  const on = world.network(network);
  const vault = world.vault(token, network);
  const data = vault.encode('transfer', [on.wallet(1).address, parseQuantity(amount)]);
  await on.wallet(0).send({ to: vault.address, data });
}
