import { describe, expect, test } from 'vitest';
import type { RpcTransaction, TransactionReceipt } from '../../chain/rpc/types.ts';
import { change } from '../../event-store/ledger.ts';
import type { ReceiptEvent } from '../../receipt/receipt.ts';
import { receiptKind, receiptStreamId } from '../../receipt/receipt-kind.ts';
import { placed, transferLog, withdrawLogs } from '../../vault/log-samples.ts';
import { appendTag } from '../../vault/tag.ts';
import {
  DUST,
  held,
  pick,
  REDEMPTION,
  SENDER,
  SIGNER,
  signed,
  toJournal,
  TOKEN,
  transfer,
  VAULT,
} from '../samples.ts';
import type { RedemptionEvent } from '../state.ts';
import { HASH, openActions } from './test-actions.ts';

/** A burn whose transaction is final, and neither settled nor released it: it did something that was not planned. */

const RECEIPT = '0x00000000000000000000000000000000000000bb';
const RECEIPT_1 = receiptStreamId(transfer.chainId, VAULT, 1n);
const RECEIPT_2 = receiptStreamId(transfer.chainId, VAULT, 2n);
const burning = [...toJournal, signed('tx-1', [pick(1n, 5n * TOKEN)], DUST)];
const closing: RedemptionEvent = { type: 'RedemptionClosing', data: { why: 'x' } };
const closed: RedemptionEvent = { type: 'RedemptionClosed', data: { why: 'on my word' } };
const used = { hash: HASH, blockNumber: 9n } as const;
const FINAL = {
  isLive: false,
  hashes: [HASH],
  operations: 1,
  used,
  text: 'its nonce was used by itself',
} as const;

/** Two receipts of six tokens each; the burn has reserved five of the first, another redemption one of it. */
async function open(...events: readonly RedemptionEvent[]) {
  const opened = await openActions(...events);
  const { ledger, told, inventory } = opened;
  const deposit = (shares: bigint): ReceiptEvent => ({
    type: 'ReceiptDeposited',
    data: {
      sender: SIGNER,
      owner: SIGNER,
      shares,
      information: '0x',
      operationId: null,
      blockNumber: 1n,
      transactionHash: '0x01',
      ordinal: 0,
    },
  });
  const read: ReceiptEvent = {
    type: 'BalanceRead',
    data: { holder: SIGNER, balance: 6n * TOKEN, blockNumber: 2n, blockHash: '0xb2' },
  };
  const reserved = (redemptionId: string, shares: bigint): ReceiptEvent => ({
    type: 'ReceiptReserved',
    data: { redemptionId, shares, transactionId: 'tx-1' },
  });
  const first = await ledger.load(receiptKind, RECEIPT_1);
  const second = await ledger.load(receiptKind, RECEIPT_2);
  await ledger.commit({
    changes: [
      change(receiptKind, first, [
        deposit(6n * TOKEN),
        read,
        reserved(REDEMPTION, 5n * TOKEN),
        reserved('other', TOKEN),
      ]),
      change(receiptKind, second, [deposit(6n * TOKEN), read]),
    ],
    metadata: { actor: 'test' },
  });
  told.look = FINAL;
  const available = async () => (await inventory.available(transfer.chainId, VAULT, SIGNER)).available;
  const balances = (...held_: readonly bigint[]) => {
    const at = { number: 10n, hash: '0xba' } as const;
    const entries = held_.map((it, index) => [BigInt(index + 1), new Map([[SIGNER, it]])] as const);
    opened.fresh.balances = { at, balances: new Map(entries) } as typeof opened.fresh.balances;
  };
  const receipt = async (id: string) => (await ledger.load(receiptKind, id)).state;
  return { ...opened, available, balances, receipt };
}

/** A final transaction of ours that names the redemption alone, with these logs. */
function evidence(...logs: ReturnType<typeof placed>): {
  receipt: TransactionReceipt;
  transaction: RpcTransaction;
} {
  return {
    receipt: {
      status: 1,
      logs,
      transactionHash: HASH,
      blockNumber: 9n,
      blockHash: '0xb9',
    } as unknown as TransactionReceipt,
    transaction: {
      from: SIGNER,
      hash: HASH,
      input: appendTag('0x', [REDEMPTION]),
    } as unknown as RpcTransaction,
  };
}

