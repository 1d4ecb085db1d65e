import type { Address } from 'viem';
import { describe, expect, test } from 'vitest';
import type { TransactionReceipt } from '../../chain/rpc/types.ts';
import { anyKind } from '../../event-store/create-ledger.ts';
import type { Outcome } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import { openTestLedger, testCatalog } from '../../operation/test-ledger.ts';
import type { ForwardedBook, TransferTerms } from '../../operation/transfer-terms.ts';
import { createInventory } from '../../receipt/inventory.ts';
import type { ReceiptEvent } from '../../receipt/receipt.ts';
import { PROMISE_TABLE, receiptKind, receiptStreamId, RECEIPT_TABLES } from '../../receipt/receipt-kind.ts';
import { silentLog } from '../../telemetry/log.ts';
import type { Plan, SignedTransaction } from '../../transaction/lane-feature.ts';
import { placed, transferBatchLog } from '../../vault/log-samples.ts';
import { openTransfer } from './create-transfers.ts';
import { createTransferLane } from './lane.ts';
import { transferKind } from './transfer-kind.ts';

const VAULT: Address = '0x00000000000000000000000000000000000000cc';
const RECEIPT: Address = '0x00000000000000000000000000000000000000ee';
const OLD: Address = '0x0000000000000000000000000000000000000001';
const NEW: Address = '0x0000000000000000000000000000000000000002';
const ID = '6b0f0b2e-0000-5000-8000-0000000000f1';
const OTHER = '6b0f0b2e-0000-5000-8000-0000000000f2';
const LANE = { lane: `8453/${OLD}`, network: 'base', chainId: 8453, signer: OLD };
const HASH = `0x${'7a'.repeat(32)}` as const;
const asset = { underlying: 'AAPL', token: 'tAAPL', network: 'base', chainId: 8453, vault: VAULT };
const terms: TransferTerms = {
  ...asset,
  receipt: RECEIPT,
  from: OLD,
  to: NEW,
  what: { kind: 'receipts' },
  moveId: null,
  splits: null,
};
const nobody = async (): Promise<never> => {
  throw new Error('no redemption is asked');
};
const book: ForwardedBook = {
  waiting: nobody,
  forwarded: nobody,
  vanished: nobody,
  ended: nobody,
  redemptionOf: async () => null,
};

/** A vault whose old signer has receipts of these shares, numbered from 1, and the transfer that takes them over. */
async function open(...shares: readonly bigint[]) {
  const opened = await openTestLedger(
    [anyKind(transferKind), anyKind(receiptKind)],
    [...RECEIPT_TABLES.filter((it) => it !== PROMISE_TABLE), PROMISE_TABLE],
  );
  const { ledger, store } = opened;
  const inventory = createInventory({ ledger, store, log: silentLog });
  const commit = async ({ changes, guards = [] }: Outcome): Promise<void> => {
    await ledger.commit({ changes, guards, metadata: { actor: 'test' } });
  };
  for (const [at, balance] of shares.entries()) {
    const loaded = await ledger.load(receiptKind, receiptStreamId(8453, VAULT, BigInt(at + 1)));
    const read: ReceiptEvent = {
      type: 'BalanceRead',
      data: { holder: OLD, balance, blockNumber: 5n, blockHash: HASH },
    };
    await commit({ changes: [change(receiptKind, loaded, [read])] });
  }
  await commit({ changes: [await openTransfer(ledger, ID, terms)] });
  const world = { owners: {}, ownersThen: null, linked: true, unavailable: null, frozen: 'none' as const };
  const lane = createTransferLane({
    ledger,
    inventory,
    book,
    catalog: testCatalog(world, asset),
    splits: { now: nobody },
    wallets: () => [OLD, NEW],
  });
  const plan = async (): Promise<Plan> => {
    const [result] = await lane.plan([ID], LANE);
    if (result?.kind !== 'plan') throw new Error(JSON.stringify(result?.kind));
    return result.plan;
  };
  const transaction = (of: Plan): SignedTransaction => ({
    id: 'tx-1',
    lane: LANE,
    nonce: 0,
    kind: 'transfer',
    vault: VAULT,
    operations: [{ id: ID, detail: of.detail }],
    hashes: [HASH],
  });
  const promise = async (amount: bigint): Promise<void> => {
    const row = { redemption_id: OTHER, chain_id: 8453, vault: VAULT, holder: OLD, shares: amount };
    const writes = () => [{ op: 'insert', table: PROMISE_TABLE.name, row } as const];
    await store.commit({ appends: [], writes, metadata: { actor: 'test' } });
  };
  const receipts = async () => {
    const rows = await store.find({ table: 'receipt', orderBy: [['receipt_id', 'asc']], limit: 10 });
    return rows.map((row) => `${String(row['balance'] as bigint)}/${String(row['reserved'] as bigint)}`);
  };
  const state = async () => (await ledger.load(transferKind, ID)).state;
  return { ...opened, inventory, lane, commit, plan, transaction, promise, receipts, state };
}

