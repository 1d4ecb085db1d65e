import type { Hex } from 'viem';
import { describe, expect, test } from 'vitest';
import type { TransactionReceipt } from '../chain/rpc/types.ts';
import { anyKind } from '../event-store/create-ledger.ts';
import type { Change } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import type { TestWorld } from '../operation/test-ledger.ts';
import { openTestLedger, testCatalog } from '../operation/test-ledger.ts';
import { createInventory } from '../receipt/inventory.ts';
import type { ReceiptEvent } from '../receipt/receipt.ts';
import { receiptKind, receiptStreamId, RECEIPT_TABLES } from '../receipt/receipt-kind.ts';
import { testSplits } from '../receipt/test-splits.ts';
import type { Plan, PlanResult, SignedTransaction } from '../transaction/lane-feature.ts';
import type { LogBody } from '../vault/log-samples.ts';
import { placed, transferLog, withdrawLogs } from '../vault/log-samples.ts';
import { createRedemptionLane } from './lane.ts';
import { OWED_TABLE, redemptionKind } from './redemption-kind.ts';
import { detected, DUST, REDEMPTION, SENDER, SIGNER, toJournal, TOKEN, transfer, VAULT } from './samples.ts';
import type { RedemptionEvent } from './state.ts';

const SECOND = '6b0f0b2e-0000-5000-8000-00000000000b';
const RECEIPT = '0x00000000000000000000000000000000000000ee';
const lane = { lane: `8453/${SIGNER}`, network: 'base', chainId: 8453, signer: SIGNER } as const;

async function open(stock: readonly bigint[], ...ids: readonly string[]) {
  const opened = await openTestLedger(
    [anyKind(redemptionKind), anyKind(receiptKind)],
    [...RECEIPT_TABLES, OWED_TABLE],
  );
  const { ledger, store } = opened;
  const world: TestWorld = { owners: {}, ownersThen: null, linked: true, unavailable: null, frozen: 'none' };
  const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
  const inventory = createInventory({ ledger, store, log: silent });
  const { splits, told } = testSplits();
  const feature = createRedemptionLane({ ledger, inventory, splits, catalog: testCatalog(world, transfer) });
  const commit = async ({ changes }: { readonly changes: readonly Change[] }) => {
    await ledger.commit({ changes, metadata: { actor: 'test' } });
  };
  const add = async (id: string, events: readonly RedemptionEvent[]) => {
    await commit({ changes: [change(redemptionKind, await ledger.load(redemptionKind, id), events)] });
  };
  for (const [at, balance] of stock.entries()) {
    const loaded = await ledger.load(receiptKind, receiptStreamId(8453, VAULT, BigInt(at + 1)));
    const events: readonly ReceiptEvent[] = [
      {
        type: 'ReceiptDeposited',
        data: {
          sender: SIGNER,
          owner: SIGNER,
          shares: balance,
          information: '0xabcd',
          operationId: null,
          blockNumber: 1n,
          transactionHash: `0x${String(at)}`,
          ordinal: 0,
        },
      },
      { type: 'BalanceRead', data: { holder: SIGNER, balance, blockNumber: 2n, blockHash: '0xb2' } },
    ];
    await commit({ changes: [change(receiptKind, loaded, events)] });
  }
  for (const id of ids.length === 0 ? [REDEMPTION] : ids) await add(id, toJournal);
  const receipts = async () => {
    const { items } = await inventory.list([{ chainId: 8453, vault: VAULT }], { limit: 100, after: null });
    return items.flatMap((it) => it.receipts);
  };
  const reserved = async () => (await receipts()).map((it) => it.reserved);
  const balances = async () => (await receipts()).map((it) => it.balance);
  const kindOf = async (id = REDEMPTION) => (await ledger.load(redemptionKind, id)).state.kind;
  return { ...opened, world, told, inventory, feature, commit, add, reserved, balances, kindOf };
}

function onlyPlan(results: readonly PlanResult[]): Plan {
  const [result] = results;
  if (result?.kind !== 'plan') throw new Error(`no plan: ${JSON.stringify(result?.kind)}`);
  return result.plan;
}

