import { describe, expect, test } from 'vitest';
import type { RowWrite } from '../event-store/event-store.ts';
import { anyKind } from '../event-store/create-ledger.ts';
import type { DomainEvent, StreamKind } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import { workRow } from '../engine/work.ts';
import { operationRow } from './operation-row.ts';
import type { OperationFields } from './operation-row.ts';
import { noHindrances } from './hindrance.ts';
import { createOperations } from './operations.ts';
import { effectRow } from './effect-row.ts';
import { isUuid } from '../primitives/uuid.ts';
import { writeCursor } from '../primitives/wire.ts';
import type { OperationFilters } from './operation-filters.ts';
import { STATE_BOUNDS_MS } from './stuck.ts';
import { openTestLedger } from './test-ledger.ts';

/** A mint in little: each event sets its fields. */
type State = { readonly fields: Partial<OperationFields> };
type ToyEvent = { type: 'Set'; data: { state: string; underlying: string; burned: string | null } };

const toyKind: StreamKind<State, ToyEvent & DomainEvent> = {
  category: 'toy',
  initialState: { fields: {} },
  evolve: (_state, { data }) => ({ fields: { state: data.state, underlying: data.underlying } }),
  phase: (state) => state.fields.state ?? 'none',
  rows: ({ fields }, facts) => {
    const { state = 'none', underlying = null } = fields;
    const next =
      state === 'completed' ? ({ kind: 'none' } as const) : ({ kind: 'wait', for: 'journal' } as const);
    const operation = operationRow(
      {
        kind: 'mint',
        state,
        next,
        reason: null,
        underlying,
        token: 'tAAPL',
        network: 'base',
        chainId: 8453,
        vault: '0xcc',
        wallet: '0xaa',
        clientId: 'client-1',
        quantity: 15n * 10n ** 17n,
        shares: null,
        burned: null,
        dust: 1n,
        transactionHash: `0x${facts.id}`,
        receiptId: 7n,
        // Kept as Alpaca sent it.
        tokenizationRequestId: isUuid(facts.id) ? facts.id.toUpperCase() : `tkr-${facts.id}`,
      },
      facts,
    );
    const claim = effectRow(
      { chainId: 8453, transactionHash: `0xe${facts.id}`, vault: '0xcc', kind: 'deposit', ordinal: 0 },
      facts.id,
    );
    return [operation, claim, ...workRow({ kind: 'mint', phase: state, next }, facts)];
  },
};

async function open() {
  const opened = await openTestLedger([anyKind(toyKind)]);
  const { ledger, store, clock } = opened;
  const operations = createOperations({
    store,
    ledger,
    clock,
    kinds: [anyKind(toyKind)],
    mintIds: async (request) => [isUuid(request) ? request.toLowerCase() : request.slice('tkr-'.length)],
    hindrances: noHindrances,
  });
  const set = async (id: string, state: string, underlying = 'AAPL') => {
    const loaded = await ledger.load(toyKind, id);
    const event: ToyEvent = { type: 'Set', data: { state, underlying, burned: null } };
    await ledger.commit({ changes: [change(toyKind, loaded, [event])], metadata: { actor: 'test' } });
  };
  const ids = async (...args: Parameters<typeof operations.list>) => {
    const page = await operations.list(...args);
    return page.items.map((it) => it.id);
  };
  return { ...opened, operations, set, ids };
}

