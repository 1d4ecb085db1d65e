import { describe, expect, test } from 'vitest';
import type { ShareJournal } from '../../alpaca/types.ts';
import { DependencyDown } from '../../engine/dependency-down.ts';
import type { Ledger } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { ActionName, ActionReport } from '../../operation/actions.ts';
import { ACTIONS } from '../../operation/actions.ts';
import { notFound, record, unclear } from '../../operation/test-ledger.ts';
import { HttpFailure, IssuanceError } from '../../primitives/failures.ts';
import { receiptKind, receiptStreamId } from '../../receipt/receipt-kind.ts';
import { evolveMint } from '../evolve.ts';
import { mintKind } from '../mint-kind.ts';
import { closed, completed, early, effect, held, id, journaled, minted } from '../samples.ts';
import { rejected, requested, submitted, terms } from '../samples.ts';
import type { MintEvent } from '../state.ts';
import { HASH, openActions } from './test-actions.ts';

const NEW_VAULT = '0x00000000000000000000000000000000000000dd';
const dismissed: MintEvent = { type: 'ConfirmDismissed', data: { why: 'x' } };
const closing: MintEvent = { type: 'MintClosing', data: { why: 'x' } };
const toMinted = [requested, journaled, submitted, minted];

/** Every state, and what each action says in it while Alpaca has the request pending and its transaction waits. */
const TABLE: readonly (readonly [string, readonly MintEvent[], Partial<Record<ActionName, RegExp>>])[] = [
  ['none', [], { recover: /no such mint/, close: /no such mint/ }],
  [
    'unrequested',
    [early('completed')],
    { recover: /planned: Alpaca is asked/, close: /refused: Alpaca knows/ },
  ],
  [
    'dismissed',
    [early('completed'), dismissed],
    { recover: /done: it was closed/, close: /done: it was closed/ },
  ],
  ['requested', [requested], { recover: /refused: nothing shows/, close: /planned: it ends/ }],
  ['journaled', [requested, journaled], { recover: /planned: its lane/, close: /planned: it ends/ }],
  [
    'submitted',
    [requested, journaled, submitted],
    {
      recover: /planned: its trans/,
      close: /planned: its nonce/,
      complete: /refused: its nonce may still bring another/,
    },
  ],
  [
    'closing',
    [requested, journaled, submitted, closing],
    {
      recover: /planned/,
      close: /done: it is being/,
      complete: /refused: its nonce may still bring another/,
    },
  ],
  ['minted', toMinted, { recover: /planned: Alpaca is told/, close: /refused: it took effect/ }],
  [
    'completed',
    [...toMinted, completed],
    { recover: /done: it is completed/, close: /refused: it is completed/ },
  ],
  ['rejected', [requested, rejected], { recover: /done: its journal/, close: /refused: its journal/ }],
  ['closed', [requested, closed], { recover: /done: it was closed/, close: /done: it was closed/ }],
  ['held requested', [requested, held], { recover: /planned: it goes on/, close: /planned: it ends/ }],
  [
    'held journaled',
    [requested, journaled, held],
    { recover: /planned: it goes on/, close: /planned: it ends/ },
  ],
  [
    'held submitted',
    [requested, journaled, submitted, held],
    {
      recover: /planned: it goes on waiting/,
      close: /planned: its nonce/,
      complete: /refused: its nonce may still bring another/,
    },
  ],
  ['held minted', [...toMinted, held], { recover: /planned: it goes on/, close: /refused: it took effect/ }],
];

describe('every action in every state of a mint', () => {
  test.each(TABLE)('%s', async (_name, events, expected) => {
    const { act, types } = await openActions(...events);
    for (const action of ACTIONS) {
      const { outcome, summary } = await act(action, { dryRun: true, evidence: evidenceFor(action) });
      expect(`${action} ${outcome}: ${summary}`).toMatch(expected[action] ?? /(refused|done): ./);
    }
    expect(await types()).toHaveLength(events.length);
  });

  test.each(TABLE)(
    '%s: what is done can be folded, and a second call is documented too',
    async (_name, events) => {
      for (const action of ACTIONS) {
        const { act, ledger } = await openActions(...events);
        for (const _call of ['first', 'second']) {
          const report = await act(action, { evidence: evidenceFor(action) }).catch(refusalOf);
          expect(report).toMatchObject({ summary: expect.any(String) as string });
        }
        const { state } = await ledger.load(mintKind, id);
        expect(state).toBeDefined();
      }
    },
  );

  test.each(TABLE)('%s: nothing is decided while Alpaca does not answer', async (_name, events) => {
    const { act, alpaca } = await openActions(...events);
    for (const answer of [new DependencyDown('alpaca', 'down'), unclear]) {
      alpaca.request = answer;
      for (const action of ACTIONS) {
        const report = await act(action, { dryRun: true, evidence: evidenceFor(action) }).catch(refusalOf);
        expect(report).toMatchObject({ summary: expect.any(String) as string });
      }
    }
  });
});

