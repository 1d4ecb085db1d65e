import { describe, expect, test } from 'vitest';
import type { AlpacaAnswer, AlpacaList, ShareJournal, TokenizationRequest } from '../../alpaca/types.ts';
import { readWorkRow, WORK_TABLE } from '../../engine/work.ts';
import { change } from '../../event-store/ledger.ts';
import { notFound, ok, record } from '../../operation/test-ledger.ts';
import { mintId } from '../../primitives/uuid.ts';
import { openActions } from '../actions/test-actions.ts';
import { decideRequest } from '../decide-request.ts';
import { mintKind } from '../mint-kind.ts';
import { completed, id, journaled, laneOf, minted, requested, submitted, terms } from '../samples.ts';
import type { MintEvent } from '../state.ts';
import { noticeRestore } from './notice-restore.ts';
import { RESTORE_ID, restoreKind } from './restore-kind.ts';
import { createRestoreWorker } from './restore-worker.ts';

const ACCOUNT = { baseUrl: 'https://alpaca.test', accountId: 'our-account' };
const REQUEST = '2b7c8a1e-5a0b-4c43-9a39-6f1d0f3f6a10';
const FORGOTTEN = mintId(ACCOUNT, REQUEST);
const OTHER = '6b0f0b2e-0000-5000-8000-000000000002';
const journal = (journalId: string): ShareJournal => ({
  id: journalId,
  symbol: 'AAPL',
  quantity: terms.quantity,
  status: 'executed',
  fromAccount: 'ap',
  toAccount: 'our-account',
});
const listed = record({
  tokenizationRequestId: REQUEST,
  type: 'mint',
  status: 'pending',
  issuerRequestId: FORGOTTEN,
});

async function open(...events: readonly MintEvent[]) {
  const opened = await openActions(...events);
  const { ledger, store, clock, actions, alpaca, told } = opened;
  const list: { answer: AlpacaAnswer<AlpacaList<TokenizationRequest>>; after: (string | undefined)[] } = {
    answer: ok({ items: [], skipped: 0 }),
    after: [],
  };
  const lines: string[] = [];
  const tell = (_fields: object, message: string): void => void lines.push(message);
  const worker = createRestoreWorker({
    ledger,
    store,
    clock,
    log: { info() {}, warn() {}, error: tell },
    alpacaAccount: ACCOUNT,
    desk: { isQuarantined: async () => told.quarantined },
    lanes: () => [laneOf(terms.chainId)],
    actions: () => actions,
    alpaca: {
      async listRequests({ after }) {
        list.after.push(after);
        return list.answer;
      },
      async getRequest() {
        if (alpaca.request instanceof Error) throw alpaca.request;
        return alpaca.request;
      },
      journals: async () => ok<AlpacaList<ShareJournal>>({ items: alpaca.journals, skipped: 0 }),
    },
  });
  const step = async () => {
    const [row] = await store.find({ table: WORK_TABLE.name, where: { kind: 'restore' }, limit: 1 });
    return row === undefined ? null : worker.step(readWorkRow(row));
  };
  const mint = async (of: string) => (await ledger.load(mintKind, of)).state;
  const commit = async (of: string, its: readonly MintEvent[]) => {
    const loaded = await ledger.load(mintKind, of);
    await ledger.commit({ changes: [change(mintKind, loaded, its)], metadata: { actor: 'test' } });
  };
  const notice = () => noticeRestore({ store, ledger, clock });
  const restore = async () => (await ledger.load(restoreKind, RESTORE_ID)).state;
  return { ...opened, list, lines, step, mint, commit, notice, restore };
}