describe('operations', () => {
  test('one shows quantities as decimals, times in RFC 3339, absent values as null, and its work', async () => {
    const { operations, set, store, clock } = await open();
    await set('1', 'requested');
    const atMs = clock.nowMs();
    const lastError = { code: 'x', message: 'no', atMs, requestId: 'r-1', status: 422 };
    const write: RowWrite = {
      op: 'update',
      table: 'work',
      key: { id: '1' },
      set: { attempts: 3, due_ms: atMs + 1_000, last_error: lastError },
    };
    await store.commit({ appends: [], writes: () => [write], metadata: { actor: 'test' } });
    expect(await operations.get('1')).toEqual({
      id: '1',
      kind: 'mint',
      state: 'requested',
      waiting_for: 'journal',
      since: '2026-11-20T00:00:00.000Z',
      reason: null,
      underlying: 'AAPL',
      token: 'tAAPL',
      network: 'base',
      vault: '0xcc',
      wallet: '0xaa',
      client_id: 'client-1',
      qty: '1.5',
      shares: null,
      burned: null,
      dust: '0.000000000000000001',
      tx_hash: '0x1',
      receipt_id: '7',
      tokenization_request_id: 'tkr-1',
      attempts: 3,
      last_error: {
        code: 'x',
        message: 'no',
        at: '2026-11-20T00:00:00.000Z',
        request_id: 'r-1',
        status: 422,
      },
      next_attempt_at: '2026-11-20T00:00:01.000Z',
      version: 1,
      created_at: '2026-11-20T00:00:00.000Z',
    });
    expect(await operations.get('2')).toBeNull();
  });

  test('one is shown as it was at a version or a moment', async () => {
    const { operations, set, clock } = await open();
    await set('1', 'requested');
    clock.advance(1_000);
    await set('1', 'completed');
    expect(await operations.get('1', { timeMs: clock.nowMs() - 500 })).toMatchObject({
      state: 'requested',
      version: 1,
    });
    expect(await operations.get('1', { timeMs: 0 })).toBeNull();
    expect(await operations.get('1')).toMatchObject({
      state: 'completed',
      attempts: null,
      waiting_for: null,
    });
  });

  test('a list goes newest first, page by page, and each filter narrows it', async () => {
    const { set, ids, operations, clock } = await open();
    for (const id of ['1', '2', '3', '4', '5']) {
      await set(id, id === '2' ? 'completed' : 'requested', id === '4' ? 'MSFT' : 'AAPL');
      // Two have the same time: paging must not lose one of them.
      if (id !== '3') clock.advance(1);
    }
    const first = await operations.list({}, { limit: 2 });
    expect(first.items.map((it) => it.id)).toEqual(['5', '4']);
    const cursor = first.nextCursor ?? '';
    const second = await operations.list({}, { limit: 2, cursor });
    expect(second.items.map((it) => it.id)).toEqual(['3', '2']);
    const last = await operations.list({}, { limit: 2, cursor: second.nextCursor ?? '' });
    expect(last).toMatchObject({ items: [{ id: '1' }], nextCursor: null });
    const page = { limit: 10 };
    expect(await ids({ state: 'completed' }, page)).toEqual(['2']);
    expect(await ids({ underlying: 'MSFT', network: 'base', kind: 'mint' }, page)).toEqual(['4']);
    expect(await ids({ clientId: 'client-2' }, page)).toEqual([]);
    expect(await ids({ tokenizationRequestId: 'tkr-3' }, page)).toEqual(['3']);
    expect(await ids({ transactionHash: '0x3' }, page)).toEqual(['3']);
    expect(await ids({ transactionHash: '0xE4' }, page)).toEqual(['4']);
    expect(await ids({ transactionHash: '0x99' }, page)).toEqual([]);
  });

  test('pages by one of kind and state go through all kinds and states, in the order of the whole', async () => {
    const { set, operations, clock } = await open();
    // Three of one millisecond, of different states.
    for (const [at, id] of ['5', '1', '7', '3', '2', '6', '4'].entries()) {
      await set(id, ['completed', 'held', 'requested'][at % 3] ?? '');
      if (at % 3 === 2) clock.advance(1);
    }
    const walk = async (filters: OperationFilters): Promise<string> => {
      let seen = '';
      let cursor: string | null = null;
      do {
        const page: { items: readonly { id: string }[]; nextCursor: string | null } = await operations.list(
          filters,
          { limit: 2, ...(cursor === null ? {} : { cursor }) },
        );
        seen += page.items.map((it) => it.id).join('');
        cursor = page.nextCursor;
      } while (cursor !== null);
      return seen;
    };
    expect(await walk({})).toBe('4623715');
    expect(await walk({ kind: 'mint' })).toBe('4623715');
    expect(await walk({ state: 'completed' })).toBe('435');
    expect(await walk({ kind: 'mint', state: 'requested' })).toBe('67');
    expect(await walk({ kind: 'redemption' })).toBe('');
  });

  test.each(['x', Buffer.from('[1]').toString('base64url'), Buffer.from('{}').toString('base64url')])(
    'the cursor %j is refused',
    async (cursor) => {
      const { operations } = await open();
      await expect(operations.list({}, { limit: 1, cursor })).rejects.toMatchObject({ code: 'malformed' });
    },
  );

  test('the cursor of another list, or of other filters, is refused and skips nothing', async () => {
    const { set, operations } = await open();
    for (const id of ['1', '2', '3']) await set(id, 'requested');
    const { nextCursor: cursor } = await operations.list({ kind: 'mint' }, { limit: 1 });
    const page = { limit: 1, cursor: cursor ?? '' };
    expect((await operations.list({ kind: 'mint' }, page)).items).toHaveLength(1);
    const others: readonly Promise<unknown>[] = [
      operations.list({}, page),
      operations.list({ kind: 'mint', state: 'requested' }, page),
      operations.listOpen({ kind: 'mint' }, page, { position: 1 }),
      operations.list({ kind: 'mint' }, { limit: 1, cursor: writeCursor(['accounts'], [1, '1']) }),
    ];
    for (const other of others) await expect(other).rejects.toMatchObject({ code: 'malformed' });
  });

  test('Alpaca’s id is found in any case', async () => {
    const { set, ids } = await open();
    const id = '2b7c8a1e-5a0b-4c43-9a39-6f1d0f3f6a10';
    await set(id, 'requested');
    for (const tokenizationRequestId of [id, id.toUpperCase()]) {
      expect(await ids({ tokenizationRequestId }, { limit: 10 })).toEqual([id]);
    }
  });

  test('pages of what is stuck lose none of one moment, whatever its state', async () => {
    const { set, operations, clock } = await open();
    for (const [id, state] of [
      ['9', 'requested'],
      ['1', 'held'],
      ['5', 'minted'],
    ] as const) {
      await set(id, state);
    }
    clock.advance(STATE_BOUNDS_MS['mint']?.['requested'] ?? 0);
    let seen = '';
    let cursor: string | null = null;
    do {
      const page: { items: readonly { id: string }[]; nextCursor: string | null } = await operations.list(
        { stuck: true },
        { limit: 1, ...(cursor === null ? {} : { cursor }) },
      );
      seen += page.items.map((it) => it.id).join('');
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toBe('915');
  });

  test('what is past the bound of its state is stuck, oldest first', async () => {
    const { set, ids, clock } = await open();
    const boundMs = STATE_BOUNDS_MS['mint']?.['requested'] ?? 0;
    await set('1', 'requested');
    clock.advance(1);
    await set('2', 'requested', 'MSFT');
    await set('3', 'completed');
    clock.advance(boundMs - 2);
    expect(await ids({ stuck: true }, { limit: 10 })).toEqual([]);
    clock.advance(1);
    expect(await ids({ stuck: true }, { limit: 10 })).toEqual(['1']);
    clock.advance(1);
    expect(await ids({ stuck: true }, { limit: 10 })).toEqual(['1', '2']);
    expect(await ids({ stuck: true, underlying: 'MSFT' }, { limit: 10 })).toEqual(['2']);
    await set('4', 'held');
    expect(await ids({ stuck: true }, { limit: 10 })).toEqual(['1', '2', '4']);
  });

  test('what is held is stuck also where the clock was set back since, and what is only waiting is not', async () => {
    const { set, ids, clock } = await open();
    await set('1', 'held');
    await set('2', 'requested');
    clock.advance(-24 * 60 * 60 * 1_000);
    await set('3', 'unclear');
    expect(await ids({ stuck: true }, { limit: 10 })).toEqual(['1', '3']);
  });

  test('what is stuck comes page by page, whatever its state, and each filter narrows it', async () => {
    const { set, operations, clock } = await open();
    const wanted: string[] = [];
    for (let at = 1; at <= 9; at += 1) {
      const id = String(at);
      await set(id, at % 2 === 0 ? 'held' : 'requested', at % 3 === 0 ? 'MSFT' : 'AAPL');
      wanted.push(id);
      // Some have the same time: paging must not lose one of them.
      if (at % 4 !== 0) clock.advance(1);
    }
    clock.advance(24 * 60 * 60 * 1_000);
    const all = async (filters: Parameters<typeof operations.list>[0]): Promise<readonly string[]> => {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof operations.list>> = await operations.list(
          { stuck: true, ...filters },
          { limit: 2, ...(cursor === null ? {} : { cursor }) },
        );
        seen.push(...page.items.map((it) => it.id));
        cursor = page.nextCursor;
      } while (cursor !== null);
      return seen;
    };
    expect(await all({})).toEqual(wanted);
    expect(await all({ underlying: 'MSFT' })).toEqual(['3', '6', '9']);
    expect(await all({ state: 'held' })).toEqual(['2', '4', '6', '8']);
    expect(await all({ transactionHash: '0x3' })).toEqual(['3']);
  });
});