function evidenceFor(action: ActionName): string[] {
  return action === 'complete' ? [HASH] : [];
}

/** Only what is documented may come back; anything else fails the test. */
function refusalOf(error: unknown): Partial<ActionReport> {
  const codes = ['action_refused', 'version_changed', 'alpaca_unavailable'];
  if (error instanceof IssuanceError && codes.includes(error.code)) return { summary: error.message };
  throw error;
}

/** The receipts have a deposit with the mint's id. */
async function deposit(ledger: Ledger): Promise<void> {
  const loaded = await ledger.load(receiptKind, receiptStreamId(8453, terms.vault, 3n));
  const deposited = {
    type: 'ReceiptDeposited',
    data: {
      sender: '0x0000000000000000000000000000000000000001',
      owner: '0x0000000000000000000000000000000000000001',
      shares: terms.quantity,
      information: '0x',
      operationId: id,
      blockNumber: 7n,
      transactionHash: '0x7a',
      ordinal: 0,
    },
  } as const;
  await ledger.commit({ changes: [change(receiptKind, loaded, [deposited])], metadata: { actor: 'test' } });
}

describe('a held mint', () => {
  test('is minted anew only when its recorded deposit can never come back', async () => {
    const { act, ledger, told, types } = await openActions(requested, journaled, held);
    await deposit(ledger);
    await expect(act('recover')).rejects.toThrow(/may still be on the chain, or come back/);
    await expect(act('close')).rejects.toThrow(/0x7a deposited for it/);
    told.voidProof = 'nonce 4 was used by 0x7c in the final block 9';
    expect((await act('recover')).summary).toMatch(/minted anew/);
    expect((await types()).at(-1)).toBe('MintResumed');
    const { state } = await ledger.load(mintKind, id);
    expect(state).toMatchObject({ kind: 'journaled', mint: { voidedDeposits: ['0x7a'] } });
  });

  test('whose journal Alpaca contradicted goes on only by the executed journal', async () => {
    const contradicted: MintEvent = {
      type: 'ConfirmContradicted',
      data: { status: 'rejected', issuerRequestId: id, reason: null, why: 'x' },
    };
    const { act, alpaca } = await openActions(requested, journaled, contradicted, held);
    await expect(act('recover')).rejects.toThrow(/Alpaca contradicted itself/);
    const journal: ShareJournal = {
      id: 'jnl-1',
      symbol: 'AAPL',
      quantity: terms.quantity,
      status: 'executed',
      fromAccount: 'ap',
      toAccount: 'our-account',
    };
    for (const wrong of [{ status: 'pending' }, { symbol: 'TSLA' }, { quantity: 1n }, { toAccount: 'ap' }]) {
      alpaca.journals = [{ ...journal, ...wrong }];
      await expect(act('recover', { evidence: ['jnl-1'] })).rejects.toThrow(/does not show it/);
    }
    alpaca.journals = [journal];
    expect(await act('recover', { evidence: ['jnl-1'] })).toMatchObject({ outcome: 'done' });
  });

  test('for a split goes on for the count that it was held for, and for no other', async () => {
    const hold: MintEvent = {
      type: 'MintHeld',
      data: { why: 'split', splits: { count: 1n, blockNumber: 8n } },
    };
    const { act, splitsTold } = await openActions(requested, journaled, hold);
    splitsTold.count = 2n;
    await expect(act('recover')).rejects.toThrow(/split again/);
    splitsTold.count = 1n;
    expect((await act('recover')).found.join()).toMatch(/split count is 1, as it was held for/);
  });

  test.each([
    ['does not know it', notFound, /does not know is not minted/],
    ['rejected it', record({ tokenizationRequestId: 'tkr-1', status: 'rejected' }), /close ends it/],
    [
      'was told of its mint',
      record({ tokenizationRequestId: 'tkr-1', transactionHash: HASH }),
      /nothing shows where/,
    ],
  ])('before it was signed stays held when Alpaca %s', async (_name, answer, why) => {
    const { act, alpaca } = await openActions(requested, journaled, held);
    alpaca.request = answer;
    await expect(act('recover')).rejects.toThrow(why);
  });

  test('after it was minted stays held while Alpaca has another transaction', async () => {
    const { act, alpaca } = await openActions(...toMinted, held);
    alpaca.request = record({ tokenizationRequestId: 'tkr-1', transactionHash: HASH });
    await expect(act('recover')).rejects.toThrow(/Alpaca still has another transaction/);
    alpaca.request = record({ tokenizationRequestId: 'tkr-1', transactionHash: effect.transactionHash });
    expect(await act('recover')).toMatchObject({ changed: true });
  });
});

