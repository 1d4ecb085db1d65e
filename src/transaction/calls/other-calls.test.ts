import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { encodeMulticall } from '../../vault/calls.ts';
import { LANE, signOutside, toyId, VAULT } from '../test-world.ts';
import { callId, externalIdOf } from './call-state.ts';
import type { TestCustodian } from './test-custodian.ts';
import { asked, callOf, closeAll, open, step } from './test-scene.ts';

afterEach(closeAll);

describe('a restored database', () => {
  test('lists what the account did, waits for what is open there, and settles what the chain shows', async () => {
    const scene = await open({ restored: true });
    const { world, held, chain } = scene;
    await world.add(1, 2);
    const ask = (n: number) => {
      const data = encodeMulticall(['0xabcdef01'], [toyId(n)]);
      return held.take({ externalId: externalIdOf(toyId(n), 1), to: VAULT, data });
    };
    ask(1);
    ask(2);
    await held.broadcast(0);
    chain.mine(5);
    await step(world, 'lane');
    expect(held.listedSince.length).toBeGreaterThan(0);
    expect((await world.lanes.status())[0]?.state).toBe('quarantine');
    expect((await world.lanes.status())[0]?.why?.message).toMatch(/at-custodian-2 .* no block shows/);
    held.end('CANCELLED', 'CANCELLED_BY_USER', 'refused', 1);
    await step(world, 'lane');
    expect((await world.lanes.status())[0]?.why?.message).toMatch(/must be scanned to block 1/);
    world.scanned = 5n;
    await step(world, 'lane');
    expect((await world.lanes.status())[0]?.state).toBe('open');
    expect(await world.toy(1)).toBe('done');
    // What was cancelled there is asked for again: its old id is used up, and then the next one is taken.
    for (let more = 0; more < 5; more += 1) await step(world);
    expect(held.calls.map((it) => it.request.externalId)).toEqual([
      externalIdOf(toyId(1), 1),
      externalIdOf(toyId(2), 1),
      externalIdOf(toyId(2), 2),
    ]);
    expect(chain.effects(toyId(1))).toBe(1);
  });

  test('looks back to its last event, again after another crash', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'calls-'));
    const path = join(folder, 'calls.db');
    const first = await open({ path });
    await first.world.add(1);
    const lastMs = first.world.nowMs;
    await first.world.store.close();
    const second = await open({ path, restored: true, from: first });
    second.world.nowMs += 3_600_000;
    await second.world.add(2);
    await second.world.store.close();
    const third = await open({ path, from: second });
    third.chain.mine(5);
    await step(third.world, 'lane');
    expect(third.held.listedSince.at(-1)).toBeLessThanOrEqual(lastMs);
    await closeAll();
    rmSync(folder, { recursive: true });
  });
});

describe('something else under the external id', () => {
  test('that never was signed only uses the id up', async () => {
    const scene = await open();
    const { world, held } = scene;
    held.take({ externalId: externalIdOf(toyId(1), 1), to: VAULT, data: '0x99' });
    held.end('BLOCKED', 'BLOCKED_BY_POLICY', 'refused');
    await asked(scene);
    expect(await callOf(world, 1)).toMatchObject({ phase: 'final', outcome: 'displaced' });
    expect(await world.toy(1)).toBe('ready');
    for (let more = 0; more < 3; more += 1) await step(world);
    expect(held.calls.at(-1)?.request.externalId).toBe(externalIdOf(toyId(1), 2));
  });

  test('that may be signed holds the operation, and the lane asks for nothing more', async () => {
    const scene = await open();
    const { world, held } = scene;
    held.take({ externalId: externalIdOf(toyId(1), 1), to: VAULT, data: '0x99' });
    await asked(scene);
    expect(await callOf(world, 1)).toMatchObject({ phase: 'held' });
    expect(await world.toy(1)).toBe('held');
    expect((await world.lanes.status())[0]?.state).toBe('quarantine');
    await world.add(2);
    for (let more = 0; more < 3; more += 1) await step(world);
    expect(held.calls).toHaveLength(1);
    expect(world.alarms().join()).toMatch(/something else under/);
  });

  test('by a report that is altered on its way frees nothing: the chain still decides', async () => {
    const scene = await open();
    const { world, held, chain } = scene;
    await asked(scene);
    const hash = await held.broadcast();
    held.altered = true;
    for (let more = 0; more < 3; more += 1) await step(world);
    expect(await world.toy(1)).toBe('held');
    held.altered = false;
    chain.mine();
    for (let more = 0; more < 4; more += 1) await step(world, 'call');
    expect(await callOf(world, 1)).toMatchObject({ phase: 'mined', mined: { hash } });
    expect(chain.effects(toyId(1))).toBe(1);
  });

  test('a hash of something else is not this call’s effect, and one of another call is not even kept', async () => {
    const scene = await open();
    const { world, held, chain } = scene;
    await asked(scene, 1);
    await asked(scene, 2);
    const other = await held.broadcast(1);
    await step(world, 'call');
    held.calls[0]?.hashes.push(other);
    const foreign = await held.broadcast(0, { data: '0x1234' });
    chain.mine();
    for (let more = 0; more < 3; more += 1) await step(world);
    expect(await world.toy(1)).toBe('signed');
    expect(await world.toy(2)).toBe('done');
    expect(await callOf(world, 1)).toMatchObject({ phase: 'pending', hashes: [foreign] });
    expect(world.alarms().join()).toMatch(/does something else.*|another transaction’s/);
  });
});

