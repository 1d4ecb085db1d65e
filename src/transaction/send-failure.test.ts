import type { Hex } from 'viem';
import { expect, test } from 'vitest';

import { createWorld, LANE, toyId } from './test-world.ts';

/** A fault of this program, or of its ports, where bytes are sent: nodes' refusals are answers, and no failures. */

async function open() {
  const world = await createWorld({ network: { batchCount: 1 } });
  const { rpc } = world.chain;
  const sendNow = rpc.sendRawTransaction.bind(rpc);
  const broken = { isBroken: true, sent: 0 };
  Object.assign(rpc, {
    sendRawTransaction: async (raw: Hex) => {
      broken.sent += 1;
      if (broken.isBroken) throw new TypeError('no such member');
      return sendNow(raw);
    },
  });
  await world.add(1, 2, 3, 4);
  return { world, broken };
}

test('sending that fails while the next batch is signed stops the lane loudly, and loses nothing', async () => {
  const { world, broken } = await open();
  await expect(world.step('lane')).rejects.toThrow('no such member');
  const { alarms, lines } = { alarms: world.alarms(), lines: world.lines };
  expect(alarms.join()).toMatch(/a signed transaction could not be sent: no such member/);
  expect(lines.filter((it) => it.level === 'error')).toHaveLength(1);
  const [status] = await world.lanes.status();
  expect(status).toMatchObject({ lane: LANE, why: { code: 'send_failed' } });
  // What is signed after a send that failed is not sent before it.
  expect(broken.sent).toBe(1);
  broken.isBroken = false;
  await world.step('transaction');
  await world.rounds(6);
  expect(await Promise.all([1, 2, 3, 4].map(world.toy))).toEqual(['done', 'done', 'done', 'done']);
  expect([1, 2, 3, 4].map((n) => world.chain.effects(toyId(n)))).toEqual([1, 1, 1, 1]);
  expect(await world.transaction(4)).toEqual({ phase: 'none' });
});

test('the alarm ends when sending works again', async () => {
  const { world, broken } = await open();
  broken.isBroken = false;
  await world.rounds(6);
  broken.isBroken = true;
  await world.add(5);
  await expect(world.step('lane')).rejects.toThrow('no such member');
  broken.isBroken = false;
  await world.rounds(3);
  await world.add(6);
  await world.rounds(2);
  expect([5, 6].map((n) => world.chain.effects(toyId(n)))).toEqual([1, 1]);
  expect(world.lines.some((it) => it.message === 'alarm ended')).toBe(true);
});
