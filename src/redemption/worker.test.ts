import { describe, expect, test } from 'vitest';
import type { PinnedRpc } from '../chain/rpc/types.ts';
import { DependencyDown } from '../engine/dependency-down.ts';
import { anyKind } from '../event-store/create-ledger.ts';
import { GuardConflict } from '../event-store/errors.ts';
import { change } from '../event-store/ledger.ts';
import { RpcFailure } from '../primitives/failures.ts';
import type { TestWorld } from '../operation/test-ledger.ts';
import {
  notFound,
  openTestLedger,
  record,
  refused,
  testAlpaca,
  testCatalog,
  testDirectory,
  unclear,
} from '../operation/test-ledger.ts';
import { PROMISE_TABLE } from '../receipt/receipt-kind.ts';
import { SPLIT_TABLE } from '../receipt/splits.ts';
import { testSplits } from '../receipt/test-splits.ts';
import { placed, transferLog } from '../vault/log-samples.ts';
import { OWED_TABLE, redemptionKind } from './redemption-kind.ts';
import {
  detected,
  promised,
  REDEMPTION,
  requested,
  SENDER,
  SIGNER,
  TOKEN,
  transfer,
  unowned,
  VAULT,
} from './samples.ts';
import type { RedemptionEvent } from './state.ts';
import { owedShares, wakeRedemptions } from './waiting.ts';
import { createRedemptionWorker } from './worker.ts';

async function open(...events: readonly RedemptionEvent[]) {
  const opened = await openTestLedger([anyKind(redemptionKind)], [PROMISE_TABLE, OWED_TABLE, SPLIT_TABLE]);
  const { ledger, clock, store, work, types } = opened;
  const world: TestWorld = {
    owners: { [SENDER]: 'client-1' },
    ownersThen: null,
    linked: true,
    unavailable: null,
    frozen: 'none',
  };
  const loaded = await ledger.load(redemptionKind, REDEMPTION);
  await ledger.commit({ changes: [change(redemptionKind, loaded, events)], metadata: { actor: 'test' } });
  const alpaca = testAlpaca();
  const stock = { available: 5n * TOKEN, expected: 0, keyless: false };
  const asset = { ...transfer };
  const { splits, told } = testSplits();
  const chain = { hash: transfer.blockHash, logs: [transferLog(VAULT, SENDER, SIGNER, transfer.amount)] };
  const node = {
    getBlock: async () => ({ hash: chain.hash }),
    getTransactionReceipt: async () => {
      const placedLogs = placed(chain.logs);
      const { blockNumber, blockHash } = transfer;
      return placedLogs.length === 0 ? null : { blockNumber, blockHash, logs: placedLogs };
    },
  } as unknown as PinnedRpc;
  const worker = createRedemptionWorker({
    ledger,
    desk: { cancel: async () => {}, forgotten: async () => null, isQuarantined: async () => false },
    clock,
    alpaca: alpaca.client,
    directory: testDirectory(world),
    catalog: testCatalog(world, asset),
    inventory: {
      available: async () => ({
        available: stock.available,
        guard: { name: 'inventory:test', expected: stock.expected },
      }),
    },
    splits,
    rpcOf: () => ({ pinned: () => node }),
    standing: () => ({ kind: stock.keyless ? 'no_key' : 'in_charge' }),
    transfers: { open: () => Promise.reject(new Error('nothing is handed over')) },
  });
  return {
    ledger,
    store,
    clock,
    world,
    alpaca,
    stock,
    told,
    chain,
    work: () => work(REDEMPTION),
    added: async () => (await types(`redemption/${REDEMPTION}`)).slice(events.length),
    calls: () => alpaca.asked.map((it) => it.call),
    step: async () => {
      const row = await work(REDEMPTION);
      if (row === null) throw new Error('no work');
      return worker.step(row);
    },
  };
}

const ours = { issuerRequestId: REDEMPTION, quantity: 5n * TOKEN, underlying: 'AAPL', token: 'tAAPL' };

