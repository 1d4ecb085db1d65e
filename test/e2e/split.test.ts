import { encodeFunctionData, erc20Abi } from 'viem';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import type { RpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import { startRpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import { expectInvariants } from './invariants.ts';
import { withReader } from './with-reader.ts';
import type { OperationOnWire, World } from './world.ts';
import { eventually, startWorld, within } from './world.ts';

const WHY =
  /^the vault split between block \d+ and block \d+: (\d) → (\d); quantities must be judged by a person$/;

let world: World;
let proxy: RpcProxy;
/** Operations that a split holds, for ever as far as these tests go. */
const open: string[] = [];
beforeAll(async () => {
  world = await startWorld({
    networks: [
      {
        network: 'base',
        vaults: [
          { underlying: 'AAPL', token: 'tAAPL' },
          { underlying: 'TSLA', token: 'tTSLA' },
          { underlying: 'MSFT', token: 'tMSFT', family: 'clone' },
        ],
      },
    ],
  });
  proxy = await startRpcProxy({ upstream: world.network().chain.url });
  world.env['CHAIN_BASE_RPC_URL'] = proxy.url;
  await world.restart();
});
beforeEach(async () => {
  // The first count of each vault is read soon after the vault was added.
  await eventually(
    () => withReader(world, async (store) => (await store.count({ table: 'split_count' })) === 3),
    'the split counts to be known',
  );
});
afterAll(async () => {
  await world.stop();
  await proxy.stop();
});

/** Every balance becomes twice what it is, without a log. */
async function split(token: string): Promise<void> {
  const { deployer } = world.network();
  const vault = world.vault(token);
  await deployer.send({ to: vault.address, data: vault.encode('rebase', [2n, 1n]) });
}

async function held(query: string): Promise<OperationOnWire> {
  const operation = await world.operation(query, (it) => it.state === 'held');
  open.push(operation.id);
  return operation;
}

const leftovers = () => ({
  open,
  split: [world.vault('tAAPL').address, world.vault('tTSLA').address],
  errors: ['the wallet does not hold the shares that it owes'],
});

describe('a stock split', () => {
  test('between a mint’s journal and its signing leaves the mint to a person, and new mints go on', async () => {
    const wallet = world.network().wallet(0).address;
    const before = await world.totalSupply('tAAPL');
    const release = proxy.hold('eth_getTransactionCount');
    const request = await world.orderMint('3', { token: 'tAAPL' });
    const query = `tokenization_request_id=${request.id}`;
    await world.operation(query, (it) => it.state === 'journaled');
    await split('tAAPL');
    release();

    const mint = await held(query);
    expect(mint).toMatchObject({ tx_hash: null, shares: null });
    expect(String(mint['reason'])).toMatch(WHY);
    expect(await world.totalSupply('tAAPL')).toBe(before * 2n);
    expect(await world.balance(wallet, 'tAAPL')).toBe(0n);

    // What is ordered from now on is of the time after the split.
    await world.mint('5', { token: 'tAAPL' });
    expect(await world.balance(wallet, 'tAAPL')).toBe(parseQuantity('5'));
    await expectInvariants(world, leftovers());
  });

  test('between the journal of a redemption and its burn leaves the burn to a person', async () => {
    const { ap, script } = world.partners.alpaca;
    await world.mint('10', { token: 'tTSLA' });
    script.add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
    const transfer = await world.sendBack('4', { token: 'tTSLA' });
    const query = `kind=redemption&tx_hash=${transfer}`;
    const { id } = await world.operation(query, (it) => it.state === 'requested');
    await split('tTSLA');
    ap.release(await world.partners.alpaca.waitFor(() => requestOf(id)));
    await within(world.partners.alpaca.redeemCompleted(id), 'Alpaca to journal the redemption');

    const redemption = await held(query);
    expect(redemption).toMatchObject({ burned: '0', qty: '4' });
    expect(String(redemption['reason'])).toMatch(WHY);
    expect(await world.totalSupply('tTSLA')).toBe(parseQuantity('20'));
    await expectInvariants(world, leftovers());
  });

  test('before Alpaca was asked for a redemption keeps it from being asked', async () => {
    const stranger = world.network().wallet(5);
    const vault = world.vault('tTSLA');
    await world.mint('1', { token: 'tTSLA' });
    const move = (to: `0x${string}`) => ({
      to: vault.address,
      data: encodeFunctionData({
        abi: erc20Abi,
        functionName: 'transfer',
        args: [to, parseQuantity('1')],
      }),
    });
    await world.network().wallet(0).send(move(stranger.address));
    const { hash } = await stranger.send(move(world.partners.issuerAddress));
    const query = `kind=redemption&tx_hash=${hash}`;
    await world.operation(query, (it) => it.waiting_for === 'wallet_unknown');
    await split('tTSLA');
    await world.api.call('POST', `/accounts/${world.clientId}/wallets`, { wallet: stranger.address });

    const redemption = await held(query);
    expect(String(redemption['reason'])).toMatch(WHY);
    expect(requestOf(redemption.id)).toBeUndefined();
    await expectInvariants(world, leftovers());
  });

  test('is none of the older vaults’ business, nor of what begins after it', async () => {
    for (const token of ['tMSFT', 'tTSLA']) {
      await world.mint('2', { token });
      const transfer = await world.sendBack('2', { token });
      const query = `kind=redemption&tx_hash=${transfer}`;
      const done = await world.operation(query, (it) => it.state === 'completed');
      expect(done).toMatchObject({ burned: '2' });
    }
    await expectInvariants(world, leftovers());
  });
});

function requestOf(issuerRequestId: string): string | undefined {
  const { requests } = world.partners.alpaca.state;
  return requests.find((it) => it.issuerRequestId === issuerRequestId)?.id;
}