describe('closing a burn that went astray', () => {
  test.each([
    ['held', [...burning, held]],
    ['held while it was being closed', [...burning, closing, held]],
    ['closed on an operator’s word before', [...burning, closed]],
  ])('frees its receipts, %s, as far as a reading of them shows', async (_name, events) => {
    const { act, state, told, balances, available, receipt, added } = await open(...events);
    told.evidence = evidence(...placed([transferLog(VAULT, SIGNER, SENDER, 3n * TOKEN)]));
    // Five of the six are still there: the unplanned effect took one, and not the other's burn, which is still pending.
    balances(5n * TOKEN);
    expect(await available()).toBe(6n * TOKEN);
    expect((await act('close', { dryRun: true })).summary).toMatch(/did something that was not planned/);
    expect(await available()).toBe(6n * TOKEN);
    expect(await act('close')).toMatchObject({ changed: true });
    expect(await state()).toMatchObject({ kind: 'closed', redemption: { parts: [] } });
    expect(await receipt(RECEIPT_1)).toMatchObject({
      reservations: { other: TOKEN },
      reading: { balance: 5n * TOKEN, blockNumber: 10n },
      readingDue: false,
    });
    expect(await available()).toBe(10n * TOKEN);
    expect((await added()).filter((it) => it === 'BurnReleased')).toHaveLength(1);
    expect(await act('close')).toMatchObject({ changed: false });
  });

  test('frees nothing while the balances cannot be read', async () => {
    const { act, told, available, fresh } = await open(...burning, held);
    told.evidence = evidence();
    fresh.balances = 'the logs are not taken in up to block 9 yet';
    expect(await act('close', { dryRun: true })).toMatchObject({ outcome: 'refused' });
    await expect(act('close')).rejects.toThrow(/not taken in up to block 9/);
    expect(await available()).toBe(6n * TOKEN);
  });

  test('frees nothing of a receipt that moved after the reading', async () => {
    const { act, told, balances, ledger } = await open(...burning, held);
    told.evidence = evidence();
    balances(4n * TOKEN);
    const moved = { type: 'ReceiptMoved', data: { transactionHash: '0x02', blockNumber: 11n } } as const;
    const loaded = await ledger.load(receiptKind, RECEIPT_1);
    await ledger.commit({ changes: [change(receiptKind, loaded, [moved])], metadata: { actor: 'test' } });
    await expect(act('close')).rejects.toThrow(/receipt 1 .* moved after block 10/);
  });

  test('is refused when it burned for it after all: complete counts that', async () => {
    const { act, told, balances, state, available } = await open(...burning, held);
    const burn = withdrawLogs(VAULT, RECEIPT, {
      sender: SIGNER,
      owner: SIGNER,
      id: 2n,
      shares: 5n * TOKEN,
      information: '0x',
    });
    told.evidence = evidence(...placed([...burn, transferLog(VAULT, SIGNER, SENDER, DUST)]));
    balances(6n * TOKEN, TOKEN);
    await expect(act('close')).rejects.toThrow(/complete counts that/);
    expect((await act('complete', { dryRun: true, evidence: [HASH] })).summary).toBe('the burn counts');
    expect(await act('complete', { evidence: [HASH] })).toMatchObject({ changed: true });
    expect(await state()).toMatchObject({
      kind: 'completed',
      redemption: { parts: [{ effect: { transactionHash: HASH }, picks: [{ receiptId: 2n }] }] },
    });
    // One of the first is another's; of the second, one is left.
    expect(await available()).toBe(6n * TOKEN);
    expect(await act('complete', { evidence: [HASH] })).toMatchObject({ changed: false });
  });

  test('complete is refused for what its own transaction did instead', async () => {
    const { act, told, balances } = await open(...burning, held);
    told.evidence = evidence(...placed([transferLog(VAULT, SIGNER, SENDER, 3n * TOKEN)]));
    balances(6n * TOKEN);
    await expect(act('complete', { evidence: [HASH] })).rejects.toThrow(/no burn of what is left/);
  });
});
