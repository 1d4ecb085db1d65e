import { copyFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Hex } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SCHEMA } from '../../src/app/schema.ts';
import { verify } from '../../src/event-store/verify.ts';
import type { RpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import { behindProxy, kill, untilWaiting } from '../e2e/crash.ts';
import { expectInvariants } from '../e2e/invariants.ts';
import { laneOf, mineUntil } from '../e2e/outsider.ts';
import { runCommand } from '../e2e/run-command.ts';
import { withReader } from '../e2e/with-reader.ts';
import type { World } from '../e2e/world.ts';
import { startWorld, within } from '../e2e/world.ts';
import { createDice } from '../simulation/chance.ts';
import { startLoad } from './load.ts';

/** What the restored service says of what it did not know. */
const EXPECTED = [
  'it cannot be settled for',
  'no mint is known for',
  'quarantine started',
  'Alpaca was told before that it is minted',
];
const BACKUPS = 5;

/** Takes a backup beside the database, while the service runs; gives its path. */
async function backUp(world: World, name: string): Promise<string> {
  const copy = `${world.databasePath}.${name}`;
  const done = await runCommand(['backup', copy], world.env, dirname(copy));
  expect(done).toMatchObject({ code: 0, stderr: '' });
  return copy;
}

describe('a backup', () => {
  let world: World;
  let proxy: RpcProxy;
  let copies = 0;
  beforeAll(async () => {
    world = await startWorld();
    proxy = await behindProxy(world);
    await world.mint('100');
  });
  afterAll(async () => {
    await world.stop();
    await proxy.stop();
  });

  const script = () => world.partners.alpaca.script;
  const chain = () => world.network().chain;
  const mintIn = (id: string, state: string) =>
    world.operation(`tokenization_request_id=${id}`, (it) => it.state === state);
  const redemptionIn = (transfer: Hex, state: string) =>
    world.operation(`kind=redemption&tx_hash=${transfer}`, (it) => it.state === state);

  /** Brings a new mint, or redemption, to the state, and gives what lets it go on from there. */
  const states: Readonly<Record<string, () => Promise<() => Promise<void> | void>>> = {
    async 'mint is requested'() {
      script().add({ endpoint: 'mint_journal', do: { outcome: 'hold' } });
      const { id } = await world.orderMint('5');
      await mintIn(id, 'requested');
      return () => void world.partners.alpaca.ap.release(id);
    },
    async 'mint is journaled'() {
      proxy.takeDown();
      const { id } = await world.orderMint('5');
      await mintIn(id, 'journaled');
      return () => {
        proxy.bringUp();
      };
    },
    async 'mint is submitted'() {
      await chain().setAutomine(false);
      const { id } = await world.orderMint('5');
      await untilWaiting(world, 1);
      await mintIn(id, 'submitted');
      return async () => {
        await chain().mine();
        await chain().setAutomine(true);
      };
    },
    async 'mint is minted'() {
      script().add({ endpoint: 'callback_mint', do: { act: false, reply: 'hang' } });
      const { id } = await world.orderMint('5');
      await mintIn(id, 'minted');
      return async () => {
        await world.restart('SIGKILL');
      };
    },
    async 'mint is completed'() {
      await world.mint('5');
      return () => undefined;
    },
    async 'redemption is detected'() {
      script().add({ endpoint: 'callback_redeem', do: { act: false, reply: 'hang' } });
      const transfer = await world.sendBack('2');
      await redemptionIn(transfer, 'detected');
      return async () => {
        await world.restart('SIGKILL');
      };
    },
    async 'redemption is requested'() {
      script().add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
      const transfer = await world.sendBack('2');
      const { tokenization_request_id: id } = await redemptionIn(transfer, 'requested');
      return () => void world.partners.alpaca.ap.release(id ?? '');
    },
    async 'redemption is journaled'() {
      script().add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
      const transfer = await world.sendBack('2');
      const { tokenization_request_id: id } = await redemptionIn(transfer, 'requested');
      proxy.takeDown();
      world.partners.alpaca.ap.release(id ?? '');
      await redemptionIn(transfer, 'journaled');
      return () => {
        proxy.bringUp();
      };
    },
    async 'redemption is burning'() {
      script().add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
      const transfer = await world.sendBack('2');
      const { tokenization_request_id: id } = await redemptionIn(transfer, 'requested');
      await chain().setAutomine(false);
      world.partners.alpaca.ap.release(id ?? '');
      await untilWaiting(world, 1);
      await redemptionIn(transfer, 'burning');
      return async () => {
        await chain().mine();
        await chain().setAutomine(true);
      };
    },
    async 'redemption is completed'() {
      await redemptionIn(await world.sendBack('2'), 'completed');
      return () => undefined;
    },
  };

  test.each(Object.entries(states))(
    'taken while a %s, and restored in the middle of both flows loses nothing and does nothing twice',
    async (_state, bring) => {
      const goOn = await bring();
      copies += 1;
      const copy = await backUp(world, `copy-${String(copies)}`);
      await goOn();
      // What the copy was taken in, and what it knows nothing of, both come to their end before it takes the place.
      const later = await world.mint('3');
      const back = await world.sendBack('1');
      await redemptionIn(back, 'completed');
      await mineUntil(world.network(), async () => (await openOperations()) === 0, 'everything to end');
      await kill(world);
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${world.databasePath}${suffix}`, { force: true });
      copyFileSync(copy, world.databasePath);
      await world.restart();
      await mineUntil(
        world.network(),
        async () => (await laneOf(world)).state === 'open',
        'the quarantine’s end',
      );
      expect((await world.operations(`tokenization_request_id=${later.id}`)).length).toBeLessThanOrEqual(1);
      await redemptionIn(back, 'completed');
      await expectInvariants(world, { errors: EXPECTED });
    },
  );

  async function openOperations(): Promise<number> {
    const { items } = (await world.api.call('GET', '/operations?limit=1000')) as {
      items: { state: string }[];
    };
    return items.filter((it) => it.state !== 'completed').length;
  }

  test('taken under load is a whole database of one moment', async () => {
    const load = startLoad(world, createDice(1, 'backups'));
    for (let taken = 0; taken < BACKUPS; taken += 1) {
      const databasePath = await backUp(world, `loaded-${String(taken)}`);
      const db = new DatabaseSync(databasePath, { readOnly: true });
      expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
      const count = 'SELECT count(*) AS events, max(position) AS last FROM events';
      const { events, last } = db.prepare(count).get() as { events: number; last: number };
      db.close();
      expect(events).toBe(last);
      const report = await withReader({ databasePath }, (store) => verify(store, SCHEMA));
      expect(report).toMatchObject({ differences: [], position: last });
    }
    await within(load.stop(), 'the load to end');
    await expectInvariants(world, { errors: EXPECTED });
  });
});
