import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { expectInvariants } from './invariants.ts';
import { readVaults } from './chain-facts.ts';
import type { World } from './world.ts';
import { startWorld, within } from './world.ts';

/** At most this many receipts fit into one part of a burn by gas; see the vault's costs per receipt. */
const RECEIPTS_PER_PART = 140;
const MINTS = 200;
/** Defaults of the service: mints of one transaction, and nonces in flight. */
const BATCH = 50;
const IN_FLIGHT = 4;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  await world.stop();
});

test('mints that come together share transactions, and each wallet gets its own sum', async () => {
  const { alpaca } = world.partners;
  const { chain } = world.network();
  // Without blocks the first few transactions take every slot, whatever they hold, and all the rest must share.
  await chain.setAutomine(false);
  const sums = [0n, 0n, 0n];
  const orders = Array.from({ length: MINTS }, (_, at) => {
    const qty = `0.${String(at + 1).padStart(4, '0')}`;
    sums[at % 3] = (sums[at % 3] ?? 0n) + parseQuantity(qty);
    return world.orderMint(qty, { wallet: at % 3 });
  });
  const requests = await Promise.all(orders);
  await within(
    alpaca.waitFor(() => requests.every((it) => it.confirm === 'delivered')),
    'all journals to be confirmed',
  );
  await chain.setAutomine(true);
  await chain.mine();
  await within(Promise.all(requests.map((it) => alpaca.mintCompleted(it.id))), 'all mints to complete');
  await expectInvariants(world);

  const [vault] = await readVaults(world);
  const transactions = new Set(vault?.deposits.map((it) => it.transactionHash));
  expect(vault?.deposits).toHaveLength(MINTS);
  expect(transactions.size).toBeLessThanOrEqual(IN_FLIGHT + Math.ceil(MINTS / BATCH));
  for (const [wallet, sum] of sums.entries()) {
    expect(await world.balance(world.network().wallet(wallet).address)).toBe(sum);
  }
});

test('a burn over more receipts than one transaction takes goes in parts, each once', async () => {
  const { alpaca } = world.partners;
  // Everything goes to one wallet and from it to us, so that every receipt is needed.
  const before = await readVaults(world);
  for (const wallet of [0, 1]) {
    const { address } = world.network().wallet(wallet);
    const balance = await world.balance(address);
    await transferTo(wallet, world.network().wallet(2).address, balance);
  }
  const all = await world.balance(world.network().wallet(2).address);
  const transfer = await transferTo(2, world.partners.issuerAddress, all);
  const redemption = await world.operation(`kind=redemption&tx_hash=${transfer}`);
  await within(alpaca.redeemCompleted(redemption.id), 'the redemption to be journaled');
  await expectInvariants(world);

  const [vault] = await readVaults(world);
  const burns = vault?.withdrawals ?? [];
  const perTransaction = Map.groupBy(burns, (it) => it.transactionHash);
  expect(new Set(burns.map((it) => it.receiptId)).size).toBe(before[0]?.deposits.length);
  expect(burns).toHaveLength(MINTS);
  expect([...perTransaction.values()].map((it) => it.length)).toEqual([
    RECEIPTS_PER_PART,
    MINTS - RECEIPTS_PER_PART,
  ]);
  expect(await world.totalSupply()).toBe(0n);
});

async function transferTo(wallet: number, to: `0x${string}`, amount: bigint): Promise<`0x${string}`> {
  const vault = world.vault();
  const data = vault.encode('transfer', [to, amount]);
  return (await world.network().wallet(wallet).send({ to: vault.address, data })).hash;
}
