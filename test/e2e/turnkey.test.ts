import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import type { SimulatedTurnkey } from '../../src/sandbox/turnkey/simulated-turnkey.ts';
import { expectInvariants } from './invariants.ts';
import type { World } from './world.ts';
import { startWorld } from './world.ts';

describe('with the key at Turnkey', () => {
  let world: World;
  let turnkey: SimulatedTurnkey;
  beforeAll(async () => {
    world = await startWorld({ signer: 'turnkey' });
    if (world.partners.turnkey === null) throw new Error('there is no simulated Turnkey');
    ({ turnkey } = world.partners);
  });
  afterEach(() => expectInvariants(world));
  afterAll(async () => {
    await world.stop();
  });

  const settled = async (order: { readonly id: string }) =>
    world.operation(`tokenization_request_id=${order.id}`, (it) => it.state === 'completed');

  test('shares become tokens, and the tokens become shares again', async () => {
    await world.mint('10');
    const transfer = await world.sendBack('4');
    const done = await world.operation(
      `kind=redemption&tx_hash=${transfer}`,
      (it) => it.state === 'completed',
    );
    expect(done).toMatchObject({ qty: '4', burned: '4', dust: '0' });
    expect(await world.totalSupply()).toBe(parseQuantity('6'));
    expect(turnkey.activities().every((it) => it.status === 'ACTIVITY_STATUS_COMPLETED')).toBe(true);
  });

  test('what people have to approve waits visibly, and is minted once they did', async () => {
    turnkey.script({ kind: 'consensus' });
    const order = await world.orderMint('1');
    const query = `tokenization_request_id=${order.id}`;
    const waiting = await world.operation(query, (it) => it.last_error !== null);
    expect(waiting).toMatchObject({ state: 'journaled', last_error: { code: 'signing_pending' } });
    const activity = turnkey.activities().at(-1);
    expect(activity?.status).toBe('ACTIVITY_STATUS_CONSENSUS_NEEDED');
    // A crash in the middle asks the same again: no second activity for the people to see.
    await world.restart('SIGKILL');
    const asked = turnkey.activities().length;
    turnkey.decide(activity?.id ?? '', 'approve');
    await settled(order);
    expect(turnkey.activities()).toHaveLength(asked);
  });

  test('a lost answer, an outage and a policy that says no for a while cost nothing but time', async () => {
    turnkey.script(
      { kind: 'lost' },
      { kind: 'answer', status: 429, body: 'slow down', headers: { 'retry-after': '1' } },
      { kind: 'answer', status: 503, body: 'maintenance' },
      { kind: 'fail', message: 'the policy engine is closed' },
      { kind: 'alter', change: (it) => ({ ...it, gas: 21_000n }) },
      { kind: 'pending', questions: 2 },
    );
    const orders = await Promise.all([world.orderMint('1'), world.orderMint('2')]);
    for (const order of orders) await expect(settled(order)).resolves.toHaveProperty('state', 'completed');
  });

  test('is killed ten times while it signs, and mints each once', async () => {
    turnkey.always({ kind: 'pending', questions: 1 });
    const orders = [];
    for (let kill = 0; kill < 10; kill += 1) {
      orders.push(await world.orderMint('1'));
      await world.restart('SIGKILL');
    }
    turnkey.always({ kind: 'sign' });
    for (const order of orders) await expect(settled(order)).resolves.toHaveProperty('state', 'completed');
  });
});