describe('a detected redemption', () => {
  test('is promised with its exact call and guard, then asked for', async () => {
    const { step, alpaca, added, store, calls } = await open(detected);
    alpaca.answer('redeem', record(ours));
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await added()).toEqual(['RedeemPromised', 'RedemptionRequested']);
    expect(calls()).toEqual(['redeem']);
    expect(await store.guard('inventory:test')).toBe(1);
    const [row] = await store.find({ table: 'promise', limit: 1 });
    expect(row).toMatchObject({ redemption_id: REDEMPTION, shares: 5n * TOKEN });
    const body = JSON.parse(alpaca.asked[0]?.args[0] as string) as unknown;
    expect(body).toMatchObject({ issuerRequestId: REDEMPTION, wallet: SENDER, clientId: 'client-1' });
  });

  test.each([
    ['a reorg took away', (chain: { logs: unknown[] }) => chain.logs.splice(0)],
    ['stands in a block that was replaced', (chain: { hash: string }) => (chain.hash = '0xb7')],
    [
      'became another in a reorg',
      (chain: { logs: unknown[] }) => chain.logs.splice(0, 1, transferLog(VAULT, SENDER, SIGNER, 1n)),
    ],
  ])('whose transfer %s is not brought before Alpaca while that lasts', async (_name, breakChain) => {
    const { step, chain, alpaca, added } = await open(detected);
    const before = structuredClone(chain);
    breakChain(chain);
    expect(await step()).toMatchObject({ kind: 'failed', error: { code: 'transfer_not_on_chain' } });
    expect(alpaca.asked).toEqual([]);
    expect(await added()).toEqual([]);
    Object.assign(chain, before);
    alpaca.answer('redeem', record(ours));
    expect(await step()).toEqual({ kind: 'advanced' });
  });

  test('is not asked for when somebody else took the inventory meanwhile', async () => {
    const { step, stock, alpaca, added } = await open(detected);
    stock.expected = 3;
    await expect(step()).rejects.toBeInstanceOf(GuardConflict);
    expect(alpaca.asked).toEqual([]);
    expect(await added()).toEqual([]);
  });

  test.each([
    ['receipts_short', { available: 5n * TOKEN - 1n }, {}],
    ['frozen', {}, { frozen: 'new' }],
    ['frozen', {}, { frozen: 'all' }],
  ] as const)('waits with the reason %s, noted once', async (reason, change, worldChange) => {
    const { step, stock, world, added, work, alpaca } = await open(detected);
    Object.assign(stock, change);
    Object.assign(world, worldChange);
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await step()).toMatchObject({ kind: 'later' });
    expect(await added()).toEqual(['RedemptionWaiting']);
    expect(await work()).toMatchObject({ phase: 'detected', waitingFor: reason });
    expect(alpaca.asked).toEqual([]);
    Object.assign(stock, { available: 5n * TOKEN });
    world.frozen = 'none';
    alpaca.answer('redeem', record(ours));
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await work()).toMatchObject({ phase: 'requested', waitingFor: null });
  });

  test('whose tokens lie with a signer without a key is held, and says what to do', async () => {
    const { step, stock, added, work, alpaca, ledger } = await open(detected);
    stock.keyless = true;
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await added()).toEqual(['RedemptionHeld']);
    expect(await work()).toMatchObject({ phase: 'held', waitingFor: 'operator' });
    const { state } = await ledger.load(redemptionKind, REDEMPTION);
    expect(state).toMatchObject({ why: expect.stringContaining('RETIRED_SIGNERS') });
    expect(alpaca.asked).toEqual([]);
  });

  test('is not promised when it cannot be told whether the underlying is frozen', async () => {
    const { step, world, added } = await open(detected);
    world.frozen = 'unknown';
    await expect(step()).rejects.toThrow(/holds cannot be read/);
    expect(await added()).toEqual([]);
  });

  test('of an unknown wallet waits until it is linked', async () => {
    const { step, world, work, store, clock, added } = await open(unowned);
    world.owners = {};
    await step();
    expect(await work()).toMatchObject({ waitingFor: 'wallet_unknown' });
    world.owners = { [SENDER]: 'client-1' };
    world.ownersThen = {};
    clock.advance(5);
    expect(await wakeRedemptions({ store, clock }, 'wallet_unknown', transfer.holder)).toBe(0);
    expect(await wakeRedemptions({ store, clock }, 'wallet_unknown', SENDER)).toBe(1);
    expect(await work()).toMatchObject({ dueMs: clock.nowMs() });
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await added()).toEqual(['RedemptionWaiting', 'OwnerBound']);
  });

  test("goes to the wallet's owner at the time of the block", async () => {
    const { step, world, added } = await open(unowned);
    world.owners = {};
    world.ownersThen = { [SENDER]: 'client-1' };
    await step();
    expect(await added()).toEqual(['OwnerBound']);
  });

  test('is held when the wallet is another client’s by now, and goes on when it is nobody’s', async () => {
    const changed = await open(detected);
    changed.world.owners = { [SENDER]: 'client-2' };
    await changed.step();
    expect(await changed.added()).toEqual(['RedemptionHeld']);
    const gone = await open(detected);
    gone.world.owners = {};
    gone.alpaca.answer('redeem', record(ours));
    await gone.step();
    expect(await gone.added()).toEqual(['RedeemPromised', 'RedemptionRequested']);
  });
});

