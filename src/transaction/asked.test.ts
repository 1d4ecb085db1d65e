import { afterEach, describe, expect, test } from 'vitest';
import { DependencyDown } from '../engine/dependency-down.ts';
import { change } from '../event-store/ledger.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { UnsignedTransaction } from '../signer/signer.ts';
import { SigningPending } from '../signer/signer.ts';
import { SIGNING_REQUEST_TABLE } from './asked.ts';
import { createTestChain, type TestChain } from './test-chain.ts';
import { toyKind } from './test-feature.ts';
import type { World } from './test-world.ts';
import { CHAIN_ID, createWorld, LANE, signer, toyId } from './test-world.ts';

/** A custodian that answers as it is told, and remembers what it was asked. */
function custodian() {
  const questions: (UnsignedTransaction & { readonly askedMs: number })[] = [];
  const held = {
    questions,
    onAsked: () => Promise.resolve(),
    answer: 'sign' as 'sign' | 'pending' | 'down' | 'refuse',
    signer: {
      address: signer.address,
      kind: 'turnkey' as const,
      async sign(unsigned: UnsignedTransaction, ask: { readonly askedMs: number }) {
        questions.push({ ...unsigned, ...ask });
        await held.onAsked();
        switch (held.answer) {
          case 'pending':
            throw new SigningPending('activity 1 waits for people', { activity: '1' });
          case 'down':
            throw new DependencyDown('signer:turnkey', 'Turnkey answered 503');
          case 'refuse':
            throw new IssuanceError('signing_refused', 'policy says no');
          default:
            return signer.sign(unsigned, ask);
        }
      },
    },
  };
  return held;
}

const worlds: World[] = [];

async function worldOf(
  held: ReturnType<typeof custodian>,
  more: { readonly chain?: TestChain; readonly path?: string } = {},
): Promise<World> {
  const world = await createWorld({ network: { signer: held.signer, batchCount: 4 }, ...more });
  worlds.push(world);
  return world;
}

const open = (world: World) => world.store.find({ table: SIGNING_REQUEST_TABLE.name, limit: 10 });

/** Moves past every pause that a row may have been given. */
async function later(world: World): Promise<void> {
  world.nowMs += 60_000;
  await world.step('lane');
}

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((it) => it.store.close()));
});

describe('while a custodian has not decided', () => {
  test('the same is asked again, although fees moved and more became ready', async () => {
    const held = custodian();
    held.answer = 'pending';
    const world = await worldOf(held);
    await world.add(1, 2);
    await world.step('lane');
    expect(held.questions).toHaveLength(1);
    await world.add(3);
    // Alone it could be signed at once, and would take the nonce that was asked about.
    await world.step('lane');
    expect(held.questions).toHaveLength(1);
    world.chain.baseFee *= 3n;
    await later(world);
    await later(world);
    expect(held.questions.length).toBeGreaterThanOrEqual(2);
    expect(new Set(held.questions.map((it) => JSON.stringify(it, (_, v: unknown) => String(v)))).size).toBe(
      1,
    );
    expect(
      held.questions.every((it, _, [first]) => it.data === first?.data && it.askedMs === first.askedMs),
    ).toBe(true);
    expect(held.questions.every((it, _, [first]) => it.maxFeePerGas === first?.maxFeePerGas)).toBe(true);
  });

  test('nothing is sent, and lane and operations say what they wait for', async () => {
    const held = custodian();
    held.answer = 'pending';
    const world = await worldOf(held);
    await world.add(1);
    await world.step('lane');
    expect(world.chain.sent).toEqual([]);
    expect((await world.work(toyId(1)))?.lastError).toMatchObject({
      code: 'signing_pending',
      message: 'activity 1 waits for people',
    });
    expect((await world.lanes.status())[0]?.why).toMatchObject({ code: 'signing_pending' });
  });

  test('its answer is committed and sent, the question is forgotten, and what came later follows', async () => {
    const held = custodian();
    held.answer = 'pending';
    const world = await worldOf(held);
    await world.add(1, 2);
    await world.step('lane');
    await world.add(3);
    held.answer = 'sign';
    await later(world);
    expect(await world.toy(1)).toBe('signed');
    expect(await open(world)).toEqual([]);
    await world.rounds(8);
    expect(await Promise.all([1, 2, 3].map((n) => world.toy(n)))).toEqual(['done', 'done', 'done']);
    expect(world.alarms()).toEqual([]);
  });

  test('another process on the same database asks the same', async () => {
    const held = custodian();
    held.answer = 'pending';
    const chain = createTestChain({ chainId: CHAIN_ID });
    const first = await worldOf(held, { chain });
    await first.add(1);
    await first.step('lane');
    const [row] = await open(first);
    expect(row).toMatchObject({ nonce: 0, ordinal: 0, asked_ms: held.questions[0]?.askedMs });
    expect(row?.['operation_ids']).toEqual([toyId(1)]);
  });

  test('many that wait longer, and come due meanwhile, do not keep it from being asked again', async () => {
    const held = custodian();
    held.answer = 'pending';
    const world = await worldOf(held);
    const older = Array.from({ length: 20 }, (_, at) => at + 1);
    await world.add(...older);
    for (const n of older) world.blocked.add(toyId(n));
    // All of them are stopped; then one comes that is not.
    await world.step('lane');
    await world.step('lane');
    world.nowMs += 1;
    await world.add(21);
    await world.step('lane');
    expect(held.questions).toHaveLength(1);
    world.blocked.clear();
    held.answer = 'sign';
    await later(world);
    expect(await world.toy(21)).toBe('signed');
  });

  test('the lane looks again when the same can be asked again, whatever else is due', async () => {
    const held = custodian();
    held.answer = 'pending';
    const world = await worldOf(held);
    await world.add(1, 2);
    await world.step('lane');
    await world.add(3);
    const lane = world.lanes.workers.find((it) => it.kind === 'lane');
    const row = await world.work(LANE);
    if (lane === undefined || row === null) throw new Error('there is no lane');
    const due = (await world.work(toyId(1)))?.dueMs ?? 0;
    expect(await lane.step(row)).toEqual({ kind: 'later', delayMs: due - world.nowMs });
    expect((await world.lanes.status())[0]?.why).toMatchObject({ code: 'signing_pending' });
  });

  test('one that cannot be signed any more does not keep the others waiting', async () => {
    const held = custodian();
    held.answer = 'pending';
    const world = await worldOf(held);
    await world.add(1);
    await world.step('lane');
    world.blocked.add(toyId(1));
    held.answer = 'sign';
    await later(world);
    await world.add(2);
    await world.step('lane');
    expect(await world.toy(2)).toBe('signed');
    expect(await open(world)).toEqual([]);
  });

  test('an operation that moved on makes it another question', async () => {
    const held = custodian();
    held.answer = 'pending';
    const world = await worldOf(held);
    await world.add(1, 2);
    await world.step('lane');
    world.blocked.add(toyId(2));
    await later(world);
    const [before, ...after] = held.questions;
    expect(after.length).toBeGreaterThan(0);
    expect(after.at(-1)?.data).not.toBe(before?.data);
    expect(await open(world)).toHaveLength(1);
  });
});

