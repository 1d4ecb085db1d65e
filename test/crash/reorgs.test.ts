import type { Hex } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { nonces, untilWaiting } from '../e2e/crash.ts';
import { expectInvariants } from '../e2e/invariants.ts';
import { mineUntil } from '../e2e/outsider.ts';
import { withReader } from '../e2e/with-reader.ts';
import type { OperationOnWire, World } from '../e2e/world.ts';
import { BASE, eventually, startWorld } from '../e2e/world.ts';

const CONFIRMATIONS = 2;
/** What a reorg deeper than CONFIRMATIONS says, and must. */
const LOUD = ['an effect vanished', 'the network is stopped'];

describe('a reorg', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      networks: [{ ...BASE, chain: { slotsInAnEpoch: 2 } }],
      env: { CHAIN_BASE_CONFIRMATIONS: String(CONFIRMATIONS), CHAIN_BASE_FINALITY: '4' },
    });
    const { id } = await world.orderMint('100');
    await completed(`tokenization_request_id=${id}`);
  });
  afterAll(async () => {
    await world.stop();
  });

  const chain = () => world.network().chain;
  const look = async (query: string): Promise<OperationOnWire | undefined> =>
    (await world.operations(query)).find((it) => it.state === 'completed');
  const completed = (query: string) => mineUntil(world.network(), () => look(query), `${query} to complete`);
  const rawOf = async (hash: Hex): Promise<Hex> =>
    (await chain().rpc('eth_getRawTransactionByHash', [hash])) as Hex;
  const scan = async (): Promise<string> => {
    const report = (await world.api.call('GET', '/ready')) as { networks: { base: { scan: string } } };
    return report.networks.base.scan;
  };
  /** Hash of what the service signed last. */
  const newestHash = (): Promise<Hex> =>
    withReader(world, async (store) => {
      const [newest] = await store.find({ table: 'transaction', orderBy: [['nonce', 'desc']], limit: 1 });
      return newest?.['hash'] as Hex;
    });
  /** An operator looks and lets it go on, where the reorg was deeper than was trusted. */
  const resumeIfStopped = async (): Promise<void> => {
    if ((await scan()).startsWith('stopped')) {
      await world.api.call('POST', '/networks/base/resume', { reason: 'the new blocks were compared' });
    }
  };

  test.each(
    Array.from({ length: CONFIRMATIONS + 1 }, (_, at) => at + 1).flatMap((depth) => [
      { depth, fate: 'drops the mint in them' as const },
      { depth, fate: 'puts the mint into another of them' as const },
    ]),
  )('of $depth blocks that $fate: it happens once', async ({ depth, fate }) => {
    const wallet = world.network().wallet(0).address;
    const before = await world.balance(wallet);
    const { mined } = await nonces(world);
    const { id } = await world.orderMint('7');
    await eventually(async () => (await nonces(world)).mined === mined + 1, 'the mint to be in a block');
    const mint = await rawOf(await newestHash());
    await chain().mine(depth - 1);
    await chain().reorg(depth, fate === 'drops the mint in them' ? [] : [[mint, depth - 1]]);
    await mineUntil(
      world.network(),
      async () => {
        await resumeIfStopped();
        return look(`tokenization_request_id=${id}`);
      },
      'the mint to complete',
    );
    expect(await world.balance(wallet)).toBe(before + parseQuantity('7'));
    await expectInvariants(world, { errors: LOUD });
  });

  test.each([1, 2])(
    'of %i blocks that puts a transfer to us into another one: it is redeemed once',
    async (depth) => {
      const transfer = await world.sendBack('2');
      const raw = await rawOf(transfer);
      await chain().mine(depth - 1);
      await chain().reorg(depth, [[raw, depth - 1]]);
      const done = await completed(`kind=redemption&tx_hash=${transfer}`);
      expect(done.burned).toBe('2');
      await expectInvariants(world, { errors: LOUD });
    },
  );

  test.each([1, 2])('of %i blocks that drops a burn: the same bytes burn once', async (depth) => {
    const { script, ap } = world.partners.alpaca;
    script.add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
    const transfer = await world.sendBack('3');
    const query = `kind=redemption&tx_hash=${transfer}`;
    const { tokenization_request_id: id } = await mineUntil(
      world.network(),
      async () => (await world.operations(query)).find((it) => it.state === 'requested'),
      'the redemption to be requested',
    );
    await chain().setAutomine(false);
    ap.release(id ?? '');
    await untilWaiting(world, 1);
    const supply = await world.totalSupply();
    await chain().mine(depth);
    expect(await world.totalSupply()).toBe(supply - parseQuantity('3'));
    await chain().reorg(depth);
    expect(await world.totalSupply()).toBe(supply);
    await completed(query);
    await chain().setAutomine(true);
    expect(await world.totalSupply()).toBe(supply - parseQuantity('3'));
    await expectInvariants(world, { errors: LOUD });
  });

  test('that drops what waits in the pool sends the same bytes again', async () => {
    await chain().setAutomine(false);
    const { id } = await world.orderMint('4');
    await untilWaiting(world, 1);
    const waiting = await newestHash();
    await chain().dropAllTransactions();
    await chain().mine();
    await untilWaiting(world, 1);
    const done = await completed(`tokenization_request_id=${id}`);
    await chain().setAutomine(true);
    expect(done.tx_hash).toBe(waiting);
    await expectInvariants(world, { errors: LOUD });
  });
});
