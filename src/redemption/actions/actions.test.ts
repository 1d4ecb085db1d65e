import { describe, expect, test } from 'vitest';
import { DependencyDown } from '../../engine/dependency-down.ts';
import { change } from '../../event-store/ledger.ts';
import type { ActionName, ActionReport } from '../../operation/actions.ts';
import { ACTIONS } from '../../operation/actions.ts';
import { notFound, record, unclear } from '../../operation/test-ledger.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import { refundId } from '../../primitives/uuid.ts';
import {
  detected,
  DUST,
  held,
  pick,
  promised,
  REDEMPTION,
  requested,
  SENDER,
  settled,
  SIGNER,
  signed,
  toJournal,
  TOKEN,
  transfer,
  unowned,
} from '../samples.ts';
import { decideRedemption } from '../decide.ts';
import { evolveRedemption } from '../evolve.ts';
import { OWED_TABLE, redemptionKind } from '../redemption-kind.ts';
import type { RedemptionEvent, RedemptionState } from '../state.ts';
import { asked, HASH, openActions } from './test-actions.ts';

const recorded: RedemptionEvent = { type: 'TransferRecorded', data: { ...transfer, why: 'historic' } };
const rejection: RedemptionEvent = { type: 'RedemptionRejected', data: { reason: 'restricted' } };
const closed: RedemptionEvent = { type: 'RedemptionClosed', data: { why: 'x' } };
const closing: RedemptionEvent = { type: 'RedemptionClosing', data: { why: 'x' } };
const refundStarted: RedemptionEvent = { type: 'RefundStarted', data: { refundId: 'r-1', found: [] } };
const refunded: RedemptionEvent = {
  type: 'RedemptionRefunded',
  data: { refundId: 'r-1', transactionHash: HASH },
};
const burning = [...toJournal, signed('tx-1', [pick(1n, 5n * TOKEN)], DUST)];
const partly = [...toJournal, signed('tx-1', [pick(1n, 2n * TOKEN)], 0n), settled('tx-1')];

const folded = (...events: readonly RedemptionEvent[]): RedemptionState =>
  events.reduce(evolveRedemption, redemptionKind.initialState);

type Row = readonly [string, readonly RedemptionEvent[], Partial<Record<ActionName, RegExp>>];

/** Every state, and what each action says in it while Alpaca has the request pending and its transaction waits. */
const TABLE: readonly Row[] = [
  ['none', [], { recover: /refused: there is no/, close: /refused: there is no/ }],
  ['recorded', [recorded], { recover: /done: it was only/, close: /refused: it was only/ }],
  [
    'detected',
    [detected],
    { recover: /planned: its next/, close: /planned: it ends/, refund: /refused: Alpaca must/ },
  ],
  ['promised', [detected, promised], { recover: /planned/, close: /refused: Alpaca knows/ }],
  ['requested', toJournal.slice(0, 3), { recover: /planned: what Alpaca/, close: /refused: Alpaca decides/ }],
  ['journaled', toJournal, { recover: /planned: its lane/, close: /planned: it ends without/ }],
  [
    'burning',
    burning,
    {
      recover: /planned: its transaction/,
      close: /planned: its nonce/,
      complete: /refused: its own burn is pending/,
    },
  ],
  ['burned in part', partly, { recover: /planned: its lane/, close: /planned: it ends without/ }],
  [
    'closing',
    [...burning, closing],
    { recover: /planned/, close: /done: it is being closed/, complete: /refused: its own burn is pending/ },
  ],
  [
    'completed',
    [...burning, settled('tx-1')],
    { recover: /done: it is completed/, close: /refused: it is comp/ },
  ],
  [
    'rejected',
    [...toJournal.slice(0, 3), rejection],
    { recover: /refused: .*refund sends/, close: /refused: .*refund sends/, refund: /refused: Alpaca must/ },
  ],
  [
    'closed',
    [detected, closed],
    { recover: /done: it was closed/, close: /done: it was closed/, refund: /refused/ },
  ],
  [
    'refunding',
    [detected, refundStarted],
    { recover: /done: .*r-1/, close: /refused: its refund/, refund: /done/ },
  ],
  [
    'refunded',
    [detected, refundStarted, refunded],
    { close: /refused: its tokens/, refund: /done: its tokens/ },
  ],
  [
    'held detected',
    [detected, held],
    { recover: /planned: it goes on/, close: /planned: it ends/, refund: /refused/ },
  ],
  [
    'held promised',
    [detected, promised, held],
    { recover: /planned: it goes on/, close: /refused: Alpaca knows/ },
  ],
  ['held requested', [...toJournal.slice(0, 3), held], { recover: /planned: it goes on/, close: /refused/ }],
  [
    'held journaled',
    [...toJournal, held],
    { recover: /refused: without a completed/, close: /planned: it ends/ },
  ],
  [
    'held burning',
    [...burning, held],
    {
      recover: /refused: without a completed/,
      close: /planned: its nonce/,
      complete: /refused: its own burn is pending/,
    },
  ],
];

