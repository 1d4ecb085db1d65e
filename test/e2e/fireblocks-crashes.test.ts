import { copyFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { completes, completesAfter, needsApproval } from '../../src/sandbox/fireblocks/plan.ts';
import type { SimulatedFireblocks } from '../../src/sandbox/fireblocks/simulated-fireblocks-interface.ts';
import { kill } from './crash.ts';
import { expectInvariants } from './invariants.ts';
import { runCommand } from './run-command.ts';
import type { World } from './world.ts';
import { eventually, startWorld, within } from './world.ts';

/** Numbers from 0 to below 1, the same on every run (mulberry32). */
function createChance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lines of the log at which the process is killed: between them stands every step of a call. */
const MOMENTS = [
  '"listening"',
  'a call is promised to the custodian',
  'the custodian has the call',
  'call reported',
  'call mined',
];

describe('an account at Fireblocks, through crashes and restores', () => {
  let world: World;
  let fireblocks: SimulatedFireblocks;
  beforeAll(async () => {
    world = await startWorld({ signer: 'fireblocks' });
    if (world.partners.fireblocks === null) throw new Error('there is no simulated Fireblocks');
    ({ fireblocks } = world.partners);
    await world.mint('100');
  });
  afterEach(() => {
    fireblocks.always({ plan: completes });
  });
  afterAll(async () => {
    await world.stop();
  });

  const settled = async (order: { readonly id: string }) =>
    world.operation(`tokenization_request_id=${order.id}`, (it) => it.state === 'completed');
  const lane = async (): Promise<string | undefined> => {
    const { items } = (await world.api.call('GET', '/lanes')) as { items: { state: string }[] };
    return items[0]?.state;
  };
  const untilOpen = async (): Promise<void> => {
    await eventually(async () => {
      await world.network().chain.mine();
      return (await lane()) === 'open';
    }, 'the lane to leave its quarantine');
  };

  test('ten kills at seeded moments, and each is minted and burned once', async () => {
    const chance = createChance(20_261_125);
    fireblocks.always({ plan: completesAfter('PENDING_SIGNATURE') });
    const orders = [];
    const transfers = [];
    for (let kills = 0; kills < 10; kills += 1) {
      const moment = MOMENTS[Math.floor(chance() * MOMENTS.length)] ?? '';
      orders.push(await world.orderMint('1'));
      if (kills % 3 === 0) transfers.push(await world.sendBack('2'));
      await within(world.issuer().waitForLine(moment), moment);
      await world.restart('SIGKILL');
    }
    for (const order of orders) await settled(order);
    for (const transfer of transfers) {
      await world.operation(`kind=redemption&tx_hash=${transfer}`, (it) => it.state === 'completed');
    }
    const ids = fireblocks.transactions().map((it) => it.request.externalTxId);
    expect(ids.every((it) => it.endsWith('-1'))).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
    await expectInvariants(world);
  });

  test('a backup that forgot what it asked for finds it at Fireblocks and on chain, before it asks again', async () => {
    const copy = `${world.databasePath}.copy`;
    const { script, ap } = world.partners.alpaca;
    script.add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
    const transfer = await world.sendBack('3');
    const redemption = `kind=redemption&tx_hash=${transfer}`;
    const { tokenization_request_id: redeem } = await world.operation(
      redemption,
      (it) => it.state === 'requested',
    );
    const wallets = fireblocks.whitelist.all();
    for (const { id } of wallets) fireblocks.whitelist.remove(id);
    const mints = [await world.orderMint('5'), await world.orderMint('7')];
    const mint = (at: number, state: string) =>
      world.operation(
        `tokenization_request_id=${mints[at]?.id ?? ''}`,
        (it) => it.state === state && (state !== 'journaled' || it.last_error !== null),
      );
    for (const at of [0, 1]) await mint(at, 'journaled');
    const done = await runCommand(['backup', copy], world.env, dirname(copy));
    expect(done).toMatchObject({ code: 0, stderr: '' });

    // One is minted, one is burned, and one waits there for people: all of it is forgotten.
    fireblocks.always({ plan: needsApproval });
    for (const { name, assets } of wallets) {
      for (const { id: assetId, address } of assets) fireblocks.whitelist.add({ name, assetId, address });
    }
    for (const at of [0, 1]) await mint(at, 'submitted');
    const waiting = await eventually(() => {
      const open = fireblocks.transactions().filter((it) => it.status === 'PENDING_AUTHORIZATION');
      return Promise.resolve(open.length === 2 ? open : null);
    }, 'both to wait for people');
    fireblocks.always({ plan: completes });
    ap.release(redeem ?? '');
    await world.operation(redemption, (it) => it.state === 'completed');
    await fireblocks.proceed(waiting[0]?.id ?? '');
    await eventually(
      async () => (await world.operations('kind=mint&state=submitted')).length === 1,
      'one of both to be minted',
    );
    const known = fireblocks.transactions().length;
    await kill(world);
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${world.databasePath}${suffix}`, { force: true });
    copyFileSync(copy, world.databasePath);

    await world.restart();
    expect(await lane()).toBe('quarantine');
    const { chain } = world.network();
    await chain.mine(4);
    await within(
      world.issuer().waitForLine(`"${waiting[1]?.id ?? ''}"`),
      'the one that waits there to be found',
    );
    expect(await lane()).toBe('quarantine');
    await fireblocks.proceed(waiting[1]?.id ?? '');
    await untilOpen();
    for (const at of [0, 1]) await mint(at, 'completed');
    await world.operation(redemption, (it) => it.state === 'completed');
    expect(fireblocks.transactions()).toHaveLength(known);
    await expectInvariants(world);
  });

  test('another address than at the first start stops it before anything runs', async () => {
    await world.issuer().stop('SIGTERM');
    const answer = { addresses: [{ address: `0x${'ab'.repeat(20)}` }] };
    fireblocks.interrupt((_method, path) => path.endsWith('/addresses_paginated'), {
      status: 200,
      body: answer,
    });
    const { code, stderr } = await runCommand(['serve'], world.env, dirname(world.databasePath));
    expect(code).toBe(1);
    expect(stderr).toMatch(/was 0x[0-9a-f]{40} when it was first known and is said to be 0xabab/);
    // It need not answer at a start for us to know it.
    await fireblocks.stop();
    await world.restart();
    await fireblocks.start();
    await settled(await world.orderMint('1'));
    await expectInvariants(world);
  });
});
