import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { copyFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { kill, untilWaiting } from './crash.ts';
import { expectInvariants } from './invariants.ts';
import type { ActionReport } from './operator.ts';
import { operatorOf } from './operator.ts';
import { mineUntil, reaches } from './outsider.ts';
import { transferData } from './forwarder.ts';
import { runCommand } from './run-command.ts';
import type { OperationOnWire, World } from './world.ts';
import { eventually, startWorld } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.mint('100');
});
afterAll(async () => {
  await world.stop();
});
afterEach(async () => {
  world.partners.alpaca.script.clear();
  await world.network().chain.setAutomine(true);
});

/** Alpaca’s absence is told of, once it was tried. */
const check = (): Promise<void> => expectInvariants(world, { errors: ['alpaca_unavailable'] });
const operator = () => operatorOf(world);
const find = async (id: string) => (await world.api.call('GET', `/operations/${id}`)) as OperationOnWire;
const ours = (): Promise<bigint> => world.balance(world.partners.issuerAddress);

async function redemption(amount: string, state: string): Promise<OperationOnWire> {
  const hash = await world.sendBack(amount);
  return world.operation(`kind=redemption&tx_hash=${hash}`, (it) => it.state === state);
}

/** One that Alpaca rejected, whose transfer is final. */
async function rejected(amount: string): Promise<string> {
  world.partners.alpaca.script.add({
    endpoint: 'redeem_journal',
    do: { outcome: { reject: 'account is restricted' } },
  });
  const { id } = await redemption(amount, 'rejected');
  await world.network().chain.mine(3);
  return id;
}

function refundOf(report: ActionReport): string {
  if (report.refund_id === null) throw new Error(`no refund: ${report.summary}`);
  return report.refund_id;
}

describe('the refund of a rejected redemption', () => {
  test('sends all of it back once, dust included, as an operation of its own', async () => {
    const { wallet } = world.network();
    const before = await world.balance(wallet(0).address);
    const id = await rejected('3.00000000000000004');
    expect(await ours()).toBe(parseQuantity('3.00000000000000004'));
    const report = await operator().actAsTaught('refund', id);
    const refund = refundOf(report);
    expect(await reaches(world, refund, 'completed')).toMatchObject({
      kind: 'refund',
      shares: '3.00000000000000004',
      wallet: wallet(0).address.toLowerCase(),
    });
    const { tx_hash: hash } = await find(refund);
    expect(await find(id)).toMatchObject({ state: 'refunded', waiting_for: null });
    expect(String((await find(id))['reason'])).toContain(hash);
    expect(await ours()).toBe(0n);
    expect(await world.balance(wallet(0).address)).toBe(before);
    for (const action of ['refund', 'refund']) {
      expect(await operator().act(action, id)).toMatchObject({ changed: false, refund_id: refund });
    }
    expect((await world.operations('kind=refund')).map((it) => it.id)).toEqual([refund]);
    await check();
  });

  test('asks Alpaca again, and sends nothing back of what it journaled after all', async () => {
    const id = await rejected('1');
    const remove = world.partners.alpaca.script.add({
      endpoint: 'get_request',
      times: 'always',
      do: { alter: (body) => ({ ...(body as object), status: 'completed' }) },
    });
    expect(await operator().refusal('refund', id)).toMatch(/422.*Alpaca must have rejected it/);
    remove();
    world.partners.alpaca.script.add({ endpoint: 'get_request', times: 'always', do: { reply: 'drop' } });
    expect(await operator().refusal('refund', id)).toMatch(/503.*alpaca_unavailable/);
    world.partners.alpaca.script.clear();
    const refund = await eventually(
      async () => refundOf(await operator().act('refund', id)),
      'Alpaca to be asked again',
    );
    await reaches(world, refund, 'completed');
    await check();
  });

  test('may be closed while its transfer waits, and begun anew', async () => {
    const id = await rejected('2');
    await world.network().chain.setAutomine(false);
    const refund = refundOf(await operator().act('refund', id));
    await reaches(world, refund, 'submitted');
    await untilWaiting(world, 1);
    await operator().actAsTaught('close', refund);
    await mineUntil(world.network(), async () => (await find(refund)).state === 'closed', 'its end');
    expect(await find(id)).toMatchObject({ state: 'rejected' });
    await world.network().chain.setAutomine(true);
    expect(refundOf(await operator().act('refund', id))).toBe(refund);
    await reaches(world, refund, 'completed');
    expect(await find(id)).toMatchObject({ state: 'refunded' });
    await check();
  });

  test('happens once although the service is killed while it is asked for, and while it is sent', async () => {
    const id = await rejected('4');
    await world.network().chain.setAutomine(false);
    await Promise.all([
      operator()
        .act('refund', id)
        .catch(() => null),
      kill(world),
    ]);
    await world.restart();
    const refund = refundOf(await operator().act('refund', id));
    await reaches(world, refund, 'submitted');
    await world.restart('SIGKILL');
    await mineUntil(world.network(), async () => (await find(refund)).state === 'completed', 'the refund');
    await world.network().chain.setAutomine(true);
    expect(await find(id)).toMatchObject({ state: 'refunded' });
    expect(await ours()).toBe(0n);
    await check();
  });
});

