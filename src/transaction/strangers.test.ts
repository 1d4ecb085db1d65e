import { describe, expect, test } from 'vitest';
import { appendTag } from '../vault/tag.ts';
import type { World } from './test-world.ts';
import { createTestChain } from './test-chain.ts';
import { CHAIN_ID, createWorld, LANE, OTHER_VAULT, SIGNER, signOutside, toyId, VAULT } from './test-world.ts';

/** A world with one operation signed and sent, in no block yet. */
async function signed(options: Parameters<typeof createWorld>[0] = {}): Promise<World> {
  const world = await createWorld(options);
  await world.add(1);
  await world.step('lane');
  return world;
}

describe('a nonce that an outside transaction took', () => {
  async function outside(to: typeof VAULT, data: `0x${string}`): Promise<World> {
    const world = await signed({ network: { finality: 5 } });
    const { raw } = await signOutside(0, to, data, 90_000_000_000n);
    expect(await world.chain.submit(raw)).toBe('accepted');
    world.chain.mine();
    return world;
  }

  test('frees the operation when its block is final, and not before', async () => {
    const world = await outside(SIGNER, '0x');
    await world.step('transaction');
    expect(await world.transaction(0)).toMatchObject({ phase: 'mined', mined: { body: 'stranger' } });
    world.chain.mine(4);
    await world.step();
    expect(await world.toy(1)).toBe('signed');
    world.chain.mine();
    await world.step('transaction');
    expect(await world.transaction(0)).toMatchObject({ phase: 'final', outcome: 'stranger' });
    await world.rounds(8);
    expect(await world.toy(1)).toBe('done');
    expect(world.chain.effects(toyId(1))).toBe(1);
  });

  test('is found among many blocks, from a node that only shows blocks', async () => {
    const world = await createWorld({ network: { finality: 5 } });
    world.chain.mine(300);
    await world.add(1);
    await world.step('lane');
    const { raw, hash } = await signOutside(0, SIGNER, '0x', 90_000_000_000n);
    await world.chain.submit(raw);
    world.chain.mine(137);
    await world.step('transaction');
    expect(await world.transaction(0)).toMatchObject({ phase: 'mined', mined: { hash, blockNumber: 301n } });
  });

  test('stops the lane when it touched a vault, until an operator resumes it', async () => {
    const world = await outside(OTHER_VAULT, '0x1234');
    await world.step('transaction');
    world.chain.mine(6);
    await world.step('transaction');
    expect((await world.lanes.status())[0]).toMatchObject({ state: 'stopped' });
    expect(world.alarms().some((it) => it.includes('stopped'))).toBe(true);
    await world.rounds(5);
    expect(await world.transaction(1)).toEqual({ phase: 'none' });
    // The scan finds it too: one stop is enough.
    const [stop] = await world.store.find({ table: 'found_transaction', where: { state: 'seen' }, limit: 1 });
    expect(stop?.['vault']).toBe(OTHER_VAULT);
    expect(await world.lanes.resume('base', 'ops', 'it was ours')).toBe(true);
    await world.rounds(5);
    expect(await world.toy(1)).toBe('done');
  });

  test('with our own tag shows that the database is too old: quarantine, and it is settled', async () => {
    const world = await outside(VAULT, appendTag('0x12', [toyId(1)]));
    await world.step('transaction');
    world.chain.mine(6);
    await world.step('transaction');
    expect((await world.lanes.status())[0]).toMatchObject({ state: 'quarantine' });
    expect(await world.toy(1)).toBe('ready');
    world.scanned = 10_000n;
    await world.rounds(30);
    expect((await world.lanes.status())[0]).toMatchObject({ state: 'open' });
    expect(await world.toy(1)).toBe('done');
    expect(world.chain.effects(toyId(1))).toBe(1);
  });

  test('while no endpoint can show by whom, nothing changes and one alarm sounds', async () => {
    const world = await outside(SIGNER, '0x');
    const { rpc } = world.chain;
    const pinned = rpc.pinned();
    const blind = {
      ...pinned,
      getBlock: async (...args: readonly [bigint]) => {
        const block = await pinned.getBlock(...args);
        return block === null ? null : { ...block, transactions: [] };
      },
    };
    Object.assign(rpc, { pinned: () => blind });
    world.chain.mine(20);
    for (let look = 0; look < 5; look += 1) await world.step('transaction');
    expect(await world.transaction(0)).toMatchObject({ phase: 'pending' });
    expect(world.alarms().filter((it) => it.includes('no block shows'))).toHaveLength(1);
  });
});

