import { describe, expect, test } from 'vitest';
import type { RpcTransaction, TransactionReceipt } from '../../chain/rpc/types.ts';
import { change } from '../../event-store/ledger.ts';
import { record } from '../../operation/test-ledger.ts';
import { refundId } from '../../primitives/uuid.ts';
import { type LogBody, placed, transferLog } from '../../vault/log-samples.ts';
import { appendTag } from '../../vault/tag.ts';
import { redemptionKind } from '../redemption-kind.ts';
import { detected, REDEMPTION, SENDER, SIGNER, toJournal, transfer, VAULT } from '../samples.ts';
import type { RedemptionEvent } from '../state.ts';
import { HASH, openActions } from './test-actions.ts';

/** Tokens that a person sent back with our key, where the refund is refused. */

const rejection: RedemptionEvent = { type: 'RedemptionRejected', data: { reason: 'restricted' } };
const rejected = [...toJournal.slice(0, 3), rejection];
const OTHER = '6b0f0b2e-0000-5000-8000-00000000000b';

async function open(...events: readonly RedemptionEvent[]) {
  const opened = await openActions(...(events.length > 0 ? events : rejected));
  const { told, alpaca } = opened;
  alpaca.request = record({ tokenizationRequestId: 'tkr-1', status: 'rejected' });
  const byHand = (
    how: { logs?: readonly LogBody[]; tag?: readonly string[]; from?: string; status?: 0 | 1 } = {},
  ) => {
    const {
      logs = [transferLog(VAULT, SIGNER, SENDER, transfer.amount)],
      tag = [],
      from = SIGNER,
      status = 1,
    } = how;
    const place = { transactionHash: HASH, blockNumber: 9n, blockHash: '0xb9' };
    told.evidence = {
      receipt: { status, logs: placed(logs), ...place } as unknown as TransactionReceipt,
      transaction: {
        from,
        hash: HASH,
        input: tag.length === 0 ? '0x' : appendTag('0x', tag),
      } as unknown as RpcTransaction,
    };
  };
  const complete = () => opened.act('complete', { evidence: [HASH] });
  return { ...opened, byHand, complete };
}

describe('tokens that were sent back by hand', () => {
  test('end what is owed for a rejected redemption, once', async () => {
    const { byHand, complete, state, act, store } = await open();
    byHand();
    expect((await act('complete', { dryRun: true, evidence: [HASH] })).summary).toMatch(/count as sent back/);
    expect(await complete()).toMatchObject({ changed: true });
    expect(await state()).toMatchObject({
      kind: 'refunded',
      transactionHash: HASH,
      origin: { kind: 'rejected' },
    });
    expect(await store.find({ table: 'owed', limit: 10 })).toEqual([]);
    expect(await complete()).toMatchObject({ changed: false });
    expect(await act('refund')).toMatchObject({ outcome: 'done', changed: false });
  });

  test('may be another amount where the vault split since, which nothing else lets go back', async () => {
    const { byHand, complete, splitsTold, act } = await open();
    const logs = [transferLog(VAULT, SIGNER, SENDER, 2n * transfer.amount)];
    byHand({ logs });
    await expect(complete()).rejects.toThrow(/all of it must go back/);
    splitsTold.count = 1n;
    await expect(act('refund')).rejects.toThrow(/send back by hand.*complete this redemption/);
    byHand({ logs });
    expect((await complete()).found.join()).toMatch(/is yours to answer for/);
  });

  test.each([
    ['are of somebody else’s wallet', { from: SENDER }, /none of our signers/],
    ['are another operation’s', { tag: [OTHER] }, /names other operations/],
    ['were not moved', { status: 0 }, /it reverted/],
    [
      'went elsewhere',
      { logs: [transferLog(VAULT, SIGNER, VAULT, transfer.amount)] },
      /did not send the tokens back/,
    ],
    [
      'are one of several things that happened',
      { logs: [transferLog(VAULT, SIGNER, SENDER, transfer.amount), transferLog(VAULT, SIGNER, VAULT, 1n)] },
      /one transfer on the vault, and nothing else/,
    ],
  ] as const)('do not count where they %s', async (_name, how, why) => {
    const { byHand, complete } = await open();
    byHand(how);
    await expect(complete()).rejects.toThrow(why);
  });

  test('count with the tag that a refund of it would have, and while Alpaca still has it rejected only', async () => {
    const { byHand, complete, alpaca } = await open();
    byHand({ tag: [refundId(REDEMPTION)] });
    alpaca.request = record({ tokenizationRequestId: 'tkr-1', status: 'completed' });
    await expect(complete()).rejects.toThrow(/Alpaca must have rejected it/);
    alpaca.request = record({ tokenizationRequestId: 'tkr-1', status: 'rejected' });
    expect(await complete()).toMatchObject({ changed: true });
  });

  test('count for one redemption only', async () => {
    const { byHand, complete, ledger } = await open();
    byHand();
    const returned: RedemptionEvent = {
      type: 'RedemptionRefunded',
      data: {
        refundId: refundId(OTHER),
        transactionHash: HASH,
        returned: { ordinal: 0, amount: transfer.amount, found: [] },
      },
    };
    const other = await ledger.load(redemptionKind, OTHER);
    const changes = [change(redemptionKind, other, [detected, returned])];
    await ledger.commit({ changes, metadata: { actor: 'test' } });
    await expect(complete()).rejects.toThrow(/another operation counts this evidence/);
  });
});

test.each([
  ['dust_only', /stays in our wallet, and is counted there as owed/],
  ['zero', /nothing was sent/],
  ['self_transfer', /one of our own wallets/],
  ['historic', /REDEMPTIONS_FROM_BLOCK/],
] as const)('the refund of what was only recorded as %s says why nothing goes back', async (why, text) => {
  const { act } = await openActions({ type: 'TransferRecorded', data: { ...transfer, why } });
  await expect(act('refund')).rejects.toThrow(text);
});
