import type { Hex } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectInvariants } from './invariants.ts';
import { operatorOf } from './operator.ts';
import { eventTypes, reaches, scannedToHead } from './outsider.ts';
import { withReader } from './with-reader.ts';
import type { World } from './world.ts';
import { eventually, startWorld } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.mint('10');
});
afterAll(async () => {
  await world.stop();
});

const UNDERLYING = '/underlyings/AAPL/holds';
const TOLD = ['the network is stopped'];

test('a redemption whose transfer is undone for good is closed, and begins anew should it come back', async () => {
  const { chain } = world.network();
  const { act, refusal } = operatorOf(world);
  // Kept from Alpaca until the reorg has come.
  const body = { owner: 'test', reason: 'until the reorg', scope: 'new' };
  const { hold_id: hold } = (await world.api.call('POST', UNDERLYING, body)) as { hold_id: string };
  const hash = await world.sendBack('4');
  const raw = (await chain.rpc('eth_getRawTransactionByHash', [hash])) as Hex;
  const { id } = await world.operation(`tx_hash=${hash}`, (it) => it.waiting_for === 'frozen');
  await scannedToHead(world);
  await chain.reorg(1);
  await eventually(
    async () => JSON.stringify(await world.api.call('GET', '/ready')).includes('stopped'),
    'the scan to stop',
  );
  await world.api.call('POST', '/networks/base/resume', { reason: 'one block was replaced' });
  await world.api.call('DELETE', `${UNDERLYING}/${hold}?reason=over`);

  const waits = await world.operation(`tx_hash=${hash}`, (it) => it.last_error !== null);
  expect(waits).toMatchObject({
    state: 'detected',
    last_error: {
      code: 'transfer_not_on_chain',
      message: expect.stringMatching(/close ends it once it is gone for good/) as string,
    },
  });
  expect(await refusal('close', id)).toMatch(/422.*do not show that it is gone for good/);
  await chain.mine(3);
  const closed = await act('close', id);
  expect(closed.summary).toMatch(/its transfer was undone, and nothing of it is with us/);
  expect(await eventTypes(world, id)).not.toContain('RedeemPromised');
  expect(await withReader(world, (store) => store.count({ table: 'owed' }))).toBe(0);

  expect(await chain.rpc('eth_sendRawTransaction', [raw])).toBe(hash);
  const done = await reaches(world, id, 'completed');
  expect(done).toMatchObject({ burned: '4', tx_hash: hash });
  await expectInvariants(world, { errors: TOLD });
});
