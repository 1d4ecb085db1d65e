import type { Address, Hex } from 'viem';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { forwarderCode, nextContractOf, transferData } from './forwarder.ts';
import { expectInvariants } from './invariants.ts';
import type { OperationOnWire, World } from './world.ts';
import { eventually, startWorld } from './world.ts';

const OVER = ['completed', 'recorded'];

let world: World;
beforeAll(async () => {
  world = await startWorld({
    networks: [
      {
        network: 'base',
        vaults: [
          { underlying: 'AAPL', token: 'tAAPL', family: 'production' },
          { underlying: 'TSLA', token: 'tTSLA', family: 'clone' },
        ],
      },
    ],
  });
});
beforeEach(async () => {
  await Promise.all([world.mint('10', { token: 'tAAPL' }), world.mint('10', { token: 'tTSLA' })]);
});
afterAll(async () => {
  await world.stop();
});

/** The redemptions of a transaction, by amount, once there are that many and all are over. */
async function redeemed(hash: Hex, count: number): Promise<readonly OperationOnWire[]> {
  const found = await eventually(
    async () => {
      const all = await world.operations(`kind=redemption&tx_hash=${hash}`);
      return all.length === count && all.every((it) => OVER.includes(it.state)) && all;
    },
    `${String(count)} redemptions of ${hash} to end`,
  );
  return found.toSorted((a, b) => Number(parseQuantity(a.shares ?? '0') - parseQuantity(b.shares ?? '0')));
}

function journaledAtAlpaca(): number {
  return world.partners.alpaca.state.requests.filter((it) => it.type === 'redeem').length;
}

describe('dust', () => {
  test.each(['tAAPL', 'tTSLA'])('of %s comes back to its sender, exactly once', async (token) => {
    const wallet = world.network().wallet(0).address;
    const before = await world.balance(wallet, token);
    const [done] = await redeemed(await world.sendBack('1.000000000123456789', { token }), 1);
    await expectInvariants(world);
    expect(done).toMatchObject({ state: 'completed', qty: '1', burned: '1', dust: '0.000000000123456789' });
    expect(await world.balance(wallet, token)).toBe(before - parseQuantity('1'));
  });

  test.each([
    ['0.000000000999999999', 'dust_only'],
    ['0.000000000000000001', 'dust_only'],
    ['0', 'zero'],
  ])('alone, or nothing at all (%s), is recorded and never asked for', async (amount, reason) => {
    const before = journaledAtAlpaca();
    const [recorded] = await redeemed(await world.sendBack(amount), 1);
    expect(recorded).toMatchObject({ state: 'recorded', reason, shares: amount });
    await expectInvariants(world);
    expect(journaledAtAlpaca()).toBe(before);
  });
});

describe('several transfers in one transaction', () => {
  test('are as many redemptions, however alike', async () => {
    const { issuerAddress } = world.partners;
    const vault = world.vault('tAAPL');
    const { wallet } = world.network();
    const transfers = [
      transferData(issuerAddress, parseQuantity('1.5')),
      transferData(wallet(1).address, parseQuantity('2')),
      transferData(issuerAddress, parseQuantity('1.5')),
      transferData(issuerAddress, 0n),
      transferData(issuerAddress, parseQuantity('0.000000001')),
    ];
    const data = vault.encode('multicall', [transfers]);
    const { hash } = await wallet(0).send({ to: vault.address, data });
    const found = await redeemed(hash, 4);
    await expectInvariants(world);
    expect(found.map((it) => [it.state, it.burned ?? '0'])).toEqual([
      ['recorded', '0'],
      ['completed', '0.000000001'],
      ['completed', '1.5'],
      ['completed', '1.5'],
    ]);
  });

  test('by a contract, over two vaults, go back to it', async () => {
    const { issuerAddress } = world.partners;
    const [apple, tesla] = [world.vault('tAAPL').address, world.vault('tTSLA').address];
    const contract = await nextContractOf(world.network(), world.network().wallet(1));
    await world.api.call('POST', `/accounts/${world.clientId}/wallets`, { wallet: contract });
    await passOn(0, apple, contract, parseQuantity('3'));
    await passOn(0, tesla, contract, parseQuantity('3'));
    const transfers = ['1', '0.5000000000000007', '1.25'].map((it) => parseQuantity(it));
    const [first = 0n, second = 0n, third = 0n] = transfers;
    const data = forwarderCode([
      { to: apple, data: transferData(issuerAddress, first) },
      { to: tesla, data: transferData(issuerAddress, second) },
      { to: apple, data: transferData(issuerAddress, third) },
    ]);
    const { hash, contractAddress } = await world.network().wallet(1).send({ data });
    expect(contractAddress?.toLowerCase()).toBe(contract);
    const found = await redeemed(hash, 3);
    await expectInvariants(world);
    expect(found.map((it) => [it.token, it.burned, it.dust, it.wallet])).toEqual([
      ['tTSLA', '0.5', '0.0000000000000007', contract],
      ['tAAPL', '1', '0', contract],
      ['tAAPL', '1.25', '0', contract],
    ]);
    expect(await world.balance(contract, 'tTSLA')).toBe(parseQuantity('2.5'));
  });
});

test('tokens from an unknown wallet wait, and go on when it is linked', async () => {
  const stranger = world.network().wallet(5);
  const vault = world.vault('tAAPL').address;
  await passOn(0, vault, stranger.address, parseQuantity('2'));
  const hash = await world.sendBack('2', { wallet: 5 });
  const waiting = await world.operation(
    `kind=redemption&tx_hash=${hash}`,
    (it) => it.waiting_for === 'wallet_unknown',
  );
  expect(waiting).toMatchObject({ state: 'detected', client_id: null });
  await expectInvariants(world, { open: [waiting.id] });

  const before = journaledAtAlpaca();
  await world.api.call('POST', `/accounts/${world.clientId}/wallets`, { wallet: stranger.address });
  const [done] = await redeemed(hash, 1);
  await expectInvariants(world);
  expect(done).toMatchObject({ id: waiting.id, client_id: world.clientId, burned: '2' });
  expect(journaledAtAlpaca()).toBe(before + 1);
});

async function passOn(wallet: number, vault: Address, to: Address, amount: bigint): Promise<void> {
  await world
    .network()
    .wallet(wallet)
    .send({ to: vault, data: transferData(to, amount) });
}