function transaction(plan: Plan, id = 'tx-1'): SignedTransaction {
  const operations = [{ id: plan.operationId, detail: plan.detail }];
  return { id, lane, nonce: 4, kind: 'redemption', vault: VAULT, operations, hashes: ['0x7a'] };
}

/** The logs of a burn, as the contracts emit them. */
function burnLogs(
  burns: readonly (readonly [receiptId: bigint, shares: bigint])[],
  dust = DUST,
  to: Hex = SENDER,
) {
  const redeems = burns.flatMap(([id, shares]) =>
    withdrawLogs(VAULT, RECEIPT, { sender: SIGNER, owner: SIGNER, shares, id, information: '0xabcd' }),
  );
  return dust === 0n ? redeems : [...redeems, transferLog(VAULT, SIGNER, to, dust)];
}

function receiptOf(bodies: readonly LogBody[]): TransactionReceipt {
  const logs = placed(bodies).map((it) => ({ ...it, removed: false, transactionIndex: 0 }));
  const [first] = logs;
  if (first === undefined) throw new Error('no logs');
  const { transactionHash, blockNumber, blockHash } = first;
  const block = { transactionHash, blockNumber, blockHash, gasUsed: 1n, effectiveGasPrice: 1n };
  return { ...block, status: 1, from: SIGNER, to: VAULT, logs };
}

describe('planning a burn', () => {
  test('redeems receipts with their own bytes and returns the dust to the sender', async () => {
    const { feature } = await open([2n * TOKEN, 4n * TOKEN]);
    const plan = onlyPlan(await feature.plan([REDEMPTION], lane));
    expect(plan).toMatchObject({ vault: VAULT, batchKey: null });
    expect(plan.calls).toHaveLength(3);
    expect(plan.detail).toEqual({
      picks: [
        { receiptId: 2n, shares: 4n * TOKEN, information: '0xabcd' },
        { receiptId: 1n, shares: TOKEN, information: '0xabcd' },
      ],
      dust: DUST,
      recipient: SENDER,
    });
  });

  test('of several redemptions at once uses no share twice', async () => {
    const { feature, commit, reserved } = await open([3n * TOKEN, 9n * TOKEN], REDEMPTION, SECOND);
    const results = await feature.plan([REDEMPTION, SECOND], lane);
    const plans = results.map((it) => onlyPlan([it]));
    await commit(await feature.signed(transaction(plans[0] as Plan, 'tx-1'), []));
    await commit(await feature.signed(transaction(plans[1] as Plan, 'tx-2'), []));
    expect((await reserved()).reduce((sum, it) => sum + it, 0n)).toBe(10n * TOKEN);
  });

  test('of more redemptions than there are receipts for leaves the rest waiting', async () => {
    const { feature } = await open([6n * TOKEN], REDEMPTION, SECOND);
    const results = await feature.plan([REDEMPTION, SECOND], lane);
    expect(results).toMatchObject([{ kind: 'plan' }, { kind: 'blocked', code: 'receipts_short' }]);
  });

  test('of more receipts than fit one transaction goes in parts, the dust in the last', async () => {
    const small = TOKEN / 40n;
    const { feature, commit, kindOf, reserved } = await open(Array.from({ length: 200 }, () => small));
    const first = onlyPlan(await feature.plan([REDEMPTION], lane));
    expect(first.calls).toHaveLength(140);
    expect(first.detail).toMatchObject({ dust: 0n });
    await commit(await feature.signed(transaction(first), []));
    expect(await feature.plan([REDEMPTION], lane)).toMatchObject([{ kind: 'blocked', code: 'not_ready' }]);
    const picks = first.detail['picks'] as unknown as readonly { receiptId: bigint; shares: bigint }[];
    const logs = burnLogs(
      picks.map((it) => [it.receiptId, it.shares] as const),
      0n,
    );
    await commit(await feature.settle(transaction(first), receiptOf(logs)));
    expect(await kindOf()).toBe('burning');
    const second = onlyPlan(await feature.plan([REDEMPTION], lane));
    expect(second.calls).toHaveLength(61);
    expect(second.detail).toMatchObject({ dust: DUST });
    await commit(await feature.signed(transaction(second, 'tx-2'), []));
    expect((await reserved()).reduce((sum, it) => sum + it, 0n)).toBe(60n * small);
  });

  test('on a vault that split since the tokens came is held, with its promise', async () => {
    const { feature, told, commit, kindOf, store } = await open([5n * TOKEN]);
    told.count = 1n;
    const [result] = await feature.plan([REDEMPTION], lane);
    if (result?.kind !== 'changes') throw new Error(result?.kind);
    await commit(result);
    expect(await kindOf()).toBe('held');
    expect(result.writes).toMatchObject([{ table: 'split_count', row: { count: 1n, block_number: 9 } }]);
    expect(await store.count({ table: 'promise' })).toBe(1);
  });

  test('on a vault that splits while it is being signed is not signed', async () => {
    const { feature, told, reserved } = await open([5n * TOKEN]);
    const tx = transaction(onlyPlan(await feature.plan([REDEMPTION], lane)));
    told.count = 1n;
    await expect(feature.signed(tx, [])).rejects.toMatchObject({ code: 'vault_split' });
    expect(await reserved()).toEqual([0n]);
  });

  test.each([
    ['another signer', { ...lane, signer: SENDER }, 'wrong_lane'],
    ['another chain', { ...lane, chainId: 1 }, 'wrong_lane'],
  ] as const)('is not for the lane of %s', async (_name, other, code) => {
    const { feature } = await open([5n * TOKEN]);
    expect(await feature.plan([REDEMPTION], other)).toMatchObject([{ kind: 'blocked', code }]);
  });

  test('waits under a freeze of everything, and for what is not journaled', async () => {
    const { feature, world, add } = await open([5n * TOKEN]);
    world.frozen = 'all';
    expect(await feature.plan([REDEMPTION], lane)).toMatchObject([{ kind: 'blocked', code: 'frozen' }]);
    world.frozen = 'new';
    expect(await feature.plan([REDEMPTION], lane)).toMatchObject([{ kind: 'plan' }]);
    await add(SECOND, [detected]);
    expect(await feature.plan([SECOND], lane)).toMatchObject([{ kind: 'blocked', code: 'not_ready' }]);
  });
});

