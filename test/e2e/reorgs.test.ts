import type { Hex } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { expectInvariants } from './invariants.ts';
import { eventTypes, mineUntil, reaches, scannedToHead } from './outsider.ts';
import type { World } from './world.ts';
import { BASE, eventually, startWorld } from './world.ts';

async function scan(world: World): Promise<string> {
  const report = (await world.api.call('GET', '/ready')) as { networks: { base: { scan: string } } };
  return report.networks.base.scan;
}

describe('a mint whose block is replaced before it is final', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(async () => {
    await world.stop();
  });

  test('goes out again with the same bytes, and happens once', async () => {
    const { chain, wallet } = world.network();
    const { id, txHash } = await world.mint('3');
    const { id: operation } = await world.operation(`tokenization_request_id=${id}`);
    await scannedToHead(world);
    await chain.reorg(1);
    expect(await world.balance(wallet(0).address)).toBe(0n);
    await world.issuer().waitForLine('an effect vanished');
    await eventually(
      async () => (await world.balance(wallet(0).address)) === parseQuantity('3'),
      'the mint to be back',
    );

    const done = await reaches(world, operation, 'completed');
    expect(done.tx_hash).toBe(txHash);
    expect(await eventTypes(world, operation)).toContain('MintUnsettled');
    expect(world.partners.alpaca.calls('callback_mint')).toHaveLength(1);
    const receipt = (await chain.rpc('eth_getTransactionReceipt', [txHash])) as { readonly blockNumber: Hex };
    expect(BigInt(receipt.blockNumber)).toBeGreaterThan(0n);
    // Its logs were taken in from the block that is gone, so an operator looks before the scan goes on.
    await eventually(async () => (await scan(world)).startsWith('stopped'), 'the scan to stop');
    await world.api.call('POST', '/networks/base/resume', { reason: 'one block was replaced' });
    await expectInvariants(world, { errors: ['an effect vanished', 'the network is stopped'] });
  });
});

describe('with two confirmations', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      networks: [{ ...BASE, chain: { slotsInAnEpoch: 1 } }],
      env: { CHAIN_BASE_CONFIRMATIONS: '2', CHAIN_BASE_FINALITY: '4' },
    });
    const { id } = await world.orderMint('50');
    await mineUntil(
      world.network(),
      async () =>
        world.partners.alpaca.state.requests.some((it) => it.id === id && it.status === 'completed'),
      'the mint',
    );
  });
  afterAll(async () => {
    await world.stop();
  });
  const headSeen = async () => {
    const report = (await world.api.call('GET', '/ready')) as {
      networks: { base: { scan_lag_blocks: number | null } };
    };
    return report.networks.base.scan_lag_blocks === 0;
  };
  const found = async (hash: Hex) => (await world.operations(`tx_hash=${hash}`))[0];

  test('a transfer in a block that is replaced before them was never seen', async () => {
    const { chain } = world.network();
    const hash = await world.sendBack('1');
    await chain.mine();
    await eventually(headSeen, 'the scan to be level');
    expect(await found(hash)).toBeUndefined();
    await chain.reorg(2);
    await chain.mine(3);
    expect(await scan(world)).toBe('ok');
    const after = await world.sendBack('2');
    const redemption = await mineUntil(world.network(), () => found(after), 'the next transfer');
    await mineUntil(world.network(), async () => (await found(after))?.state === 'completed', 'its burn');
    expect(await found(hash)).toBeUndefined();
    expect(redemption.qty).toBe('2');
    await expectInvariants(world);
  });

  test('a deeper reorg stops the network until an operator resumes it', async () => {
    const { chain } = world.network();
    await chain.mine(6);
    const hash = await world.sendBack('4');
    const raw = (await chain.rpc('eth_getRawTransactionByHash', [hash])) as Hex;
    await chain.mine(2);
    const { id } = await eventually(() => found(hash), 'the transfer to be seen');
    await chain.reorg(3, [[raw, 1]]);
    await chain.mine(2);
    await eventually(async () => (await scan(world)).startsWith('stopped'), 'the network to stop');
    expect(await scan(world)).toMatch(/no longer/);
    expect(await world.api.call('GET', '/ready')).toMatchObject({ status: 'ready' });
    expect(await world.api.call('GET', '/admin/stuck')).toMatchObject({
      networks: [
        {
          network: 'base',
          state: 'stopped',
          why: expect.stringMatching(/no longer/) as string,
          waiting_for: 'resume',
        },
      ],
    });

    await world.api.call('POST', '/networks/base/resume', { reason: 'both explorers agree' });
    await mineUntil(
      world.network(),
      async () => (await found(hash))?.state === 'completed',
      'the redemption',
    );
    expect((await found(hash))?.id).toBe(id);
    await expectInvariants(world, { errors: ['the network is stopped'] });
  });
});
