import type { Hex } from 'viem';
import { keccak256 } from 'viem';
import { describe, expect, test, vi } from 'vitest';
import { createTestChain } from './test-chain.ts';
import { CHAIN_ID, createWorld, LANE, SIGNER, signOutside, toyId, VAULT } from './test-world.ts';
import { change } from '../event-store/ledger.ts';
import { laneKind } from './lane-state.ts';
import { PlanOutdated } from './plan-outdated.ts';
import { toyKind } from './test-feature.ts';
import { transactionKind } from './transaction-kind.ts';
import { readTag } from '../vault/tag.ts';

describe('signing', () => {
  test('ready operations share one transaction, whose calldata names them', async () => {
    const world = await createWorld();
    await world.add(1, 2, 3);
    await world.step('lane');
    const state = await world.transaction(0);
    expect(state).toMatchObject({ phase: 'pending', nonce: 0, kind: 'toy', vault: VAULT });
    if (state.phase === 'none') throw new Error('nothing was signed');
    const { data } = state.variants[0];
    expect(new Set(readTag(data)?.operationIds)).toEqual(new Set([1, 2, 3].map(toyId)));
    await world.rounds(2);
    expect(await Promise.all([1, 2, 3].map(world.toy))).toEqual(['done', 'done', 'done']);
  });

  test('the bytes are committed before they are sent: a crash in between only delays', async () => {
    const world = await createWorld();
    world.chain.deaf = true;
    await world.add(1);
    await world.step('lane');
    expect(world.chain.pendingHashes()).toEqual([]);
    const state = await world.transaction(0);
    world.chain.deaf = false;
    world.chain.sent.length = 0;
    world.nowMs += 20_000;
    await world.step('transaction');
    expect(state.phase === 'none' ? [] : state.variants.map(({ hash }) => hash)).toEqual(world.chain.sent);
    await world.rounds(5);
    expect(world.chain.effects(toyId(1))).toBe(1);
    expect(await world.transaction(1)).toEqual({ phase: 'none' });
  });

  test('a start wakes the lane, since a crash may have swallowed the wake of what is ready', async () => {
    const world = await createWorld();
    expect(world.wakes).toEqual([LANE]);
  });

  test('when the commit is refused, nothing leaves', async () => {
    const world = await createWorld();
    await world.add(1);
    const loaded = await world.ledger.load(laneKind, LANE);
    const plan = world.feature.plan.bind(world.feature);
    // Somebody stops the lane between its decision and its commit.
    Object.assign(world.feature, {
      plan: async (...args: Parameters<typeof plan>) => {
        const stop = { type: 'LaneStopped', data: { why: 'test' } } as const;
        await world.ledger.commit({
          changes: [change(laneKind, loaded, [stop])],
          metadata: { actor: 'test' },
        });
        return plan(...args);
      },
    });
    await world.step('lane');
    expect(world.chain.sent).toEqual([]);
    expect(await world.transaction(0)).toEqual({ phase: 'none' });
    expect(await world.toy(1)).toBe('ready');
  });

  test('what may not be signed any more at the last moment is planned again, alone for no reason', async () => {
    const world = await createWorld();
    await world.add(1, 2);
    const signed = world.feature.signed.bind(world.feature);
    const outdated = () => Promise.reject(new PlanOutdated('a hold was placed'));
    Object.assign(world.feature, { signed: outdated });
    await world.step('lane');
    expect(world.chain.sent).toEqual([]);
    expect(await world.transaction(0)).toEqual({ phase: 'none' });
    expect(await world.work(toyId(1))).toMatchObject({ attempts: 0, lastError: null });
    Object.assign(world.feature, { signed });
    await world.step('lane');
    expect(await world.transaction(0)).toMatchObject({ phase: 'pending', nonce: 0 });
    const state = await world.transaction(0);
    expect(state.phase === 'none' ? [] : state.operations).toHaveLength(2);
  });

  test('what only waits says why and counts no attempt, and one that ended holds nothing up', async () => {
    const world = await createWorld();
    await world.add(1, 2, 3);
    Object.assign(world.feature, {
      plan: async (ids: readonly string[]) => {
        // The second comes to its end while the lane looks at it.
        const loaded = await world.ledger.load(toyKind, toyId(2));
        const done = { type: 'ToyDone', data: { hash: '0x7a' } } as const;
        await world.ledger.commit({
          changes: [change(toyKind, loaded, [done])],
          metadata: { actor: 'test' },
        });
        const why = { code: 'frozen', message: 'by hold h-1', recheckMs: 240_000 };
        return ids.map((operationId) => ({ kind: 'blocked', operationId, ...why }));
      },
    });
    await world.step('lane');
    for (const n of [1, 3]) {
      const row = await world.work(toyId(n));
      expect(row).toMatchObject({ attempts: 0, lastError: { code: 'frozen', message: 'by hold h-1' } });
      expect(row?.dueMs).toBe(world.nowMs + 240_000);
    }
    expect(await world.work(toyId(2))).toBeNull();
  });

  test('two lanes of one signer on one database cannot promise a nonce twice', async () => {
    const world = await createWorld();
    await world.add(1, 2);
    await Promise.all([world.step('lane'), world.step('lane'), world.step('lane')]);
    await world.rounds(6);
    expect(world.chain.effects(toyId(1))).toBe(1);
    expect(world.chain.effects(toyId(2))).toBe(1);
  });

  test('only so many nonces are in flight, and a slot is free when mined', async () => {
    const world = await createWorld({ network: { batchCount: 1, inFlight: 2, confirmations: 5 } });
    await world.add(1, 2, 3, 4, 5);
    await world.step('lane');
    await world.step('lane');
    expect(world.chain.pendingHashes()).toHaveLength(2);
    world.chain.mine();
    await world.step('lane');
    expect(world.chain.pendingHashes()).toHaveLength(2);
    expect(await world.transaction(3)).toMatchObject({ phase: 'pending' });
    expect(await world.transaction(0)).toMatchObject({ phase: 'pending' });
  });

  test('batches of one step go out in order, each once, however slowly a node takes the first', async () => {
    const world = await createWorld({ network: { batchCount: 1 } });
    const { rpc } = world.chain;
    const sendNow = rpc.sendRawTransaction.bind(rpc);
    const sent: Hex[] = [];
    const taken = Promise.withResolvers<void>();
    Object.assign(rpc, {
      sendRawTransaction: async (raw: Hex) => {
        sent.push(keccak256(raw));
        if (sent.length === 1) await taken.promise;
        return sendNow(raw);
      },
    });
    await world.add(1, 2, 3, 4);
    const signing = world.step('lane');
    await vi.waitUntil(async () => (await world.transaction(3)).phase === 'pending');
    // Whoever watches them meanwhile need not send them.
    await world.step('transaction');
    expect(sent).toHaveLength(1);
    taken.resolve();
    await signing;
    const signed = await Promise.all([0, 1, 2, 3].map((nonce) => world.transaction(nonce)));
    expect(sent).toEqual(signed.map((state) => (state.phase === 'none' ? null : state.variants[0].hash)));
  });

  test('a batch is no larger than its count and its gas allow', async () => {
    const world = await createWorld({ network: { batchCount: 4, batchGas: 350_000n } });
    await world.add(1, 2, 3, 4, 5, 6);
    await world.step('lane');
    await world.step('lane');
    await world.step('lane');
    const sizes = await Promise.all(
      [0, 1, 2].map(async (nonce) => {
        const state = await world.transaction(nonce);
        return state.phase === 'none' ? 0 : state.operations.length;
      }),
    );
    expect(sizes).toEqual([2, 2, 2]);
  });

  test('halving isolates the culprit, which waits with its reason while the others go on', async () => {
    const world = await createWorld();
    world.chain.failing.add(toyId(5));
    await world.add(1, 2, 3, 4, 5, 6, 7, 8);
    await world.step('lane');
    const state = await world.transaction(0);
    expect(state.phase === 'none' ? 0 : state.operations.length).toBe(7);
    const row = await world.work(toyId(5));
    expect(row).toMatchObject({ attempts: 1, lastError: { code: 'simulation_failed' } });
    expect(row?.dueMs).toBeGreaterThan(world.nowMs);
    // It does not spoil the batches of those that never failed.
    world.nowMs += 60_000;
    world.chain.estimates = 0;
    await world.add(9, 10);
    await world.step('lane');
    expect(world.chain.estimates).toBe(2);
    world.chain.failing.clear();
    world.nowMs += 60_000;
    await world.rounds(4);
    expect(world.chain.effects(toyId(5))).toBe(1);
  });

  test('an operation that cannot be planned waits with its reason, and its kind goes on', async () => {
    const world = await createWorld();
    world.blocked.add(toyId(1));
    await world.add(1, 2);
    await world.step('lane');
    expect(await world.work(toyId(1))).toMatchObject({ attempts: 1, lastError: { code: 'toy_blocked' } });
    expect(await world.toy(2)).toBe('signed');
  });

  test('one operation whose plan throws stops only itself', async () => {
    const world = await createWorld();
    const plan = world.feature.plan.bind(world.feature);
    Object.assign(world.feature, {
      plan: async (ids: readonly string[], lane: Parameters<typeof plan>[1]) => {
        if (ids.includes(toyId(2))) throw new Error('poisoned');
        return plan(ids, lane);
      },
    });
    await world.add(1, 2, 3);
    await world.step('lane');
    expect(await Promise.all([1, 2, 3].map(world.toy))).toEqual(['signed', 'ready', 'signed']);
    expect((await world.work(toyId(2)))?.lastError).toMatchObject({
      code: 'plan_failed',
      message: 'poisoned',
    });
  });

  test('nothing is signed that the balance does not cover, and the alarm sounds once', async () => {
    const world = await createWorld({ network: { batchCount: 1 } });
    // One transaction may cost 177,300 gas at 3 gwei.
    world.chain.balance = 177_300n * 3_000_000_000n + 1n;
    await world.add(1, 2);
    for (let step = 0; step < 3; step += 1) await world.step('lane');
    expect(world.chain.pendingHashes()).toHaveLength(1);
    expect(world.alarms().filter((it) => it.includes('does not cover'))).toHaveLength(1);
    expect((await world.lanes.status())[0]?.why?.code).toBe('insufficient_funds');
    world.chain.balance = 10n ** 20n;
    await world.rounds(3);
    expect(await Promise.all([1, 2].map(world.toy))).toEqual(['done', 'done']);
    expect((await world.lanes.status())[0]?.why).toBeNull();
  });

  test('an alarm sounds while the balance still covers some transactions, and ends when it is filled', async () => {
    const world = await createWorld({ network: { batchCount: 1 } });
    // One transaction may cost 177,300 gas at 3 gwei: ten of them are covered.
    world.chain.balance = 10n * 177_300n * 3_000_000_000n;
    await world.add(1);
    await world.rounds(3);
    expect(await world.toy(1)).toBe('done');
    expect(world.alarms().filter((it) => it.includes('lasts for fewer than 20'))).toHaveLength(1);
    world.chain.balance = 10n ** 20n;
    await world.add(2);
    await world.rounds(3);
    expect(world.alarms().filter((it) => it.includes('lasts for fewer than 20'))).toHaveLength(1);
    expect(world.lines.some((it) => it.message === 'alarm ended')).toBe(true);
  });

  test('above the fee ceiling nothing is signed until it falls', async () => {
    const world = await createWorld({ network: { maxFeeWei: 5_000_000_000n } });
    world.chain.baseFee = 6_000_000_000n;
    await world.add(1);
    await world.step('lane');
    expect(await world.transaction(0)).toEqual({ phase: 'none' });
    expect((await world.lanes.status())[0]?.why?.code).toBe('fee_ceiling');
    world.chain.baseFee = 4_000_000_000n;
    await world.rounds(2);
    expect(await world.toy(1)).toBe('done');
  });

  test('bytes that the signer altered are not used', async () => {
    const world = await createWorld({
      network: {
        signer: {
          address: SIGNER,
          kind: 'local',
          sign: ({ nonce }) => signOutside(nonce, VAULT, '0x12'),
        },
      },
    });
    await world.add(1);
    await world.step('lane');
    expect((await world.work(toyId(1)))?.lastError?.message).toMatch(/differs from the request/);
    expect(await world.transaction(0)).toEqual({ phase: 'none' });
    expect(world.chain.sent).toEqual([]);
  });

  test('a batch that its feature refuses goes on one by one, without the cause', async () => {
    const world = await createWorld();
    const signed = world.feature.signed.bind(world.feature);
    Object.assign(world.feature, {
      signed: async (...args: Parameters<typeof signed>) => {
        if (args[0].operations.some(({ id }) => id === toyId(2))) throw new Error('poisoned');
        return signed(...args);
      },
    });
    await world.add(1, 2, 3);
    await world.step('lane');
    expect(world.chain.sent).toEqual([]);
    world.nowMs += 1_000;
    await world.rounds(2);
    expect(await Promise.all([1, 2, 3].map(world.toy))).toEqual(['done', 'ready', 'done']);
    expect((await world.work(toyId(2)))?.lastError).toMatchObject({ code: 'sign_refused' });
  });

  test('a nonce below ours that nothing was signed for is filled', async () => {
    const world = await createWorld();
    await world.add(1);
    await world.step('lane');
    const first = await world.transaction(0);
    if (first.phase === 'none') throw new Error('nothing was signed');
    const { variants, phase: _, ...signed } = first;
    const data = { ...signed, nonce: 2, purpose: 'fill', kind: null, vault: null, operations: [] } as const;
    const { raw, hash } = await signOutside(2, SIGNER, '0x');
    const variant = { ...variants[0], body: 'fill', to: SIGNER, data: '0x', raw, hash } as const;
    const loaded = await world.ledger.load(transactionKind, `${LANE}/2`);
    const event = { type: 'TransactionSigned', data: { ...data, variant } } as const;
    await world.ledger.commit({
      changes: [change(transactionKind, loaded, [event])],
      metadata: { actor: 'test' },
    });
    world.nowMs += 61_000;
    await world.rounds(6);
    expect(await world.transaction(1)).toMatchObject({ phase: 'final', outcome: 'filled' });
    expect(await world.transaction(2)).toMatchObject({ phase: 'final', outcome: 'filled' });
  });

  test('a network without an answer pauses as a whole', async () => {
    const world = await createWorld({ chain: createTestChain({ chainId: CHAIN_ID, endpoints: 2 }) });
    await world.add(1);
    world.chain.down = true;
    await expect(world.step('lane')).rejects.toMatchObject({
      name: 'DependencyDown',
      dependency: 'chain:base',
    });
  });

  test('events after which something is ready wake the lane, many of them once', async () => {
    const world = await createWorld();
    world.wakes.length = 0;
    await world.add(1, 2, 3);
    for (const task of world.timersDue.splice(0)) task();
    expect(world.wakes).toEqual([LANE]);
  });
});