describe('a signed burn', () => {
  async function signedBurn() {
    const opened = await open([5n * TOKEN]);
    const tx = transaction(onlyPlan(await opened.feature.plan([REDEMPTION], lane)));
    await opened.commit(await opened.feature.signed(tx, []));
    return { ...opened, tx };
  }
  const asPlanned = receiptOf(burnLogs([[1n, 5n * TOKEN]]));

  test('reserves its receipts in place of the promise, and settles with its claim', async () => {
    const { feature, tx, commit, reserved, kindOf, store, balances } = await signedBurn();
    expect(await reserved()).toEqual([5n * TOKEN]);
    expect(await store.count({ table: 'promise' })).toBe(0);
    const outcome = await feature.settle(tx, asPlanned);
    expect(outcome.kind).toBe('settled');
    await commit(outcome);
    expect(await kindOf()).toBe('completed');
    expect(await store.find({ table: 'effect', limit: 9 })).toMatchObject([
      { operation_id: REDEMPTION, kind: 'withdraw', ordinal: 0 },
    ]);
    expect((await reserved()).every((it) => it === 0n)).toBe(true);
    expect((await balances()).every((it) => it === 0n)).toBe(true);
    expect((await feature.settle(tx, asPlanned)).changes).toEqual([]);
  });

  test.each([
    ['another receipt', burnLogs([[2n, 5n * TOKEN]])],
    ['fewer shares', burnLogs([[1n, 4n * TOKEN]])],
    ['the dust elsewhere', burnLogs([[1n, 5n * TOKEN]], DUST, RECEIPT)],
    ['no dust', burnLogs([[1n, 5n * TOKEN]], 0n)],
    ['one transfer more', [...burnLogs([[1n, 5n * TOKEN]]), transferLog(VAULT, SIGNER, SENDER, 1n)]],
  ])('with %s is held', async (_name, bodies) => {
    const { feature, tx, commit, kindOf } = await signedBurn();
    const outcome = await feature.settle(tx, receiptOf(bodies));
    expect(outcome.kind).toBe('unexpected');
    await commit(outcome);
    expect(await kindOf()).toBe('held');
  });

  test('that vanishes is reserved again, gives its claim back, and settles again', async () => {
    const { feature, tx, commit, kindOf, reserved, store } = await signedBurn();
    await commit(await feature.settle(tx, asPlanned));
    await commit(await feature.unsettle(tx, 'reorg'));
    expect(await kindOf()).toBe('burning');
    expect(await reserved()).toEqual([5n * TOKEN]);
    expect(await store.count({ table: 'effect' })).toBe(0);
    await commit(await feature.settle(tx, asPlanned));
    expect(await kindOf()).toBe('completed');
  });

  test('that moves to another block after an operator closed the rest lets its transaction end', async () => {
    const { feature, tx, commit, add, kindOf } = await signedBurn();
    await add(REDEMPTION, [{ type: 'RedemptionHeld', data: { why: 'look' } }]);
    await commit(await feature.settle(tx, asPlanned));
    await add(REDEMPTION, [{ type: 'RedemptionClosed', data: { why: 'done by hand' } }]);
    expect(await feature.unsettle(tx, 'reorg')).toEqual({ changes: [] });
    expect(await feature.settle(tx, asPlanned)).toEqual({ kind: 'settled', changes: [] });
    expect(await kindOf()).toBe('closed');
  });

  test('that had no effect frees its receipts for the promise, and is planned again', async () => {
    const { feature, tx, commit, reserved, store } = await signedBurn();
    await commit(await feature.release(tx, { kind: 'reverted', text: 'reverted' }));
    expect(await reserved()).toEqual([0n]);
    expect(await store.find({ table: 'promise', limit: 9 })).toMatchObject([{ shares: 5n * TOKEN }]);
    expect(await feature.release(tx, { kind: 'reverted', text: 'reverted' })).toEqual({ changes: [] });
    expect(await feature.plan([REDEMPTION], lane)).toMatchObject([{ kind: 'plan' }]);
  });

  test('settles underneath a hold', async () => {
    const { feature, tx, commit, add, ledger } = await signedBurn();
    await add(REDEMPTION, [{ type: 'RedemptionHeld', data: { why: 'look' } }]);
    await commit(await feature.settle(tx, asPlanned));
    const { state } = await ledger.load(redemptionKind, REDEMPTION);
    expect(state).toMatchObject({ kind: 'held', redemption: { parts: [{ effect: { blockNumber: 7n } }] } });
  });
});

