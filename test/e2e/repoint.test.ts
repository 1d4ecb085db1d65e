import type { Address } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import type { TestVault } from '../../src/sandbox/test-vault.ts';
import { deployTestVault } from '../../src/sandbox/test-vault.ts';
import { forwarderCode, nextContractOf, transferData } from './forwarder.ts';
import { expectInvariants } from './invariants.ts';
import type { World } from './world.ts';
import { eventually, startWorld, within } from './world.ts';

let world: World;
let old: TestVault;
let fresh: TestVault;
beforeAll(async () => {
  world = await startWorld();
  const { chain, deployer } = world.network();
  old = world.vault();
  const issuer = world.partners.issuerAddress;
  fresh = await deployTestVault({ chain, deployer, issuer, symbol: 'tAAPL', family: 'clone' });
});
afterAll(async () => {
  await world.stop();
});

async function point(vault: Address): Promise<unknown> {
  await world.api.call('POST', '/tokenized-assets', {
    underlying: 'AAPL',
    token: 'tAAPL',
    network: 'base',
    vault,
  });
  return world.api.call('GET', '/tokenized-assets/all');
}

async function sendBack(vault: TestVault, amount: string): Promise<void> {
  const data = transferData(world.partners.issuerAddress, parseQuantity(amount));
  const { hash } = await world.network().wallet(0).send({ to: vault.address, data });
  const redemption = await world.operation(`kind=redemption&tx_hash=${hash}`);
  await within(world.partners.alpaca.redeemCompleted(redemption.id), 'the redemption to be journaled');
}

async function supplies(): Promise<readonly bigint[]> {
  return [(await old.read('totalSupply')) as bigint, (await fresh.read('totalSupply')) as bigint];
}

const tokens = (...amounts: readonly string[]): readonly bigint[] => amounts.map((it) => parseQuantity(it));

test('what is under way stays on its vault, new mints go to the new one, and both are redeemed', async () => {
  const { alpaca } = world.partners;
  await world.mint('10');
  alpaca.script.add({ endpoint: 'mint_journal', do: { outcome: 'hold' } });
  const underWay = await world.orderMint('5');
  expect(await point(fresh.address)).toMatchObject({
    items: [{ vault: fresh.address, past_vaults: [old.address] }],
  });

  await world.mint('7');
  alpaca.ap.release(underWay.id);
  await within(alpaca.mintCompleted(underWay.id), 'the mint from before to complete');
  await expectInvariants(world);
  expect(await supplies()).toEqual(tokens('15', '7'));

  await sendBack(old, '4');
  await sendBack(fresh, '3');
  await expectInvariants(world);
  expect(await supplies()).toEqual(tokens('11', '4'));
});

test('one transaction may send tokens of both, and each burns receipts of its own', async () => {
  const { deployer, wallet } = world.network();
  const issuer = world.partners.issuerAddress;
  // The sender is the contract that the deployer creates, so the tokens go there first.
  const contract = await nextContractOf(world.network(), deployer);
  await world.api.call('POST', `/accounts/${world.clientId}/wallets`, { wallet: contract });
  for (const { address } of [old, fresh]) {
    await wallet(0).send({ to: address, data: transferData(contract, parseQuantity('2')) });
  }
  const data = transferData(issuer, parseQuantity('2'));
  const code = forwarderCode([old, fresh].map(({ address }) => ({ to: address, data })));
  const { hash } = await deployer.send({ data: code });
  await eventually(async () => {
    const found = await world.operations(`kind=redemption&tx_hash=${hash}`);
    return found.length === 2 && found.every((it) => it.state === 'completed');
  }, 'both redemptions to complete');
  await expectInvariants(world);
  expect(await supplies()).toEqual(tokens('9', '2'));
});

test('pointing back to the first vault mints there again, and a vault of another token is refused', async () => {
  const { chain, deployer } = world.network();
  expect(await point(old.address)).toMatchObject({
    items: [{ vault: old.address, past_vaults: [fresh.address] }],
  });
  await world.mint('1');
  await sendBack(fresh, '1');
  await expectInvariants(world);
  expect(await supplies()).toEqual(tokens('10', '1'));

  const issuer = world.partners.issuerAddress;
  const other = await deployTestVault({ chain, deployer, issuer, symbol: 'tTSLA' });
  await expect(point(other.address)).rejects.toThrow(/422.*tTSLA/);
});
