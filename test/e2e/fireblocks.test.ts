import { dirname } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { CUT, rateLimited, refusal } from '../../src/sandbox/fireblocks/answer.ts';
import {
  completes,
  completesAfter,
  needsApproval,
  replaced,
  sentYetEnds,
  stops,
} from '../../src/sandbox/fireblocks/plan.ts';
import type { SimulatedFireblocks } from '../../src/sandbox/fireblocks/simulated-fireblocks-interface.ts';
import { expectInvariants } from './invariants.ts';
import { readSamples, valueOf } from './metrics-text.ts';
import { runCommand } from './run-command.ts';
import type { World } from './world.ts';
import { eventually, startWorld } from './world.ts';

describe('with an account at Fireblocks, which signs and broadcasts', () => {
  let world: World;
  let fireblocks: SimulatedFireblocks;
  beforeAll(async () => {
    world = await startWorld({ signer: 'fireblocks' });
    if (world.partners.fireblocks === null) throw new Error('there is no simulated Fireblocks');
    ({ fireblocks } = world.partners);
  });
  afterEach(() => {
    fireblocks.always({ plan: completes });
  });
  afterAll(async () => {
    await world.stop();
  });

  const settled = async (order: { readonly id: string }) =>
    world.operation(`tokenization_request_id=${order.id}`, (it) => it.state === 'completed');
  const ours = (operationId: string) =>
    fireblocks.transactions().filter((it) => it.request.externalTxId.startsWith(operationId));
  const isCreate = (method: string, path: string): boolean =>
    method === 'POST' && path === '/v1/transactions';

  test('shares become tokens, and the tokens become shares again', async () => {
    await world.mint('10');
    const transfer = await world.sendBack('4');
    const done = await world.operation(
      `kind=redemption&tx_hash=${transfer}`,
      (it) => it.state === 'completed',
    );
    expect(done).toMatchObject({ qty: '4', burned: '4', dust: '0' });
    expect(await world.totalSupply()).toBe(parseQuantity('6'));
    expect(ours(done.id).map((it) => it.request.externalTxId)).toEqual([`${done.id}-1`]);
    await expectInvariants(world);
  });

  test('what people have to approve waits, shows the word of Fireblocks, and is minted once they did', async () => {
    fireblocks.script({ plan: needsApproval });
    const order = await world.orderMint('1');
    const { id } = await world.operation(
      `tokenization_request_id=${order.id}`,
      (it) => it.state === 'submitted',
    );
    const shown = await eventually(async () => {
      const { stdout } = await runCommand(['show', id], world.env, dirname(world.databasePath));
      return stdout.includes('PENDING_AUTHORIZATION') ? stdout : null;
    }, 'the status to be shown');
    expect(shown).toContain(`${id}-1`);
    const samples = readSamples(await (await fetch(`${world.issuer().url}/metrics`)).text());
    const waiting = { custodian: 'fireblocks', phase: 'pending', status: 'PENDING_AUTHORIZATION' };
    expect(valueOf(samples, 'issuer_custodian_open_calls', waiting)).toBe(1);
    const asked = { custodian: 'fireblocks', request: 'create_transaction', status: '2xx' };
    expect(valueOf(samples, 'issuer_custodian_requests_total', asked)).toBeGreaterThan(0);
    await world.restart('SIGKILL');
    await fireblocks.proceed(ours(id)[0]?.id ?? '');
    await settled(order);
    expect(ours(id)).toHaveLength(1);
    await expectInvariants(world);
  });

  test('what policy refuses is asked for under another id, and minted once it may be', async () => {
    fireblocks.script({ plan: stops('BLOCKED', 'BLOCKED_BY_POLICY') }, { plan: completes });
    const order = await world.orderMint('1');
    const waiting = await world.operation(
      `tokenization_request_id=${order.id}`,
      (it) => it.last_error !== null,
    );
    expect(waiting).toMatchObject({ state: 'journaled', last_error: { code: 'custodian_refused' } });
    await settled(order);
    expect(ours(waiting.id).map((it) => it.request.externalTxId)).toEqual([
      `${waiting.id}-1`,
      `${waiting.id}-2`,
    ]);
    await expectInvariants(world);
  });

  test('lost answers, outages, limits and both forms of a duplicate cost nothing but time', async () => {
    fireblocks.script(
      { answer: CUT },
      { answer: refusal(502, 'bad gateway'), isCreated: true },
      { answer: rateLimited(1) },
      { plan: completesAfter('QUEUED', 'A_STATUS_NOBODY_KNOWS') },
      { plan: replaced },
    );
    fireblocks.interrupt(isCreate, refusal(500, 'oops'), CUT);
    fireblocks.hideFromExternalLookups(2);
    const orders = [];
    for (const qty of ['1', '2', '3', '4', '5', '6']) {
      orders.push(await world.orderMint(qty));
      fireblocks.duplicatesAre(qty === '3' ? 'conflict' : 'bad_request');
    }
    for (const order of orders) await expect(settled(order)).resolves.toHaveProperty('state', 'completed');
    await expectInvariants(world);
  });

  test('a contract that is not whitelisted is never called, and says what to do', async () => {
    const { address } = world.vault();
    const wallet = fireblocks.whitelist
      .all()
      .find(({ assets }) => assets.some((it) => it.address.toLowerCase() === address.toLowerCase()));
    const [asset] = wallet?.assets ?? [];
    if (wallet === undefined || asset === undefined) throw new Error('the vault is not whitelisted');
    fireblocks.whitelist.remove(wallet.id);
    const before = fireblocks.transactions().length;
    const order = await world.orderMint('1');
    const waiting = await world.operation(
      `tokenization_request_id=${order.id}`,
      (it) => it.last_error !== null,
    );
    expect(waiting).toMatchObject({
      state: 'journaled',
      last_error: {
        code: 'contract_not_whitelisted',
        message: expect.stringContaining('whitelist that contract'),
      },
    });
    expect(fireblocks.transactions()).toHaveLength(before);
    fireblocks.whitelist.add({ name: wallet.name, assetId: asset.id, address: asset.address });
    await settled(order);
    await expectInvariants(world);
  });

  test('FAILED after it was sent is minted once, by what the chain shows', async () => {
    fireblocks.script({ plan: sentYetEnds('FAILED', 'TIMEOUT') });
    const order = await world.orderMint('1');
    const { id } = await settled(order);
    expect(ours(id)).toHaveLength(1);
    await expectInvariants(world, { errors: ['ended a call that it had signed'] });
  });

  test('FAILED without a hash is held', async () => {
    fireblocks.script({ plan: stops('FAILED', 'SIGNING_ERROR') });
    const order = await world.orderMint('1');
    const query = `tokenization_request_id=${order.id}`;
    const { id } = await world.operation(query, (it) => it.state === 'held');
    expect(ours(id)).toHaveLength(1);
    await expectInvariants(world, { open: [id] });
    // A person has looked at Fireblocks that nothing was signed, and says so by the id that it was asked under.
    const close = { reason: 'nothing was signed there', evidence: [`${id}-1`] };
    await world.api.call('POST', `/operations/${id}/close`, close);
    expect(await world.operation(query)).toMatchObject({ state: 'closed' });
  });
});
