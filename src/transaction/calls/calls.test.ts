import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { toyId } from '../test-world.ts';
import { externalIdOf } from './call-state.ts';
import { asked, callOf, closeAll, open, step } from './test-scene.ts';

afterEach(closeAll);

describe('a call', () => {
  test('is committed before it is sent, sent once, and settled by its block', async () => {
    const scene = await open();
    const { world, held, chain } = scene;
    await world.add(1);
    await step(world, 'lane');
    expect(held.submitted).toEqual([]);
    expect(await world.toy(1)).toBe('signed');
    expect(await callOf(world, 1)).toMatchObject({
      phase: 'requested',
      externalId: externalIdOf(toyId(1), 1),
    });
    await step(world, 'call');
    expect(await callOf(world, 1)).toMatchObject({
      phase: 'pending',
      told: { custodianId: 'at-custodian-1' },
    });
    await held.broadcast();
    await step(world);
    expect(await world.toy(1)).toBe('signed');
    chain.mine();
    for (let more = 0; more < 3; more += 1) await step(world);
    expect(await world.toy(1)).toBe('done');
    chain.mine(4);
    await step(world);
    expect(await callOf(world, 1)).toMatchObject({ phase: 'final', outcome: 'effect' });
    expect(held.submitted).toHaveLength(1);
    expect(world.alarms()).toEqual([]);
    expect(await world.lanes.status()).toMatchObject([{ nextNonce: null, pending: 0, mined: 0 }]);
  });

  test('goes to a contract beside the vault where the plan says so, as it is', async () => {
    const { world, held } = await open();
    const beside = `0x${'dd'.repeat(20)}` as const;
    world.direct.set(toyId(1), beside);
    await world.add(1, 2);
    await step(world, 'lane');
    await step(world, 'call');
    const [one, other] = [toyId(1), toyId(2)].map((id) =>
      held.calls.find((it) => it.request.externalId === externalIdOf(id, 1)),
    );
    expect(one?.request).toMatchObject({ to: beside, data: expect.stringMatching(/^0xabcdef01/) as string });
    expect(await callOf(world, 1)).toMatchObject({ to: beside });
    expect(other?.request.to).not.toBe(beside);
    // Within the vault's multicall.
    expect(other?.request.data).not.toMatch(/^0xabcdef01/);
  });

  test('is of one operation each, and no more are open than may be', async () => {
    const { world, held } = await open();
    await world.add(1, 2, 3, 4, 5, 6);
    await step(world, 'lane');
    await step(world, 'lane');
    await step(world, 'call');
    expect(held.calls).toHaveLength(4);
    expect(new Set(held.calls.map((it) => it.request.externalId)).size).toBe(4);
    held.end('COMPLETED', null, 'completed', 0);
    await step(world);
    expect(held.calls).toHaveLength(4);
  });

  test('whose answer is lost is the same request again, and the same transaction', async () => {
    const scene = await open();
    const { world, held } = scene;
    held.answer = 'lost';
    await asked(scene);
    await step(world, 'call');
    expect(await callOf(world, 1)).toMatchObject({ phase: 'pending' });
    expect(new Set(held.submitted).size).toBe(1);
    expect(held.calls).toHaveLength(1);
  });

  test('that is hidden after it was taken is sent again under its id, for as long as it takes', async () => {
    const scene = await open();
    const { world, held } = scene;
    held.answer = 'lost';
    held.hidden = true;
    await asked(scene);
    held.answer = 'take';
    for (let more = 0; more < 3; more += 1) await step(world);
    expect(await callOf(world, 1)).toMatchObject({ phase: 'requested' });
    expect(await world.toy(1)).toBe('signed');
    held.hidden = false;
    await step(world, 'call');
    expect(await callOf(world, 1)).toMatchObject({ phase: 'pending' });
    expect(new Set(held.submitted).size).toBe(1);
    expect(held.calls).toHaveLength(1);
  });

  test('that another process finds goes on there, to the letter', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'calls-'));
    const path = join(folder, 'calls.db');
    const first = await open({ path });
    await first.world.add(1);
    await step(first.world, 'lane');
    await first.world.store.close();
    const { world, held } = await open({ path, from: first });
    await step(world, 'call');
    expect(held.calls).toHaveLength(1);
    expect(await callOf(world, 1)).toMatchObject({ phase: 'pending' });
    await closeAll();
    rmSync(folder, { recursive: true });
  });

  test('that vanished and was replaced unseen is found by its nonce and its content', async () => {
    const scene = await open();
    const { world, held, chain } = scene;
    await asked(scene);
    const first = await held.broadcast();
    chain.mine();
    await step(world);
    await step(world);
    expect(await callOf(world, 1)).toMatchObject({ phase: 'mined', mined: { hash: first } });
    chain.reorg(1, { drop: true });
    chain.mine();
    await step(world);
    expect(await world.toy(1)).toBe('signed');
    // Its custodian replaces it, and says nothing of the new hash.
    const second = await held.broadcast(0, { nonce: 0, fee: 9_000_000_000n, tells: false });
    chain.mine(2);
    await step(world);
    await step(world);
    expect(await callOf(world, 1)).toMatchObject({ phase: 'mined', mined: { hash: second } });
    expect(await world.toy(1)).toBe('done');
  });
});