describe('cancelling', () => {
  test('what is not known to be taken gives its id to a request for nothing', async () => {
    const scene = await open();
    const { world, held } = scene;
    held.answer = 'refuse';
    await asked(scene);
    expect(await callOf(world, 1)).toMatchObject({ phase: 'refused', told: { status: 'HTTP 400' } });
    const id = callId(LANE, toyId(1), 1);
    await world.lanes.cancel(id, { actor: 'test' });
    await world.lanes.cancel(id, { actor: 'test' });
    held.answer = 'take';
    await step(world, 'call');
    expect(held.calls.map((it) => it.request.data)).toEqual(['0x']);
    expect(await callOf(world, 1)).toMatchObject({ phase: 'final', outcome: 'displaced' });
    expect(await world.toy(1)).toBe('ready');
  });

  test('loses to the request, where that was taken after all', async () => {
    const scene = await open();
    const { world, held } = scene;
    held.answer = 'lost';
    await asked(scene);
    held.hidden = true;
    held.answer = 'take';
    await step(world, 'call');
    await world.lanes.cancel(callId(LANE, toyId(1), 1), { actor: 'test' });
    held.hidden = false;
    await step(world, 'call');
    expect(await callOf(world, 1)).toMatchObject({ phase: 'pending' });
    expect(await world.toy(1)).toBe('signed');
    expect(held.calls).toHaveLength(1);
  });

  test('asks the custodian for what it has not signed, and waits for what it has', async () => {
    const scene = await open();
    const { world, held, chain } = scene;
    await asked(scene);
    const id = callId(LANE, toyId(1), 1);
    await world.lanes.cancel(id, { actor: 'test' });
    expect(held.cancelled).toEqual(['at-custodian-1']);
    await held.broadcast();
    await step(world, 'call');
    await expect(world.lanes.cancel(id, { actor: 'test' })).rejects.toMatchObject({
      code: 'custodian_signed',
    });
    chain.mine();
    for (let more = 0; more < 2; more += 1) await step(world, 'call');
    await expect(world.lanes.cancel(id, { actor: 'test' })).rejects.toMatchObject({
      code: 'transaction_not_pending',
    });
    await expect(world.lanes.cancel(`${id}1`, { actor: 'test' })).rejects.toMatchObject({
      code: 'transaction_unknown',
    });
  });
});

describe('another transaction at its nonce', () => {
  test('frees nothing where only its custodian named that nonce: it may have signed again, at another', async () => {
    const scene = await open();
    const { world, held, chain } = scene;
    await asked(scene);
    const call = held.calls[0];
    if (call === undefined) throw new Error('nothing was asked for');
    Object.assign(call, { nonce: 0 });
    await step(world, 'call');
    await held.broadcast(0, { nonce: 0, data: '0x1234', tells: false });
    chain.mine(5);
    held.end('FAILED', 'INTERNAL_ERROR', 'failed');
    for (let more = 0; more < 3; more += 1) await step(world);
    expect(await world.toy(1)).toBe('held');
    expect(held.calls).toHaveLength(1);
    call.hashes.push(await held.broadcast(0, { nonce: 1, tells: false }));
    chain.mine();
    for (let more = 0; more < 3; more += 1) await step(world);
    expect(await world.toy(1)).toBe('done');
    expect(chain.effects(toyId(1))).toBe(1);
  });

  test('frees nothing while its custodian has it open, and is told of', async () => {
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
    await held.broadcast(0, { nonce: 0, data: '0x1234', tells: false });
    chain.mine(5);
    for (let more = 0; more < 3; more += 1) await step(world);
    expect(await world.toy(1)).toBe('signed');
    expect(world.alarms().join()).toMatch(/nonce 0 was used by .* still has it/);
    held.end('FAILED', 'DROPPED_BY_BLOCKCHAIN', 'failed');
    for (let more = 0; more < 3; more += 1) await step(world, 'call');
    expect(await callOf(world, 1)).toMatchObject({ phase: 'final', outcome: 'displaced' });
    expect(await world.toy(1)).toBe('ready');
  });

  test('frees nothing while a replacement of it may be at another nonce', async () => {
    const scene = await open();
    const { world, held, chain } = scene;
    await asked(scene);
    await held.broadcast();
    chain.mine();
    await step(world);
    await step(world);
    chain.reorg(1, { drop: true });
    chain.mine();
    await step(world);
    // It names a second hash, which no node shows.
    const again = await signAt(1, held);
    held.calls[0]?.hashes.push(again.hash);
    await held.broadcast(0, { nonce: 0, data: '0x1234', tells: false });
    held.end('FAILED', 'DROPPED_BY_BLOCKCHAIN', 'failed');
    chain.mine(5);
    for (let more = 0; more < 3; more += 1) await step(world);
    expect(await world.toy(1)).toBe('signed');
    expect(held.calls).toHaveLength(1);
    await chain.submit(again.raw);
    chain.mine();
    for (let more = 0; more < 4; more += 1) await step(world);
    expect(await world.toy(1)).toBe('done');
    expect(chain.effects(toyId(1))).toBe(1);
  });

  test('is looked at where it ended, and may be the call itself', async () => {
    const scene = await open();
    const { world, held, chain } = scene;
    await asked(scene);
    const call = held.calls[0];
    if (call === undefined) throw new Error('nothing was asked for');
    await held.broadcast(0, { tells: false });
    chain.mine();
    Object.assign(call, { nonce: 0 });
    held.end('FAILED', 'INTERNAL_ERROR', 'failed');
    for (let more = 0; more < 4; more += 1) await step(world, 'call');
    expect(await world.toy(1)).toBe('done');
    expect(chain.effects(toyId(1))).toBe(1);
  });
});

/** Signed, and sent by nobody. */
function signAt(nonce: number, { calls }: TestCustodian) {
  const [call] = calls;
  if (call === undefined) throw new Error('nothing was asked for');
  return signOutside(nonce, call.request.to, call.request.data);
}