describe('an effect that was not planned', () => {
  test('holds the operations and stops signing for the vault, not for others', async () => {
    const world = await signed();
    world.chain.silent.add(VAULT);
    await world.rounds(2);
    expect(await world.toy(1)).toBe('held');
    await world.add(2);
    await world.feature.add(toyId(3), LANE, OTHER_VAULT);
    await world.rounds(3);
    expect(await world.toy(2)).toBe('ready');
    expect((await world.work(toyId(2)))?.lastError).toMatchObject({ code: 'vault_stopped' });
    expect(await world.toy(3)).toBe('done');
    world.chain.silent.clear();
    await world.lanes.resume('base', 'ops', 'the vault is right again');
    world.nowMs += 60_000;
    await world.rounds(3);
    expect(await world.toy(2)).toBe('done');
  });
});

describe('an endpoint that shows no logs of a transaction', () => {
  const twoEndpoints = () => createTestChain({ chainId: CHAIN_ID, endpoints: 2 });

  test('holds nothing up while another one shows what was planned', async () => {
    const world = await signed({ chain: twoEndpoints() });
    world.chain.logless.add(0);
    await world.rounds(2);
    expect(await world.toy(1)).toBe('done');
    expect((await world.lanes.status())[0]?.stoppedVaults).toEqual({});
    expect(world.lines.some(({ level, message }) => level === 'warn' && message.includes('disagree'))).toBe(
      true,
    );
  });

  test('is believed when the other one shows none either', async () => {
    const world = await signed({ chain: twoEndpoints() });
    world.chain.logless.add(0).add(1);
    await world.rounds(2);
    expect(await world.toy(1)).toBe('held');
  });
});

describe('cancelling', () => {
  test('fills the nonce, above the ceiling if it must, and frees the operations when that is final', async () => {
    const world = await signed({ network: { maxFeeWei: 3_100_000_000n } });
    world.chain.baseFee = 3_050_000_000n;
    world.chain.mine();
    await world.lanes.cancel(`${LANE}/0`, { actor: 'ops', reason: 'too long' });
    await world.rounds(6);
    expect(await world.transaction(0)).toMatchObject({ phase: 'final', outcome: 'filled' });
    expect((await world.feature.state(toyId(1))).why).toMatch(/cancelled/);
    world.chain.baseFee = 1_000_000_000n;
    await world.rounds(4);
    expect(world.chain.effects(toyId(1))).toBe(1);
  });

  test('may come too late: then the effect counts', async () => {
    const world = await signed();
    world.chain.deaf = true;
    await world.lanes.cancel(`${LANE}/0`, { actor: 'ops' });
    await world.rounds(6);
    expect(await world.transaction(0)).toMatchObject({ phase: 'final', outcome: 'effect' });
    expect(await world.toy(1)).toBe('done');
  });

  test('is refused for what is mined or unknown', async () => {
    const world = await signed();
    await world.rounds(2);
    await expect(world.lanes.cancel(`${LANE}/0`, { actor: 'ops' })).rejects.toMatchObject({
      code: 'transaction_not_pending',
    });
    await expect(world.lanes.cancel(`${LANE}/9`, { actor: 'ops' })).rejects.toMatchObject({
      code: 'transaction_unknown',
    });
  });
});