function moved(ids: readonly bigint[], amounts: readonly bigint[], to = NEW): TransactionReceipt {
  const logs = placed([transferBatchLog(RECEIPT, { operator: OLD, from: OLD, to }, ids, amounts)]);
  return { transactionHash: HASH, blockNumber: 7n, blockHash: HASH, logs } as unknown as TransactionReceipt;
}

describe('receipts that go to another signer', () => {
  test('go whole, in one call past the vault, and nobody else gets at them meanwhile', async () => {
    const { lane, plan, transaction, commit, receipts, state, inventory } = await open(5n, 3n);
    const planned = await plan();
    expect(planned).toMatchObject({ direct: RECEIPT, batchKey: null, vault: VAULT });
    await commit(await lane.signed(transaction(planned), [planned]));
    expect(await receipts()).toEqual(['5/5', '3/3']);
    expect(await inventory.chooseWhole(8453, VAULT, OLD, 10, new Set())).toEqual([]);
    const settled = await lane.settle(transaction(planned), moved([1n, 2n], [5n, 3n]));
    expect(settled.kind).toBe('settled');
    await commit(settled);
    expect(await receipts()).toEqual(['0/0', '0/0']);
    expect(await state()).toMatchObject({ kind: 'completed', effect: { transactionHash: HASH } });
  });

  test('leave what the holder promised, and what a burn has reserved', async () => {
    const { plan, promise, inventory, commit } = await open(5n, 3n, 2n, 9n);
    const pick = { receiptId: 4n, shares: 1n, information: '0x' as const };
    await commit({ changes: await inventory.reserve(OTHER, 't-9', 8453, VAULT, [pick]) });
    await promise(9n);
    // 18 are free; 9 are promised; the largest that fit go, and the one that is partly reserved stays.
    expect((await plan()).detail).toEqual({
      receipts: [
        { receiptId: 1n, shares: 5n },
        { receiptId: 2n, shares: 3n },
      ],
    });
  });

  test('are not signed for when they were promised since', async () => {
    const { plan, promise, lane, transaction } = await open(5n);
    const planned = await plan();
    await promise(1n);
    await expect(lane.signed(transaction(planned), [planned])).rejects.toThrow(
      /promised what was to go over/,
    );
  });

  test('none of which is free end their transfer, and the move begins another one later', async () => {
    const { lane, promise } = await open(5n);
    await promise(1n);
    const [result] = await lane.plan([ID], LANE);
    expect(result).toMatchObject({ kind: 'changes' });
    expect(await lane.plan([ID], { ...LANE, signer: NEW })).toMatchObject([
      { kind: 'blocked', code: 'wrong_lane' },
    ]);
  });

  test('are free again when their transaction had no effect, and on their way again when a reorg took it', async () => {
    const { lane, plan, transaction, commit, receipts, state } = await open(5n);
    const planned = await plan();
    const sent = transaction(planned);
    await commit(await lane.signed(sent, [planned]));
    await commit(await lane.settle(sent, moved([1n], [5n])));
    await commit(await lane.unsettle(sent, 'reorg'));
    expect(await receipts()).toEqual(['5/5']);
    expect(await state()).toMatchObject({ kind: 'submitted' });
    await commit(await lane.release(sent, { kind: 'reverted', text: 'it reverted' }));
    expect(await receipts()).toEqual(['5/0']);
    expect(await state()).toMatchObject({
      kind: 'requested',
      transfer: { reason: 'it reverted', receipts: [] },
    });
  });

  test.each([
    ['other receipts', moved([2n], [5n])],
    ['a part of one', moved([1n], [4n])],
    ['to somebody else', moved([1n], [5n], '0x00000000000000000000000000000000000000aa')],
  ])('that are %s count for nothing: a person must look', async (_what, receipt) => {
    const { lane, plan, transaction, commit, state, receipts } = await open(5n);
    const planned = await plan();
    await commit(await lane.signed(transaction(planned), [planned]));
    const settled = await lane.settle(transaction(planned), receipt);
    expect(settled.kind).toBe('unexpected');
    await commit(settled);
    expect(await state()).toMatchObject({ kind: 'held' });
    expect(await receipts()).toEqual(['5/5']);
  });

  test('by a transaction that the database forgot explain themselves, from us to us only', async () => {
    const { lane } = await open(5n);
    const found = { lane: LANE, vault: RECEIPT, operationIds: [OTHER] };
    expect(await lane.settleFound(found, moved([1n], [5n]))).toEqual({ changes: [], unexplained: [] });
    const away = moved([1n], [5n], '0x00000000000000000000000000000000000000aa');
    expect(await lane.settleFound(found, away)).toMatchObject({ unexplained: [OTHER] });
  });
});
