import type { Hex } from 'viem';
import { parseGwei } from 'viem';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { expectInvariants } from './invariants.ts';
import { withReader } from './with-reader.ts';
import { mineUntil, reaches } from './outsider.ts';
import type { OperationOnWire, World } from './world.ts';
import { eventually, startWorld } from './world.ts';

const REPRICED = 'transaction signed again at its nonce';

describe('a transaction whose fee is too low for the chain', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ env: { CHAIN_BASE_REPRICE_AFTER_MS: '3000' } });
  });
  afterAll(async () => {
    await world.stop();
  });
  beforeEach(() => world.network().chain.setAutomine(false));
  afterEach(() => world.network().chain.setAutomine(true));

  /** Orders a mint and resolves when its transaction waits in the node's pool, in no block. */
  const waiting = async (qty: string): Promise<OperationOnWire> => {
    const { issuerRequestId } = await world.orderMint(qty);
    return reaches(world, issuerRequestId ?? '', 'submitted');
  };
  /** Every hash that was ever signed at the newest nonce, oldest first. */
  const hashesOfNewest = () =>
    withReader(world, async (store) => {
      const [newest] = await store.find({ table: 'transaction', orderBy: [['nonce', 'desc']], limit: 1 });
      const rows = await store.find({
        table: 'transaction_hash',
        where: { transaction_id: newest?.['id'] as string },
      });
      return rows.map((row) => row['hash'] as Hex);
    });
  const isCompleted = async (id: string) =>
    (await world.operations('state=completed')).find((it) => it.id === id);
  const rawOf = async (hash: Hex): Promise<Hex> =>
    (await world.network().chain.rpc('eth_getRawTransactionByHash', [hash])) as Hex;
  const repriced = () => world.issuer().output.filter((line) => line.includes(REPRICED));
  const reprices = () => repriced().length;

  test('is signed again at its nonce, and mints once', async () => {
    const { chain, wallet } = world.network();
    const { id } = await waiting('3');
    const [first = '0x'] = await hashesOfNewest();
    await chain.setNextBlockBaseFee(parseGwei('20'));
    await chain.mine();
    expect((await reaches(world, id, () => true)).state).toBe('submitted');
    const line = JSON.parse(await world.issuer().waitForLine(REPRICED)) as { hash: Hex };
    // The line comes before the bytes go out.
    const done = await mineUntil(world.network(), () => isCompleted(id), 'the mint to complete');
    const hashes = await hashesOfNewest();
    expect(hashes).toContain(first);
    expect(hashes).toContain(line.hash);
    expect(done.tx_hash).not.toBe(first);
    expect(hashes).toContain(done.tx_hash);
    const told = world.partners.alpaca.calls('callback_mint').at(-1)?.body as { tx_hash: string };
    expect(told.tx_hash).toBe(done.tx_hash);
    expect(await world.balance(wallet(0).address)).toBe(parseQuantity('3'));
    await expectInvariants(world);
  });

  test('counts under its first hash, when that is what a block takes after all', async () => {
    const { chain, wallet } = world.network();
    await chain.setNextBlockBaseFee(parseGwei('1'));
    await chain.mine();
    const before = reprices();
    const { id } = await waiting('4');
    const [first = '0x'] = await hashesOfNewest();
    const raw = await rawOf(first);
    await eventually(async () => reprices() > before, 'the transaction to be signed again');
    // The line comes before the bytes go out; once they are there, the next price is seconds away.
    const second = (JSON.parse(repriced().at(-1) ?? '{}') as { hash: Hex }).hash;
    await eventually(
      () => chain.rpc('eth_getTransactionByHash', [second]),
      'the second bytes to be in the pool',
    );
    await chain.dropAllTransactions();
    await chain.rpc('eth_sendRawTransaction', [raw]);
    await chain.mine();

    const done = await reaches(world, id, 'completed');
    expect(done.tx_hash).toBe(first);
    expect((await hashesOfNewest()).length).toBeGreaterThan(1);
    const told = world.partners.alpaca.calls('callback_mint').at(-1)?.body as { tx_hash: string };
    expect(told.tx_hash).toBe(first);
    expect(await world.balance(wallet(0).address)).toBe(parseQuantity('7'));
    await expectInvariants(world);
  });
});