test('what Alpaca was never asked for goes back too, and never what it was asked for', async () => {
  await world.api.call('POST', '/underlyings/AAPL/holds', { owner: 'ops', reason: 'to wait' });
  const { id } = await redemption('1.5', 'detected');
  await world.network().chain.mine(3);
  const refund = refundOf(await operator().actAsTaught('refund', id));
  await reaches(world, refund, 'completed');
  const { items } = (await world.api.call('GET', '/underlyings/AAPL/holds')) as {
    items: { hold_id: string }[];
  };
  await world.api.call('DELETE', `/underlyings/AAPL/holds/${items[0]?.hold_id ?? ''}`);
  expect(world.partners.alpaca.calls('callback_redeem').some((it) => it.rawBody.includes(id))).toBe(false);

  const { id: done } = await redemption('1', 'completed');
  expect(await operator().refusal('refund', done)).toMatch(/422.*it is completed/);
  await check();
});

test('a database from before the refund finds it on chain, and never asks Alpaca for what went back', async () => {
  const { chain, wallet } = world.network();
  const stranger = wallet(5);
  const to = world.vault().address;
  await wallet(0).send({ to, data: transferData(stranger.address, parseQuantity('2')) });
  const { hash } = await stranger.send({
    to,
    data: transferData(world.partners.issuerAddress, parseQuantity('2')),
  });
  const { id } = await world.operation(
    `kind=redemption&tx_hash=${hash}`,
    (it) => it.waiting_for === 'wallet_unknown',
  );
  await chain.mine(3);
  const copy = `${world.databasePath}.before`;
  expect(await runCommand(['backup', copy], world.env, dirname(copy))).toMatchObject({ code: 0 });
  const refund = refundOf(await operator().act('refund', id));
  await reaches(world, refund, 'completed');
  await kill(world);
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${world.databasePath}${suffix}`, { force: true });
  copyFileSync(copy, world.databasePath);

  await chain.setAutomine(false);
  await world.restart();
  // Its owner is known now, so that nothing but the quarantine keeps it from Alpaca.
  await world.api.call('POST', `/accounts/${world.clientId}/wallets`, { wallet: stranger.address });
  await reaches(world, id, (it) => it.waiting_for === 'quarantine');
  await mineUntil(
    world.network(),
    async () => (await find(id)).state === 'refunded',
    'the refund to be found',
  );
  await chain.setAutomine(true);
  expect(await find(refund)).toMatchObject({ state: 'completed', kind: 'refund' });
  expect(world.partners.alpaca.calls('callback_redeem').some((it) => it.rawBody.includes(id))).toBe(false);
  expect(await world.balance(stranger.address)).toBe(parseQuantity('2'));
  await check();
});