describe('a vault that split since the tokens came', () => {
  test('is not asked for at Alpaca: a person judges the quantity', async () => {
    const { step, told, added, alpaca, store } = await open(detected);
    told.count = 1n;
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await added()).toEqual(['RedemptionHeld']);
    expect(alpaca.asked).toEqual([]);
    expect(await store.count({ table: 'promise' })).toBe(0);
    expect(await store.find({ table: 'split_count', limit: 9 })).toMatchObject([{ count: 1n }]);
  });

  test('is looked for only when a node tells of a block that is late enough', async () => {
    const { step, told, added } = await open(detected);
    Object.assign(told, { count: 1n, blockNumber: 4n });
    expect(await step()).toMatchObject({ kind: 'failed', error: { code: 'node_behind' } });
    told.failure = new RpcFailure('gone', { kind: 'unreachable', method: 'eth_call' });
    await expect(step()).rejects.toMatchObject({ dependency: 'chain:base' });
    expect(await added()).toEqual([]);
  });
});

describe('a redeem call', () => {
  test('whose answer was lost is looked up before anything is sent', async () => {
    const { step, alpaca, added, calls } = await open(detected);
    alpaca.answer('redeem', new DependencyDown('alpaca', 'no answer'));
    await expect(step()).rejects.toBeInstanceOf(DependencyDown);
    expect(await added()).toEqual(['RedeemPromised']);
    alpaca.answer('findByIssuerRequestId', record(ours));
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(calls()).toEqual(['redeem', 'findByIssuerRequestId']);
    expect(await added()).toEqual(['RedeemPromised', 'RedemptionRequested']);
  });

  test('that Alpaca does not know is sent again, the very same bytes under the same key', async () => {
    const { step, alpaca } = await open(detected);
    alpaca.answer('redeem', new DependencyDown('alpaca', 'no answer'), record(ours));
    await expect(step()).rejects.toBeInstanceOf(DependencyDown);
    alpaca.answer('findByIssuerRequestId', notFound);
    await step();
    const sent = alpaca.asked.filter((it) => it.call === 'redeem').map((it) => it.args);
    expect(sent).toHaveLength(2);
    expect(sent[1]).toEqual(sent[0]);
  });

  test.each([
    ['refused', refused('issuer_request_id already used')],
    ['answered with what cannot be read', unclear],
  ])('that was %s and was applied is found', async (_name, answer) => {
    const { step, alpaca, added } = await open(detected);
    alpaca.answer('redeem', answer);
    alpaca.answer('findByIssuerRequestId', record(ours));
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await added()).toEqual(['RedeemPromised', 'RedemptionRequested']);
  });

  test('that is refused for good waits with the text, keeps its promise, and never ends by itself', async () => {
    const { step, alpaca, added, work, store } = await open(detected, promised);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      alpaca.answer('findByIssuerRequestId', notFound, notFound);
      alpaca.answer('redeem', refused('client is not eligible', 403));
      expect(await step()).toMatchObject({
        kind: 'failed',
        error: { code: 'redeem_refused', message: 'client is not eligible (40410000)', status: 403 },
      });
    }
    expect(await added()).toEqual([]);
    expect(await work()).toMatchObject({ phase: 'detected' });
    expect(await store.count({ table: 'promise' })).toBe(1);
  });

  test.each([
    ['quantity', { quantity: 4n * TOKEN }],
    ['symbol', { underlying: 'MSFT' }],
    ['token', { token: 'tMSFT' }],
    ['id', { issuerRequestId: 'another' }],
    ['type', { type: 'mint' }],
    ['network', { network: 'ethereum' }],
  ])('echoed with another %s is held, and Alpaca’s id is kept', async (_name, change) => {
    const { step, alpaca, added, store } = await open(detected);
    alpaca.answer('redeem', record({ ...ours, ...change }));
    await step();
    expect(await added()).toEqual(['RedeemPromised', 'RedemptionRequested', 'RedemptionHeld']);
    const [row] = await store.find({ table: 'operation', limit: 1 });
    expect(row).toMatchObject({ state: 'held', tokenization_request_id: 'tkr-1' });
  });
});