describe('after a restore', () => {
  test('Alpaca is asked only when every lane knows what the chain did, and for what came since the copy', async () => {
    const { notice, step, told, list, clock } = await open(requested);
    const copiedMs = clock.nowMs();
    clock.advance(3_600_000);
    await notice();
    told.quarantined = true;
    expect(await step()).toEqual({ kind: 'later', delayMs: 5_000 });
    expect(list.after).toEqual([]);
    told.quarantined = false;
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(list.after).toEqual([new Date(copiedMs - 86_400_000).toISOString()]);
  });

  test('a mint whose confirm was forgotten goes on by its executed journal, once', async () => {
    const { notice, step, mint, alpaca, restore, types } = await open(requested);
    alpaca.journals = [journal('jnl-1')];
    await notice();
    await step();
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await mint(id)).toMatchObject({ kind: 'journaled', mint: { journalId: 'jnl-1' } });
    expect(await restore()).toEqual({ kind: 'done' });
    expect(await step()).toBeNull();
    await notice();
    await step();
    await step();
    expect(await types()).toEqual(['MintRequested', 'JournalCompleted']);
  });

  test.each([
    ['none was executed', [], []],
    ['it may be that of another mint', [journal('jnl-1')], [requested, journaled]],
  ] as const)('a mint waits for its confirm while %s', async (_name, journals, others) => {
    const { notice, step, mint, alpaca, restore, commit } = await open(requested);
    if (others.length > 0) await commit(OTHER, others);
    alpaca.journals = [...journals];
    await notice();
    await step();
    await step();
    expect(await mint(id)).toMatchObject({ kind: 'requested' });
    expect(await restore()).toEqual({ kind: 'done' });
  });

  test('a mint that Alpaca rejected ends; one that it does not know is left alone', async () => {
    for (const [answer, kind] of [
      [record({ tokenizationRequestId: 'tkr-1', status: 'rejected' }), 'rejected'],
      [notFound, 'requested'],
      // It was minted, and nothing says where.
      [record({ tokenizationRequestId: 'tkr-1', status: 'completed' }), 'requested'],
    ] as const) {
      const { notice, step, mint, alpaca, restore } = await open(requested);
      alpaca.request = answer;
      await notice();
      await step();
      await step();
      expect((await mint(id)).kind).toBe(kind);
      expect(await restore()).toEqual({ kind: 'done' });
    }
  });

  test('a request that was forgotten is filled in first, then compared', async () => {
    const { notice, step, mint, list, alpaca, restore, commit, work } = await open();
    list.answer = ok({ items: [listed.kind === 'ok' ? listed.value : never()], skipped: 0 });
    alpaca.request = listed;
    alpaca.journals = [journal('jnl-1')];
    await notice();
    await step();
    expect(await mint(FORGOTTEN)).toMatchObject({ kind: 'unrequested', tokenizationRequestId: REQUEST });
    expect(await work(FORGOTTEN)).toMatchObject({ dependency: 'alpaca' });
    expect(await step()).toMatchObject({ kind: 'later' });
    const ours = { ...terms, tokenizationRequestId: REQUEST };
    const lane = laneOf(terms.chainId);
    const filled = { mintId: FORGOTTEN, terms: ours, source: 'lookup', lane, splits: null } as const;
    await commit(FORGOTTEN, decideRequest(filled, await mint(FORGOTTEN)));
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await mint(FORGOTTEN)).toMatchObject({ kind: 'journaled', mint: { journalId: 'jnl-1' } });
    expect(await restore()).toEqual({ kind: 'done' });
  });

  test.each([
    ['is known', {}, [requested, journaled, submitted, minted, completed]],
    ['was never answered with our id', { issuerRequestId: null }, []],
    ['is another issuer’s', { issuerRequestId: OTHER }, []],
    ['was rejected', { status: 'rejected' }, []],
    ['is a redemption', { type: 'redeem' }, []],
  ] as const)('a request that %s is not taken in', async (_name, changed, known) => {
    const { notice, step, mint, list, restore, commit } = await open();
    if (known.length > 0) await commit(FORGOTTEN, known);
    const before = await mint(FORGOTTEN);
    const value = listed.kind === 'ok' ? listed.value : never();
    list.answer = ok({ items: [{ ...value, ...changed }], skipped: 0 });
    await notice();
    await step();
    expect(await mint(FORGOTTEN)).toEqual(before);
    expect(await restore()).toEqual({ kind: 'done' });
  });

  test('rows that cannot be read are told of, and an answer that tells nothing is asked for again', async () => {
    const { notice, step, list, lines, restore } = await open();
    await notice();
    list.answer = notFound;
    expect(await step()).toMatchObject({ kind: 'failed' });
    list.answer = ok({ items: [], skipped: 2 });
    await step();
    expect(lines.join()).toMatch(/requests that cannot be read/);
    expect(await restore()).toEqual({ kind: 'done' });
  });

  test('a second restore begins anew, from the older of the two', async () => {
    const { notice, step, list, clock, restore } = await open(requested);
    await notice();
    clock.advance(86_400_000 * 3);
    await notice();
    expect(await restore()).toMatchObject({ kind: 'noticed' });
    await step();
    expect(list.after).toHaveLength(1);
    expect(Date.parse(list.after[0] ?? '')).toBeLessThan(clock.nowMs() - 86_400_000 * 3);
  });
});

function never(): never {
  throw new Error('the sample is a record');
}
