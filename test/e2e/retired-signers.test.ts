import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { expectInvariants } from './invariants.ts';
import { operatorOf } from './operator.ts';
import { firstSigner, otherSigner, signAs } from './other-signer.ts';
import type { OperationOnWire, World } from './world.ts';
import { startWorld } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.mint('100');
});
afterAll(async () => {
  await world.stop();
});

const other = otherSigner();
const first = () => firstSigner(world);
const tookCharge = ['another signer took charge'];

async function redeemed(amount: string, to: `0x${string}`, state = 'completed'): Promise<OperationOnWire> {
  const hash = await world.sendBack(amount, { to });
  return world.operation(`kind=redemption&tx_hash=${hash}`, (it) => it.state === state);
}
const forwards = () => world.operations('kind=transfer');

test('a new signer in the settings leaves the one before in charge while its key is at hand', async () => {
  signAs(world, other, first());
  await world.restart();
  await world.mint('5');
  const { address } = first();
  expect(await redeemed('1', address)).toMatchObject({ burned: '1' });
  expect(await forwards()).toEqual([]);
  const { items } = (await world.api.call('GET', '/lanes')) as { items: { signer: string; state: string }[] };
  expect(items.map((it) => `${it.signer} ${it.state}`).toSorted()).toEqual(
    [`${address} open`, `${other.address} open`].toSorted(),
  );
  await expectInvariants(world);
});

test('shares sent to a signer that is not in charge are handed over before Alpaca hears of them', async () => {
  const burned = await redeemed('2.0000000001', other.address);
  expect(burned).toMatchObject({ burned: '2', dust: '0.0000000001' });
  const [forward, ...more] = await forwards();
  expect(more).toEqual([]);
  expect(forward).toMatchObject({ state: 'completed', shares: '2.0000000001', wallet: first().address });
  const hash = String(forward?.tx_hash);
  // It arrived at a wallet of ours and is recorded, and it is no redemption.
  const arrival = await world.operation(`kind=redemption&tx_hash=${hash}`);
  expect(arrival).toMatchObject({ state: 'recorded', reason: 'self_transfer' });
  expect(world.partners.alpaca.state.requests.some((it) => it.txHash === hash)).toBe(false);
  expect(await world.balance(other.address)).toBe(0n);
  await expectInvariants(world);
});

test('a signer whose key is gone is watched, and what is sent to it is held until there is a key', async () => {
  // Nobody has a key for the first signer, so that the other one takes charge without what the first one has.
  signAs(world, other, first(), { key: false });
  await world.restart();
  const held = await redeemed('3', first().address, 'held');
  expect(held['reason']).toMatch(
    /retired signer whose key is not at hand: give the key beside RETIRED_SIGNERS/,
  );
  expect(await world.balance(first().address)).toBe(parseQuantity('3'));
  await expectInvariants(world, { open: [held.id], errors: tookCharge });

  // The first one is in charge again, and the key of the other is at hand too.
  signAs(world, first(), other, { key: false });
  await world.restart();
  await operatorOf(world).act('recover', held.id);
  await world.operation(`tx_hash=${String(held.tx_hash)}`, (it) => it.state === 'completed');
  await expectInvariants(world, { errors: tookCharge });
});
