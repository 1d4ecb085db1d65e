import type { Hex } from 'viem';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Alteration, CallAction, Rule } from '../../src/sandbox/alpaca/script.ts';
import { answers, quirks } from '../../src/sandbox/alpaca/quirks.ts';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { expectInvariants } from './invariants.ts';
import type { OperationOnWire, World } from './world.ts';
import { startWorld, within } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  world.partners.alpaca.script.clear();
  await world.mint('10');
});
afterAll(async () => {
  await world.stop();
});

function script(...rules: readonly Rule[]): void {
  world.partners.alpaca.script.add(...rules);
}

/** Sends tokens back and waits until their redemption is in this state. */
async function redeem(amount: string, state: string): Promise<OperationOnWire> {
  return completed(await world.sendBack(amount), state);
}

function completed(hash: Hex, state = 'completed'): Promise<OperationOnWire> {
  return world.operation(`kind=redemption&tx_hash=${hash}`, (it) => it.state === state);
}

/** The different redeem calls about this redemption, with their keys: a repeat must be the same byte for byte. */
function bodiesFor(id: string): ReadonlySet<string> {
  const calls = world.partners.alpaca.calls('callback_redeem').filter((it) => it.rawBody.includes(id));
  return new Set(calls.map((it) => `${it.rawBody} ${String(it.headers['idempotency-key'])}`));
}

/** What Alpaca made of the redeem calls about this redemption. */
function requestsFor(id: string): number {
  return world.partners.alpaca.state.requests.filter((it) => it.issuerRequestId === id).length;
}

const LOST: readonly (readonly [string, CallAction])[] = [
  ['cut off after it was applied', { reply: 'drop' }],
  ['200 without JSON after it was applied', { reply: answers.notJson }],
  ['200 without a body after it was applied', { reply: answers.empty }],
  ['500 after it was applied', { reply: answers.serverError }],
  ['404 after it was applied', { reply: answers.notFound }],
  ['cut off before it was applied', { act: false, reply: 'drop' }],
  ['503 before it was applied', { act: false, reply: answers.unavailable }],
  ['403 before it was applied', { act: false, reply: answers.forbidden }],
];

const HARMLESS: Readonly<Record<string, Alteration>> = {
  txHashEmpty: quirks.txHashEmpty,
  txHashNull: quirks.txHashNull,
  txHashAbsent: quirks.txHashAbsent,
  tokenSymbolEmpty: quirks.tokenSymbolEmpty,
  networkAbsent: quirks.networkAbsent,
  typeAbsent: quirks.typeAbsent,
  walletAddressAbsent: quirks.walletAddressAbsent,
  feesDecimalZero: quirks.feesDecimalZero,
  feesCent: quirks.feesCent,
  feesNull: quirks.feesNull,
  feesAbsent: quirks.feesAbsent,
};

/** An amount that tells the cases of one test apart. */
function amountOf(number: number): string {
  return `0.25${String(number + 1)}`;
}

describe('a redeem call', () => {
  test('is journaled and burned once, whatever became of its answer', async () => {
    const hashes: Hex[] = [];
    for (const [, action] of LOST) {
      // By the call's body, since a repeat after the first failure must find no rule.
      const number = hashes.length;
      script({
        endpoint: 'callback_redeem',
        when: (call) => call.rawBody.includes(amountOf(number)),
        do: action,
      });
      hashes.push(await world.sendBack(amountOf(number)));
    }
    for (const [number, hash] of hashes.entries()) {
      const done = await completed(hash);
      expect([LOST[number]?.[0], done.burned, requestsFor(done.id)]).toEqual([
        LOST[number]?.[0],
        amountOf(number),
        1,
      ]);
      expect(bodiesFor(done.id).size).toBe(1);
    }
    await expectInvariants(world);
  });

  test('whose answer is lost, and whose request is found only later, is not given up', async () => {
    script(
      { endpoint: 'callback_redeem', do: { reply: 'drop' } },
      { endpoint: 'find_request', do: { act: false, reply: answers.notFound } },
    );
    const done = await redeem('1', 'completed');
    await expectInvariants(world);
    expect(requestsFor(done.id)).toBe(1);
    expect(bodiesFor(done.id).size).toBe(1);
  });
});

test('a mint callback completes its mint once, whatever became of its answer', async () => {
  const { alpaca } = world.partners;
  const ids: string[] = [];
  for (const [number, [, action]] of LOST.entries()) {
    const { id } = await world.orderMint(amountOf(number));
    ids.push(id);
    script({ endpoint: 'callback_mint', when: (call) => call.rawBody.includes(id), do: action });
  }
  await within(Promise.all(ids.map((id) => alpaca.mintCompleted(id))), 'all mints to complete');
  await expectInvariants(world);
  const states = await Promise.all(ids.map((id) => world.operations(`tokenization_request_id=${id}`)));
  expect(states.flat().map((it) => it.state)).toEqual(ids.map(() => 'completed'));
});

describe('answers of Alpaca with quirks', () => {
  test('are understood, one after another', async () => {
    for (const [name, alter] of Object.entries(HARMLESS)) {
      world.partners.alpaca.script.clear();
      script(
        { endpoint: 'callback_redeem', times: 'always', do: { alter } },
        { endpoint: 'get_request', times: 'always', do: { alter } },
        { endpoint: 'find_request', times: 'always', do: { alter } },
      );
      expect([name, (await redeem('0.5', 'completed')).burned]).toEqual([name, '0.5']);
    }
    await expectInvariants(world);
  });

  test('of a status unknown, and then of another request, are not taken for an end', async () => {
    script(
      { endpoint: 'get_request', times: 2, do: { alter: quirks.unknownStatus } },
      { endpoint: 'get_request', times: 2, do: { alter: quirks.wrongId } },
    );
    const before = world.partners.alpaca.calls('get_request').length;
    expect(await redeem('0.5', 'completed')).toMatchObject({ burned: '0.5' });
    await expectInvariants(world);
    expect(world.partners.alpaca.calls('get_request').length).toBeGreaterThanOrEqual(before + 5);
  });
});

test('a rejected redemption burns nothing, and its tokens are kept apart', async () => {
  const before = await world.totalSupply();
  script({ endpoint: 'redeem_journal', do: { outcome: { reject: 'account is restricted' } } });
  const rejected = await redeem('3.00000000000000004', 'rejected');
  await expectInvariants(world);
  expect(rejected).toMatchObject({ burned: '0', qty: '3', waiting_for: 'operator' });
  expect(await world.operations('stuck=true')).toMatchObject([{ id: rejected.id }]);
  expect(await world.totalSupply()).toBe(before);
  expect(await world.balance(world.partners.issuerAddress)).toBe(parseQuantity('3.00000000000000004'));

  // What is owed to its sender is not what another redemption burns.
  expect(await redeem('1', 'completed')).toMatchObject({ burned: '1' });
  await expectInvariants(world);
  expect(await world.balance(world.partners.issuerAddress)).toBe(parseQuantity('3.00000000000000004'));
});

test('a redemption of which Alpaca journaled something else is held, not burned', async () => {
  script({ endpoint: 'get_request', times: 'always', do: { alter: quirks.wrongQty } });
  const held = await redeem('2', 'held');
  await within(world.issuer().waitForLine(held.id), 'a line about it');
  expect(String(held['reason'])).toContain('999999.5');
  await expectInvariants(world, { open: [held.id] });
});
