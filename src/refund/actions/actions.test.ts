import { describe, expect, test } from 'vitest';
import type { RpcTransaction, TransactionReceipt } from '../../chain/rpc/types.ts';
import { anyKind } from '../../event-store/create-ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { ActionName, ActionReport } from '../../operation/actions.ts';
import { ACTIONS, refused, runAction } from '../../operation/actions.ts';
import type { RefundedBook, RefundTerms } from '../../operation/refund-terms.ts';
import { testDesk } from '../../operation/test-desk.ts';
import { openTestLedger } from '../../operation/test-ledger.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import { testSplits } from '../../receipt/test-splits.ts';
import { placed, transferLog } from '../../vault/log-samples.ts';
import { appendTag } from '../../vault/tag.ts';
import { refundKind } from '../refund-kind.ts';
import type { RefundEffect, RefundEvent } from '../state.ts';
import { createRefundActions } from './create-refund-actions.ts';

const REFUND = '6b0f0b2e-0000-5000-8000-00000000000b';
const SIGNER = '0x0000000000000000000000000000000000000001';
const VAULT = '0x00000000000000000000000000000000000000cc';
const SENDER = '0x00000000000000000000000000000000000000aa';
const HASH = `0x${'7a'.repeat(32)}` as const;
const terms: RefundTerms = {
  redemptionId: '6b0f0b2e-0000-5000-8000-00000000000a',
  chainId: 8453,
  network: 'base',
  vault: VAULT,
  underlying: 'AAPL',
  token: 'tAAPL',
  holder: SIGNER,
  to: SENDER,
  amount: 5n * 10n ** 18n,
  clientId: null,
  splits: { count: 0n, blockNumber: 5n },
};
const effect: RefundEffect = {
  transactionHash: HASH,
  blockNumber: 9n,
  blockHash: '0xb9',
  ordinal: 0,
  transactionId: 'tx-1',
};
const requested: RefundEvent = { type: 'RefundRequested', data: { ...terms, found: [] } };
const submitted: RefundEvent = { type: 'RefundSubmitted', data: { transactionId: 'tx-1' } };
const settled: RefundEvent = { type: 'RefundSettled', data: effect };
const held: RefundEvent = { type: 'RefundHeld', data: { why: 'look' } };
const closing: RefundEvent = { type: 'RefundClosing', data: { why: 'x', found: [] } };
const closed: RefundEvent = { type: 'RefundClosed', data: { why: 'x', found: [] } };
const doubted: RefundEvent = { type: 'RefundClosed', data: { why: 'x', found: [], doubt: 'it may be back' } };
const used = { hash: HASH, blockNumber: 9n } as const;

async function open(...events: readonly RefundEvent[]) {
  const opened = await openTestLedger([anyKind(refundKind)]);
  const { ledger, clock, work, types } = opened;
  if (events.length > 0) {
    const loaded = await ledger.load(refundKind, REFUND);
    await ledger.commit({ changes: [change(refundKind, loaded, events)], metadata: { actor: 'test' } });
  }
  const { desk, told, cancelled, woken } = testDesk();
  const { splits, told: splitsTold } = testSplits();
  const books: string[] = [];
  const book: RefundedBook = {
    waiting: async () => {
      throw new Error('no action signs');
    },
    settled: async (_redemptionId, _refundId, { found }) => {
      books.push(found ? 'found' : 'settled');
      return [];
    },
    vanished: async () => [],
    ended: async (_redemptionId, _refundId, { doubt }) => {
      books.push(doubt === null ? 'ended' : 'ended in doubt');
      return [];
    },
    termsOf: async () => null,
  };
  const wallets = () => [SIGNER] as const;
  const actions = createRefundActions({ ledger, book, splits, desk, clock, wallets, work });
  const act = (action: ActionName, options: { evidence?: string[]; dryRun?: boolean } = {}) => {
    const { evidence = [], dryRun = false } = options;
    const call = { action, id: REFUND, evidence, metadata: { actor: 'ana', reason: 'why not' } };
    const assess = actions[action] ?? (async () => refused(0, [], 'not for a refund'));
    return runAction(assess, call, { dryRun, expectedVersion: null });
  };
  const state = async () => (await ledger.load(refundKind, REFUND)).state;
  /** Its transaction is final, and did this. */
  const astray = (...logs: ReturnType<typeof placed>): void => {
    told.look = { isLive: false, hashes: [HASH], operations: 1, used, text: 'its nonce was used by itself' };
    told.evidence = {
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
        input: appendTag('0x', [REFUND]),
      } as unknown as RpcTransaction,
    };
  };
  const added = () => types(`refund/${REFUND}`);
  return { act, state, told, splitsTold, cancelled, woken, books, astray, added };
}

const TO_ANOTHER = placed([transferLog(VAULT, SIGNER, VAULT, terms.amount)]);
const BACK = placed([transferLog(VAULT, SIGNER, SENDER, terms.amount)]);

type Row = readonly [string, readonly RefundEvent[], Partial<Record<ActionName, RegExp>>];