describe('every action in every state of a redemption', () => {
  test.each(TABLE)('%s', async (_name, events, expected) => {
    const { act, added } = await openActions(...events);
    for (const action of ACTIONS) {
      const { outcome, summary } = await act(action, { dryRun: true, evidence: evidenceFor(action) });
      expect(`${action} ${outcome}: ${summary}`).toMatch(expected[action] ?? /(refused|done): ./);
    }
    expect(await added()).toHaveLength(events.length);
  });

  test.each(TABLE)(
    '%s: what is done can be folded, and a second call is documented too',
    async (_name, events) => {
      for (const answer of [
        asked,
        notFound,
        record({ tokenizationRequestId: 'tkr-1', status: 'rejected' }),
      ]) {
        for (const action of ACTIONS) {
          const { act, state, alpaca } = await openActions(...events);
          alpaca.request = answer;
          for (const _call of ['first', 'second']) {
            const report = await act(action, { evidence: evidenceFor(action) }).catch(refusalOf);
            expect(report).toMatchObject({ summary: expect.any(String) as string });
          }
          expect(await state()).toBeDefined();
        }
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

describe('a refund', () => {
  const events = [...toJournal.slice(0, 3), rejection];
  const rejectedThere = record({ tokenizationRequestId: 'tkr-1', status: 'rejected' });

  test('is begun for all that was sent, in the commit that lets the redemption wait for it', async () => {
    const { act, alpaca, refunds, state } = await openActions(...events);
    alpaca.request = rejectedThere;
    const first = await act('refund');
    expect(first).toMatchObject({ changed: true, refundId: refundId(REDEMPTION) });
    expect(refunds).toMatchObject([
      { redemptionId: REDEMPTION, to: SENDER, holder: SIGNER, amount: transfer.amount },
    ]);
    expect(await state()).toMatchObject({ kind: 'refunding', origin: { kind: 'rejected' } });
    expect(await act('refund')).toMatchObject({ changed: false, refundId: refundId(REDEMPTION) });
    expect(refunds).toHaveLength(1);
  });

  test.each([
    ['has it as journaled', record({ tokenizationRequestId: 'tkr-1', status: 'completed' })],
    ['still decides', asked],
    ['does not know it', notFound],
  ])('is refused when Alpaca, which rejected it, %s', async (_name, answer) => {
    const { act, alpaca } = await openActions(...events);
    alpaca.request = answer;
    await expect(act('refund')).rejects.toThrow(/Alpaca must have rejected it/);
  });

  test('of what Alpaca was never asked for needs that Alpaca does not know it', async () => {
    const { act, alpaca } = await openActions(unowned);
    await expect(act('refund')).rejects.toThrow(/must not know it/);
    alpaca.request = notFound;
    expect(await act('refund')).toMatchObject({ changed: true });
  });

  test.each([
    ['its transfer is not final', { evidence: 'no final block holds it' }, /is not final/],
    [
      'it went back before this database was restored',
      { forgotten: { hash: HASH } },
      /had forgotten, is its refund/,
    ],
  ])('is refused when %s', async (_name, fact, why) => {
    const { act, alpaca, told } = await openActions(...events);
    alpaca.request = rejectedThere;
    Object.assign(told, fact);
    await expect(act('refund')).rejects.toThrow(why);
  });

  test('that ended in doubt is refused already when it is only tried', async () => {
    const { act, alpaca, refundsFail } = await openActions(...events);
    alpaca.request = rejectedThere;
    refundsFail.with = new IssuanceError('operation_state', 'cannot begin a refund anew: it may be back');
    const report = await act('refund', { dryRun: true });
    expect(report).toMatchObject({
      outcome: 'refused',
      summary: expect.stringMatching(/it may be back/) as string,
    });
    await expect(act('refund')).rejects.toThrow(/it may be back/);
  });

  test('that another operator begins meanwhile is answered as under way, not as impossible', async () => {
    const { act, alpaca, refundsFail, ledger } = await openActions(...events);
    alpaca.request = rejectedThere;
    refundsFail.with = new IssuanceError('operation_state', 'cannot begin a refund that is requested');
    refundsFail.after = async () => {
      const loaded = await ledger.load(redemptionKind, REDEMPTION);
      const started = { type: 'RefundStarted', data: { refundId: refundId(REDEMPTION), found: [] } } as const;
      await ledger.commit({
        changes: [change(redemptionKind, loaded, [started])],
        metadata: { actor: 'bo' },
      });
    };
    expect(await act('refund')).toMatchObject({
      outcome: 'done',
      changed: false,
      refundId: refundId(REDEMPTION),
      summary: expect.stringMatching(/is under way/) as string,
    });
  });

  test('is refused when the vault split since', async () => {
    const { act, alpaca, splitsTold } = await openActions(...events);
    alpaca.request = rejectedThere;
    splitsTold.count = 1n;
    await expect(act('refund')).rejects.toThrow(/another one now/);
  });
});

describe('a redemption whose transfer a reorg took away', () => {
  test.each([
    ['detected', [detected]],
    ['held', [detected, held]],
  ] as const)(
    'is closed while it is %s once final blocks show it, and nothing is owed then',
    async (_name, events) => {
      const { act, state, store, told, node, types } = await openActions(...events);
      node.receipt = null;
      await expect(act('close')).rejects.toThrow(/do not show that it is gone for good/);
      told.undone = { isUndone: true, text: 'the final block 7 is another one' };
      expect(await act('close', { dryRun: true })).toMatchObject({ outcome: 'planned' });
      const { found, summary } = await act('close');
      expect(summary).toMatch(/its transfer was undone, and nothing of it is with us/);
      expect(found).toContain('the final block 7 is another one');
      expect(await state()).toMatchObject({ kind: 'closed', isGone: true });
      expect((await types(`redemption/${REDEMPTION}`)).at(-1)).toBe('RedemptionClosed');
      expect(await store.find({ table: OWED_TABLE.name, limit: 1 })).toEqual([]);
      expect(await act('close')).toMatchObject({ changed: false });
    },
  );

  test('is closed as ever while the transfer stands: its tokens stay with us', async () => {
    const { act, state, store, told } = await openActions(detected);
    told.undone = { isUndone: true, text: 'not to be asked' };
    await act('close');
    expect(await state()).not.toHaveProperty('isGone');
    expect(await store.find({ table: OWED_TABLE.name, limit: 1 })).toMatchObject([
      { shares: transfer.amount },
    ]);
  });

  test('is not closed as gone once Alpaca may have been asked', async () => {
    const { act, state, told, node, alpaca } = await openActions(detected, promised);
    Object.assign(alpaca, { request: notFound });
    node.receipt = null;
    told.undone = { isUndone: true, text: 'the final block 7 is another one' };
    await act('close');
    expect((await state()).kind).toBe('held');
    const gone = { type: 'close', why: 'x', isLive: false, isGone: true } as const;
    expect(() => decideRedemption(gone, folded(detected, promised))).toThrow(/close as gone/);
    expect(() => decideRedemption(gone, folded(...toJournal))).toThrow(/close as gone/);
  });
});

test('what is promised is held first, and closed only when no call can be on its way any more', async () => {
  const { act, alpaca, state, clock } = await openActions(detected, promised);
  alpaca.request = notFound;
  expect((await act('close')).summary).toMatch(/it is held/);
  expect(await state()).toMatchObject({ kind: 'held', from: { kind: 'detected' } });
  await expect(act('close')).rejects.toThrow(/10 minutes after it was held/);
  clock.advance(600_001);
  alpaca.request = asked;
  await expect(act('close')).rejects.toThrow(/Alpaca knows it/);
  alpaca.request = notFound;
  expect((await act('close')).summary).toMatch(/Alpaca never took it/);
});

test('one whose wallet became another’s is held until that is undone', async () => {
  const { act, owners } = await openActions(detected, held);
  owners[SENDER] = 'client-2';
  await expect(act('recover')).rejects.toThrow(/still is client-2's/);
  owners[SENDER] = 'client-1';
  expect(await act('recover')).toMatchObject({ changed: true });
});

test('what Alpaca rejected while it was held is rejected, and may be refunded', async () => {
  const { act, alpaca, state } = await openActions(detected, promised, requested, held);
  alpaca.request = record({ tokenizationRequestId: 'tkr-1', status: 'rejected' });
  expect((await act('recover')).summary).toMatch(/refund sends the tokens back/);
  expect((await state()).kind).toBe('rejected');
  expect(await act('refund')).toMatchObject({ changed: true });
});

test.each([
  ['close', toJournal],
  ['recover', [...toJournal, held]],
] as const)('a %s is refused while a forgotten transaction names the redemption', async (action, events) => {
  const { act, told, added, alpaca } = await openActions(...events);
  alpaca.request = record({ tokenizationRequestId: 'tkr-1', status: 'completed' });
  Object.assign(told, { forgotten: { hash: HASH } });
  await expect(act(action)).rejects.toThrow(/had forgotten, names it/);
  expect(await added()).toHaveLength(events.length);
  told.forgotten = null;
  expect(await act(action)).toMatchObject({ changed: true });
});