test('a custodian that does not serve is asked the same when it does', async () => {
  const held = custodian();
  held.answer = 'down';
  const world = await worldOf(held);
  await world.add(1);
  await expect(world.step('lane')).rejects.toBeInstanceOf(DependencyDown);
  held.answer = 'sign';
  world.chain.baseFee *= 2n;
  await later(world);
  expect(held.questions).toHaveLength(2);
  expect(held.questions[1]).toEqual(held.questions[0]);
  expect(await world.toy(1)).toBe('signed');
});

test('a refusal ends the question: what is asked next is another one', async () => {
  const held = custodian();
  held.answer = 'refuse';
  const world = await worldOf(held);
  await world.add(1);
  await world.step('lane');
  expect(await open(world)).toEqual([]);
  expect((await world.work(toyId(1)))?.lastError?.message).toContain('policy says no');
  await later(world);
  expect(held.questions[1]?.askedMs).not.toBe(held.questions[0]?.askedMs);
});

test('the question is committed before it leaves', async () => {
  const held = custodian();
  const world = await worldOf(held);
  const seen: number[] = [];
  held.onAsked = async () => {
    seen.push((await open(world)).length);
  };
  await world.add(1);
  await world.step('lane');
  expect(seen).toEqual([1]);
  expect(await open(world)).toEqual([]);
});

test('a raise that people have to approve waits, and the same raise is asked again', async () => {
  const held = custodian();
  const world = await worldOf(held);
  await world.add(1);
  await world.step('lane');
  held.answer = 'pending';
  world.chain.baseFee *= 4n;
  world.nowMs += 31_000;
  await world.step('transaction');
  world.chain.baseFee *= 2n;
  world.nowMs += 31_000;
  await world.step('transaction');
  const [, raise, again] = held.questions;
  expect(raise?.maxFeePerGas).toBeGreaterThan(held.questions[0]?.maxFeePerGas ?? 0n);
  expect(again).toEqual(raise);
  held.answer = 'sign';
  world.nowMs += 31_000;
  await world.step('transaction');
  expect(world.chain.sent.length).toBeGreaterThanOrEqual(2);
  await world.rounds(6);
  expect(await world.toy(1)).toBe('done');
});

test('a signer that signs nothing is told of as long as something waits for it', async () => {
  const held = custodian();
  held.answer = 'refuse';
  const world = await worldOf(held);
  const why = async () => (await world.lanes.status())[0]?.why ?? null;
  await world.add(1);
  await world.step('lane');
  await world.step('lane');
  expect(await why()).toMatchObject({ code: 'sign_refused', message: 'signing_refused: policy says no' });
  held.answer = 'sign';
  await later(world);
  expect(await world.toy(1)).toBe('signed');
  await world.step('lane');
  expect(await why()).toBeNull();
});

test('a refusal is not told of once nothing waits for the signer any more', async () => {
  const held = custodian();
  held.answer = 'refuse';
  const world = await worldOf(held);
  await world.add(1);
  await world.step('lane');
  const loaded = await world.ledger.load(toyKind, toyId(1));
  const event = { type: 'ToyHeld', data: { why: 'somebody holds it' } } as const;
  await world.ledger.commit({ changes: [change(toyKind, loaded, [event])], metadata: { actor: 'test' } });
  await later(world);
  expect((await world.lanes.status())[0]?.why).toBeNull();
});
