import type { Address } from 'viem';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { expectInvariants } from './invariants.ts';
import { certifyCall, eventTypes, FAR_FUTURE, mineUntil, reaches } from './outsider.ts';
import type { OperationOnWire, World } from './world.ts';
import { eventually, startWorld } from './world.ts';

interface ShownError {
  readonly code: string;
  readonly message: string;
}

describe('what the vault refuses', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(async () => {
    await world.stop();
  });
  beforeEach(() => world.network().chain.setAutomine(true));

  const owner = (functionName: string, ...args: readonly unknown[]) =>
    world
      .network()
      .deployer.send({ to: world.vault().address, data: world.vault().encode(functionName, args) });
  const balanceOf = (wallet: number) => world.balance(world.network().wallet(wallet).address);
  /** Orders mints to these wallets whose journals end together, so that they share a transaction. */
  const orderTogether = async (...orders: readonly (readonly [qty: string, wallet: number])[]) => {
    const { alpaca } = world.partners;
    const free = alpaca.script.add({ endpoint: 'mint_journal', times: 'always', do: { outcome: 'hold' } });
    const requests = await Promise.all(orders.map(([qty, wallet]) => world.orderMint(qty, { wallet })));
    free();
    for (const { id } of requests) alpaca.ap.release(id);
    return requests.map((it) => it.issuerRequestId ?? '');
  };
  const refused = (id: string, text: string) =>
    reaches(world, id, (it: OperationOnWire) => {
      const error = it.last_error as ShownError | null;
      return it.state === 'journaled' && error?.code === 'simulation_failed' && error.message.includes(text);
    });

  test('one mint of a batch waits with its reason, and the others happen', async () => {
    const { wallet } = world.network();
    const allowed: readonly Address[] = [world.partners.issuerAddress, wallet(0).address, wallet(1).address];
    for (const address of allowed) await owner('ownerFreezeAlwaysAllowTo', address, 1n);
    const soon = BigInt(Math.floor(Date.now() / 1000) + 86_400);
    await owner('ownerFreezeUntil', soon);
    const [first = '', second = '', culprit = ''] = await orderTogether(['1', 0], ['2', 1], ['3', 2]);

    const done = await Promise.all([first, second].map((id) => reaches(world, id, 'completed')));
    expect(new Set(done.map((it) => it.tx_hash)).size).toBe(1);
    await refused(culprit, 'OwnerFrozen');
    expect(await balanceOf(2)).toBe(0n);

    await owner('ownerFreezeAlwaysAllowTo', wallet(2).address, 1n);
    await reaches(world, culprit, 'completed');
    expect(await balanceOf(2)).toBe(parseQuantity('3'));
    await expectInvariants(world);
  });

  test('while the certification has lapsed all mints wait with the reason, and go on when it is renewed', async () => {
    const { deployer } = world.network();
    await deployer.send(certifyCall(world.vault(), 1n));
    const ids = await orderTogether(['1', 0], ['2', 1]);
    for (const id of ids) await refused(id, 'CertificationExpired');
    expect(await balanceOf(1)).toBe(parseQuantity('2'));
    await deployer.send(certifyCall(world.vault(), FAR_FUTURE));
    for (const id of ids) await reaches(world, id, 'completed');
    await expectInvariants(world);
  });

  test('a batch that passed and reverts on chain is free when that is final, and each goes alone', async () => {
    const { chain, deployer } = world.network();
    await chain.setAutomine(false);
    const ids = await orderTogether(['4', 0], ['5', 1]);
    for (const id of ids) await reaches(world, id, 'submitted');
    const inPool = async () =>
      ((await chain.rpc('txpool_status')) as { readonly pending: string }).pending === '0x1';
    await eventually(inPool, 'the transaction to be in the pool');
    // Offers more than ours, so the block takes it first.
    await deployer.submit(certifyCall(world.vault(), 1n));
    await chain.mine();
    const mined = await world.issuer().waitForLine('"status":0');
    await deployer.submit(certifyCall(world.vault(), FAR_FUTURE));
    await chain.mine();
    for (const id of ids) expect((await reaches(world, id, () => true)).state).toBe('submitted');

    await chain.mine();
    await eventually(
      async () => (await eventTypes(world, ids[0] ?? '')).includes('MintReleased'),
      'the release',
    );
    const completed = async () =>
      (await world.operations('state=completed')).filter((it) => ids.includes(it.id));
    const done = await mineUntil(
      world.network(),
      async () => ((await completed()).length === ids.length ? completed() : null),
      'both to complete',
    );
    const hashes = done.map((it) => it.tx_hash);
    expect(new Set(hashes).size).toBe(2);
    expect(hashes).not.toContain((JSON.parse(mined) as { hash: string }).hash);
    await expectInvariants(world);
  });
});