describe('what the custodian ends', () => {
  test('before signing is free at once, waits a while, and is asked for under another id', async () => {
    const scene = await open();
    const { world, held } = scene;
    await asked(scene);
    held.end('BLOCKED', 'BLOCKED_BY_POLICY', 'refused');
    await step(world, 'call');
    await step(world, 'call');
    expect(await callOf(world, 1)).toMatchObject({ phase: 'final', outcome: 'refused' });
    expect(await world.toy(1)).toBe('ready');
    await world.step('lane');
    expect((await world.work(toyId(1)))?.lastError).toMatchObject({
      code: 'custodian_refused',
      message: expect.stringContaining('BLOCKED (BLOCKED_BY_POLICY)'),
    });
    expect(held.calls).toHaveLength(1);
    await step(world, 'lane');
    await step(world, 'call');
    expect(held.calls.map((it) => it.request.externalId)).toEqual(
      [1, 2].map((n) => externalIdOf(toyId(1), n)),
    );
  });

  test('is not free once a hash was ever named, whatever the sub-status says', async () => {
    const scene = await open();
    const { world, held, chain } = scene;
    await asked(scene);
    await held.broadcast();
    await step(world, 'call');
    const call = held.calls[0];
    if (call !== undefined) call.hashes = [];
    held.end('CANCELLED', 'CANCELLED_BY_USER', 'refused');
    for (let more = 0; more < 3; more += 1) await step(world);
    expect(await world.toy(1)).toBe('signed');
    expect(world.alarms().join()).toMatch(/ended a call that it had signed/);
    chain.mine();
    for (let more = 0; more < 3; more += 1) await step(world);
    expect(await world.toy(1)).toBe('done');
    expect(chain.effects(toyId(1))).toBe(1);
  });

  test('after signing and without a hash is held, and counts when the chain shows it', async () => {
    const scene = await open();
    const { world, held, chain } = scene;
    await asked(scene);
    await held.broadcast(0, { tells: false });
    held.end('FAILED', 'SIGNING_ERROR', 'failed');
    for (let more = 0; more < 3; more += 1) await step(world);
    expect(await world.toy(1)).toBe('held');
    expect(await callOf(world, 1)).toMatchObject({ phase: 'held' });
    expect(held.calls).toHaveLength(1);
    held.calls[0]?.hashes.push(chain.pendingHashes()[0] ?? '0x');
    chain.mine();
    for (let more = 0; more < 3; more += 1) await step(world);
    expect(await world.toy(1)).toBe('done');
  });

  test('is not free once it was said to be signed, though no hash was named', async () => {
    const scene = await open();
    const { world, held, chain } = scene;
    await asked(scene);
    await held.broadcast(0, { tells: false });
    await step(world, 'call');
    held.end('CANCELLED', 'CANCELLED_BY_USER', 'refused');
    for (let more = 0; more < 3; more += 1) await step(world);
    expect(await world.toy(1)).toBe('held');
    expect(held.calls).toHaveLength(1);
    held.calls[0]?.hashes.push(chain.pendingHashes()[0] ?? '0x');
    chain.mine();
    for (let more = 0; more < 3; more += 1) await step(world);
    expect(await world.toy(1)).toBe('done');
    expect(chain.effects(toyId(1))).toBe(1);
  });

  test('as completed without a hash is not done, nor free', async () => {
    const scene = await open();
    const { world, held } = scene;
    await asked(scene);
    held.end('COMPLETED', null, 'completed');
    for (let more = 0; more < 3; more += 1) await step(world);
    expect(await callOf(world, 1)).toMatchObject({ phase: 'pending', told: { status: 'COMPLETED' } });
    expect(world.alarms().join()).toMatch(/names no hash/);
  });

  test('and another transaction then took its nonce in a final block, is free', async () => {
    const scene = await open();
    const { world, held, chain } = scene;
    await asked(scene);
    const first = await held.broadcast();
    chain.mine();
    await step(world);
    await step(world);
    chain.reorg(1, { drop: true });
    chain.mine();
    await step(world);
    expect(await callOf(world, 1)).toMatchObject({ phase: 'pending', nonces: { [first]: 0 } });
    held.end('FAILED', 'DROPPED_BY_BLOCKCHAIN', 'failed');
    await step(world);
    await step(world);
    // Absence frees nothing, nor does the custodian's word.
    expect(await world.toy(1)).toBe('signed');
    await held.broadcast(0, { nonce: 0, data: '0x1234', tells: false });
    held.end('FAILED', 'DROPPED_BY_BLOCKCHAIN', 'failed');
    chain.mine(2);
    await step(world, 'call');
    expect(await world.toy(1)).toBe('signed');
    chain.mine(3);
    await step(world, 'call');
    expect(await callOf(world, 1)).toMatchObject({ phase: 'final', outcome: 'displaced' });
    expect(await world.toy(1)).toBe('ready');
  });

  test('reverted on chain is free when that is final', async () => {
    const scene = await open();
    const { world, held, chain } = scene;
    await asked(scene);
    chain.failing.add(toyId(1));
    await held.broadcast();
    chain.mine();
    await step(world);
    await step(world);
    expect(await world.toy(1)).toBe('signed');
    expect(await callOf(world, 1)).toMatchObject({ phase: 'mined', mined: { status: 0 } });
    chain.mine(4);
    await step(world, 'call');
    expect(await callOf(world, 1)).toMatchObject({ phase: 'final', outcome: 'reverted' });
    expect(await world.toy(1)).toBe('ready');
  });
});
