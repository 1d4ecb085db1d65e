import type { Address, Hex } from 'viem';
import { encodeFunctionData, erc20Abi, parseAbi } from 'viem';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { expectInvariants } from './invariants.ts';
import { eventTypes, grantRole, mineUntil, reaches } from './outsider.ts';
import type { World } from './world.ts';
import { eventually, startWorld } from './world.ts';

const RECEIPT_ABI = parseAbi([
  'function safeTransferFrom(address from, address to, uint256 id, uint256 value, bytes data)',
]);
const ONE = parseQuantity('1');

interface ReceiptOnWire {
  readonly receipt_id: string;
  readonly balance: string | null;
  readonly reserved: string;
}

describe('receipts that others deposit, burn and move', () => {
  let world: World;
  const foreign: Hex[] = [];
  beforeAll(async () => {
    world = await startWorld({ env: { CHAIN_BASE_POLL_MS: '50' } });
    for (const role of ['DEPOSIT', 'WITHDRAW', 'CONFISCATE_RECEIPT', 'CONFISCATE_SHARES']) {
      await grantRole(world.network(), world.vault(), role, world.network().deployer.address);
    }
  });
  afterAll(async () => {
    await world.stop();
  });
  beforeEach(() => world.network().chain.setAutomine(true));

  /** A call of the vault by its owner, past the service. */
  const owner = async (functionName: string, ...args: readonly unknown[]): Promise<Hex> => {
    const data = world.vault().encode(functionName, args);
    const { hash } = await world.network().deployer.send({ to: world.vault().address, data });
    foreign.push(hash);
    return hash;
  };
  const takeReceipt = (id: bigint, amount: bigint) =>
    owner('confiscateReceipt', world.partners.issuerAddress, id, amount, '0x');
  const giveReceipt = async (id: bigint, amount: bigint) => {
    const from = world.network().deployer.address;
    const args = [from, world.partners.issuerAddress, id, amount, '0x'] as const;
    const data = encodeFunctionData({ abi: RECEIPT_ABI, functionName: 'safeTransferFrom', args });
    await world.network().deployer.send({ to: world.vault().receipt, data });
  };
  /** Tokens from a wallet of the AP to the vault's owner. */
  const giveTokens = async (amount: bigint, to: Address) => {
    const data = encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [to, amount] });
    foreign.push((await world.network().wallet(0).send({ to: world.vault().address, data })).hash);
  };
  /** Balance of each receipt that the books hold, without those that hold nothing. */
  const books = async (): Promise<Readonly<Record<string, string>>> => {
    const { items } = (await world.api.call('GET', '/inventory')) as {
      items: { receipts: ReceiptOnWire[] }[];
    };
    const receipts = items.flatMap((it) => it.receipts).filter((it) => it.balance !== '0');
    return Object.fromEntries(receipts.map((it) => [it.receipt_id, it.balance ?? 'unread']));
  };
  const booksBecome = async (wanted: Readonly<Record<string, string>>) => {
    const isSo = async () => JSON.stringify(await books()) === JSON.stringify(wanted);
    try {
      await eventually(isSo, 'the books');
    } catch {
      expect(await books()).toEqual(wanted);
    }
  };
  const reconcile = () => world.api.call('POST', '/inventory/reconcile', {});
  const redemptionOf = async (hash: Hex) => (await world.operation(`kind=redemption&tx_hash=${hash}`)).id;

  test('a deposit by somebody else for our wallet is counted; its shares owe nobody', async () => {
    await world.mint('10');
    await owner('deposit', 5n * ONE, world.partners.issuerAddress, ONE, '0x');
    await booksBecome({ '1': '10', '2': '5' });
    expect(await reconcile()).toMatchObject({ differences: [{ kind: 'shares', shares: '5', owed: '0' }] });
    expect(await world.operations('kind=redemption')).toEqual([]);
  });

  test('a burn by somebody else is followed, and so are receipts that leave, come back and are used up', async () => {
    const { deployer } = world.network();
    await owner('confiscateShares', world.partners.issuerAddress, 5n * ONE, '0x');
    await takeReceipt(2n, 5n * ONE);
    await booksBecome({ '1': '10' });
    await giveReceipt(2n, 2n * ONE);
    await booksBecome({ '1': '10', '2': '2' });
    await giveTokens(3n * ONE, deployer.address);
    await owner('redeem', 3n * ONE, deployer.address, deployer.address, 2n, '0x');
    await takeReceipt(2n, 2n * ONE);
    await booksBecome({ '1': '10' });
    await giveReceipt(2n, 2n * ONE);
    await booksBecome({ '1': '10', '2': '2' });
    expect(await reconcile()).toEqual({ differences: [] });
  });

  test('a redemption whose receipts were sent away waits, and goes on when they return', async () => {
    await takeReceipt(1n, 10n * ONE);
    await booksBecome({ '2': '2' });
    const id = await redemptionOf(await world.sendBack('4'));
    const waiting = await reaches(world, id, (it) => it.waiting_for === 'receipts_short');
    expect(waiting.state).toBe('detected');
    expect(world.partners.alpaca.calls('callback_redeem')).toEqual([]);
    await giveReceipt(1n, 10n * ONE);
    await reaches(world, id, 'completed');
    await booksBecome({ '1': '6', '2': '2' });
  });

  test('a burn whose receipt is taken after it was planned reverts, waits for others, and happens once', async () => {
    const { chain, deployer } = world.network();
    await chain.setAutomine(false);
    const transfer = encodeFunctionData({
      abi: erc20Abi,
      functionName: 'transfer',
      args: [world.partners.issuerAddress, 2n * ONE],
    });
    const hash = await world.network().wallet(0).submit({ to: world.vault().address, data: transfer });
    await chain.mine();
    const id = await redemptionOf(hash);
    await reaches(world, id, 'burning');
    const inPool = async () =>
      ((await chain.rpc('txpool_status')) as { readonly pending: Hex }).pending === '0x1';
    await eventually(inPool, 'the burn to be in the pool');
    for (const [receiptId, amount] of [[1n, 6n] as const, [2n, 2n] as const]) {
      const args = [world.partners.issuerAddress, receiptId, amount * ONE, '0x'];
      const data = world.vault().encode('confiscateReceipt', args);
      await deployer.submit({ to: world.vault().address, data, gas: 500_000n });
    }
    await chain.mine();
    await world.issuer().waitForLine('"status":0');
    await chain.mine(2);
    await eventually(async () => (await eventTypes(world, id)).includes('BurnReleased'), 'the release');
    const waits = await reaches(world, id, (it) => JSON.stringify(it.last_error).includes('receipts_short'));
    expect(waits.state).toMatch(/journaled|burning/);

    await chain.setAutomine(true);
    await giveReceipt(1n, 6n * ONE);
    await mineUntil(
      world.network(),
      async () => (await world.operations('state=completed')).some((it) => it.id === id),
      'the burn',
    );
    await booksBecome({ '1': '4' });
    await expectInvariants(world, {
      foreign,
      errors: ['less than signed burns have reserved', 'does not hold the shares'],
    });
  });
});