describe('polling a journal', () => {
  const open3 = () => open(detected, promised, requested);

  test.each([
    ['pending', record({ ...ours, status: 'pending' })],
    ['a status that nobody knows', record({ ...ours, status: 'pending', statusText: 'reviewing' })],
  ])('goes on while it is %s', async (_name, answer) => {
    const { step, alpaca, added } = await open3();
    alpaca.answer('getRequest', answer);
    expect(await step()).toEqual({ kind: 'poll', firstMs: 250, longestMs: 30_000 });
    expect(await added()).toEqual([]);
  });

  test('goes on when Alpaca does not find it, by either id', async () => {
    const { step, alpaca, calls } = await open3();
    alpaca.answer('getRequest', notFound);
    alpaca.answer('findByIssuerRequestId', notFound);
    expect(await step()).toMatchObject({ kind: 'poll' });
    expect(calls()).toEqual(['getRequest', 'findByIssuerRequestId']);
  });

  test('completed makes it ready for its lane, also when found by our id only', async () => {
    const { step, alpaca, added, work } = await open3();
    alpaca.answer('getRequest', notFound);
    alpaca.answer('findByIssuerRequestId', record({ ...ours, status: 'completed', fees: '0.01' }));
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await added()).toEqual(['RedemptionJournaled']);
    expect(await work()).toMatchObject({ phase: 'journaled', lane: `8453/${transfer.holder}` });
  });

  test('rejected ends it and frees the promise; the tokens stay owed', async () => {
    const { step, alpaca, added, work, store } = await open3();
    alpaca.answer('getRequest', record({ ...ours, status: 'rejected' }));
    await step();
    expect(await added()).toEqual(['RedemptionRejected']);
    expect(await work()).toMatchObject({ phase: 'rejected', waitingFor: 'operator', dueMs: null });
    expect(await store.count({ table: 'promise' })).toBe(0);
    expect(await owedShares(store, 8453, transfer.vault)).toBe(transfer.amount);
  });

  test('completed for another quantity burns nothing', async () => {
    const { step, alpaca, added } = await open3();
    alpaca.answer('getRequest', record({ ...ours, status: 'completed', quantity: TOKEN }));
    await step();
    expect(await added()).toEqual(['RedemptionHeld']);
  });

  test('of another request says nothing', async () => {
    const { step, alpaca, added } = await open3();
    alpaca.answer('getRequest', record({ ...ours, tokenizationRequestId: 'tkr-2', status: 'completed' }));
    expect(await step()).toMatchObject({ kind: 'failed', error: { code: 'poll_other' } });
    alpaca.answer('getRequest', refused('forbidden for this account', 403));
    expect(await step()).toMatchObject({ kind: 'failed', error: { code: 'poll_refused', status: 403 } });
    expect(await added()).toEqual([]);
  });
});