/** Every state, and what each action says in it while its transaction waits for a block. */
const TABLE: readonly Row[] = [
  [
    'none',
    [],
    { recover: /refused: there is no/, close: /refused: there is no/, complete: /refused: there is/ },
  ],
  [
    'requested',
    [requested],
    {
      recover: /planned: its lane/,
      close: /planned: it ends, and its redemption/,
      complete: /refused: no final/,
    },
  ],
  [
    'submitted',
    [requested, submitted],
    {
      recover: /planned: its transaction/,
      close: /planned: its nonce is cancelled/,
      complete: /refused: its own transaction/,
    },
  ],
  [
    'closing',
    [requested, submitted, closing],
    {
      recover: /planned: its transaction/,
      close: /done: it is being closed/,
      complete: /refused: its own transaction/,
    },
  ],
  [
    'held requested',
    [requested, held],
    { recover: /planned: its lane/, close: /planned: it ends, and/, complete: /refused: no final/ },
  ],
  [
    'held submitted',
    [requested, submitted, held],
    { recover: /planned: its trans/, close: /planned: its nonce/, complete: /refused: its own transaction/ },
  ],
  [
    'completed',
    [requested, submitted, settled],
    { recover: /done: the tokens went/, close: /refused: the tokens/, complete: /done: it is completed/ },
  ],
  [
    'closed',
    [requested, closed],
    { recover: /done: it was closed/, close: /done: it was closed/, complete: /refused: no final/ },
  ],
  [
    'closed in doubt',
    [requested, submitted, held, doubted],
    { recover: /done: it was closed/, close: /done: it was closed/, complete: /refused: no final/ },
  ],
];

describe('every action in every state of a refund', () => {
  test.each(TABLE)('%s', async (_name, events, expected) => {
    const { act, added, cancelled, books } = await open(...events);
    for (const action of ACTIONS) {
      const evidence = action === 'complete' ? [HASH] : [];
      const { outcome, summary } = await act(action, { dryRun: true, evidence });
      expect(`${action} ${outcome}: ${summary}`).toMatch(expected[action] ?? /refused: not for a refund/);
    }
    expect(await added()).toHaveLength(events.length);
    expect([cancelled, books]).toEqual([[], []]);
  });

  test.each(TABLE)('%s: what is done can be folded, and repeated', async (_name, events) => {
    for (const isOver of [false, true]) {
      for (const action of ACTIONS) {
        const { act, state, astray } = await open(...events);
        if (isOver) astray(...BACK);
        const evidence = action === 'complete' ? [HASH] : [];
        for (const _call of ['first', 'second']) {
          const report = await act(action, { evidence }).catch(refusalOf);
          expect(report).toMatchObject({ summary: expect.any(String) as string });
        }
        expect(await state()).toBeDefined();
      }
    }
  });
});

/** Only what is documented may come back; anything else fails the test. */
function refusalOf(error: unknown): Partial<ActionReport> {
  if (error instanceof IssuanceError && error.code === 'action_refused') return { summary: error.message };
  throw error;
}

describe('a refund whose transaction is final and did something else', () => {
  const events = [requested, submitted, held];

  test('is closed for good, in doubt', async () => {
    const { act, astray, state, books } = await open(...events);
    astray(...TO_ANOTHER);
    expect((await act('close')).summary).toMatch(/it ends for good/);
    expect(await state()).toMatchObject({
      kind: 'closed',
      doubt: expect.stringMatching(/not planned/) as string,
    });
    expect(books).toEqual(['ended in doubt']);
  });

  test('names complete as the way where that transaction, or another one, sent the tokens back', async () => {
    const { act, astray, state, books } = await open(...events);
    astray(...BACK);
    await expect(act('recover')).rejects.toThrow(/complete takes evidence/);
    await expect(act('close')).rejects.toThrow(/complete counts that/);
    expect(await act('complete', { evidence: [HASH] })).toMatchObject({ changed: true });
    expect(await state()).toMatchObject({ kind: 'completed', effect: { transactionHash: HASH } });
    expect(books).toEqual(['found']);
    expect(await act('complete', { evidence: [HASH] })).toMatchObject({ changed: false });
  });

  test('is not completed by what did not send the tokens back', async () => {
    const { act, astray, told } = await open(...events);
    astray(...TO_ANOTHER);
    await expect(act('complete', { evidence: [HASH] })).rejects.toThrow(/did not send the tokens back/);
    astray(...BACK);
    if (typeof told.evidence !== 'string') Object.assign(told.evidence.transaction, { from: SENDER });
    await expect(act('complete', { evidence: [HASH] })).rejects.toThrow(/none of our signers/);
  });
});

test('a refund is never ended on anybody’s word, nor resumed after a further split', async () => {
  const { act, splitsTold } = await open(requested, held);
  await expect(act('close', { evidence: [HASH] })).rejects.toThrow(/never ended on anybody/);
  splitsTold.count = 1n;
  await expect(act('recover')).rejects.toThrow(/split again/);
});

test.each([
  ['close', [requested]],
  ['recover', [requested, held]],
] as const)('a %s is refused while a forgotten transaction names the refund', async (action, events) => {
  const { act, told, added } = await open(...events);
  Object.assign(told, { forgotten: { hash: HASH } });
  await expect(act(action)).rejects.toThrow(/had forgotten, names it/);
  expect(await added()).toHaveLength(events.length);
  told.forgotten = null;
  expect(await act(action)).toMatchObject({ changed: true });
});