describe('closing a mint whose transaction waits', () => {
  const events = [requested, journaled, submitted];

  test('cancels it, and says when the cancellation has to wait', async () => {
    const { act, cancelled, told, types } = await openActions(...events);
    told.cancelFails = new IssuanceError('insufficient_funds', 'send funds');
    expect((await act('close')).summary).toMatch(/cancellation waits and is tried again: send funds/);
    expect((await types()).at(-1)).toBe('MintClosing');
    expect(cancelled).toEqual([]);
    const again = await openActions(...events);
    expect((await again.act('close')).summary).toMatch(/cancellation is sent/);
    expect(again.cancelled).toEqual(['tx-1']);
  });

  test.each([
    new DependencyDown('chain:base', 'no node answers'),
    new HttpFailure('the signer does not answer', { timedOut: true }),
    new IssuanceError('signature_mismatch', 'the signed transaction differs from the request'),
  ])('stands although the cancellation fails: $message', async (failure) => {
    const { act, told, types } = await openActions(...events);
    told.cancelFails = failure;
    expect((await act('close')).summary).toContain(`waits and is tried again: ${failure.message}`);
    expect((await types()).at(-1)).toBe('MintClosing');
  });

  test('takes a word for it only where the chain cannot tell, and only with exactly what was signed', async () => {
    const { act, told, ledger } = await openActions(...events);
    await expect(act('close', { evidence: ['0x7b'] })).rejects.toThrow(/exactly the hashes.*0x7a/);
    await expect(act('close', { evidence: ['0x7a'] })).rejects.toThrow(/the chain can tell/);
    told.unanswerable = 'no node answers';
    expect((await act('close', { evidence: ['0x7A'] })).summary).toMatch(/on your word/);
    const { state } = await ledger.load(mintKind, id);
    expect(state.kind).toBe('closed');
    const late = evolveMint(state, minted);
    expect(late).toMatchObject({ kind: 'held', from: { kind: 'minted' } });
  });

  test('tells an expected version that has passed, and a repeat nevertheless that it is done', async () => {
    const { act } = await openActions(...events);
    await expect(act('close', { expected: 2 })).rejects.toThrow(/at version 3, not at 2/);
    expect(await act('close', { expected: 3 })).toMatchObject({ changed: true });
    expect(await act('close', { expected: 3 })).toMatchObject({ changed: false, outcome: 'done' });
  });
});

test('a journaled mint moves to the present vault of its asset, and not while a nonce is promised to it', async () => {
  const { act, asset, ledger } = await openActions(requested, journaled);
  asset.vault = NEW_VAULT;
  expect(await act('retarget')).toMatchObject({ changed: true });
  expect(await act('retarget')).toMatchObject({ changed: false });
  const { state } = await ledger.load(mintKind, id);
  expect(state).toMatchObject({ kind: 'journaled', mint: { terms: { vault: NEW_VAULT } } });
  const signed = await openActions(requested, journaled, submitted);
  signed.asset.vault = NEW_VAULT;
  await expect(signed.act('retarget')).rejects.toThrow(/a nonce is promised to it on its old vault/);
});

test.each([
  ['was told that it is minted, and names no transaction', { status: 'completed' }, /told that it is minted/],
  ['was told of its transaction', { transactionHash: HASH }, /told that it is minted/],
  ['rejected it', { status: 'rejected' }, /Alpaca rejected it/],
] as const)('a journaled mint moves to no other vault when Alpaca %s', async (_name, at, why) => {
  const { act, asset, alpaca, types } = await openActions(requested, journaled);
  asset.vault = NEW_VAULT;
  alpaca.request = record({ tokenizationRequestId: 'tkr-1', ...at });
  await expect(act('retarget')).rejects.toThrow(why);
  expect(await types()).toHaveLength(2);
});

test.each(['close', 'retarget'] as const)(
  'a %s is refused of a mint that a forgotten transaction names, or that something was deposited for',
  async (action) => {
    const forgotten = await openActions(requested, journaled);
    forgotten.asset.vault = NEW_VAULT;
    Object.assign(forgotten.told, { forgotten: { hash: HASH } });
    await expect(forgotten.act(action)).rejects.toThrow(/forgotten, names it/);
    const deposited = await openActions(requested, journaled);
    deposited.asset.vault = NEW_VAULT;
    await deposit(deposited.ledger);
    await expect(deposited.act(action)).rejects.toThrow(/0x7a deposited for it/);
    expect([await forgotten.types(), await deposited.types()]).toEqual([
      ['MintRequested', 'JournalCompleted'],
      ['MintRequested', 'JournalCompleted'],
    ]);
  },
);

test('a held mint that a forgotten transaction names does not go on', async () => {
  const { act, told, types } = await openActions(requested, journaled, held);
  Object.assign(told, { forgotten: { hash: HASH } });
  await expect(act('recover')).rejects.toThrow(/names it: complete takes it/);
  expect(await types()).toHaveLength(3);
  told.forgotten = null;
  expect(await act('recover')).toMatchObject({ changed: true });
});