describe('a forgotten burn', () => {
  const found = { lane, vault: VAULT, operationIds: [REDEMPTION] } as const;
  const receipt = receiptOf(burnLogs([[1n, 5n * TOKEN]]));

  test('is settled by its tag and its exact logs, once', async () => {
    const { feature, commit, kindOf, balances } = await open([5n * TOKEN]);
    const outcome = await feature.settleFound(found, receipt);
    expect(outcome.unexplained).toEqual([]);
    await commit(outcome);
    expect(await kindOf()).toBe('completed');
    expect((await balances()).every((it) => it === 0n)).toBe(true);
    expect(await feature.settleFound(found, receipt)).toEqual({ changes: [], unexplained: [] });
  });

  test.each([
    ['names a redemption that is not known', { operationIds: [SECOND] }, receipt],
    ['names two operations', { operationIds: [REDEMPTION, SECOND] }, receipt],
    ['is on another vault', { vault: RECEIPT }, receipt],
    ['is of another signer', { lane: { ...lane, signer: SENDER } }, receipt],
    ['burns more than is left', {}, receiptOf(burnLogs([[1n, 6n * TOKEN]]))],
    ['returns other dust', {}, receiptOf(burnLogs([[1n, 5n * TOKEN]], DUST + 1n))],
    ['burns nothing', {}, receiptOf([transferLog(VAULT, SIGNER, SENDER, DUST)])],
  ] as const)('that %s is left to a person', async (_name, change, its) => {
    const { feature, kindOf } = await open([6n * TOKEN]);
    const outcome = await feature.settleFound({ ...found, ...change }, its);
    expect(outcome.changes).toEqual([]);
    expect(outcome.unexplained).toEqual(('operationIds' in change ? change : found).operationIds);
    expect(await kindOf()).toBe('journaled');
  });
});
