import { array, asyncProperty, assert, constantFrom, integer, oneof, record, constant } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NETWORK_TABLE } from '../../chain/watcher/network.ts';
import type { RowWrite } from '../../event-store/event-store.ts';
import { workRow } from '../../engine/work.ts';
import { anyKind } from '../../event-store/create-ledger.ts';
import type { StreamKind } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { Hindrances } from '../../operation/hindrance.ts';
import { noHindrances } from '../../operation/hindrance.ts';
import { STATE_BOUNDS_MS } from '../../operation/stuck.ts';
import { openTestLedger } from '../../operation/test-ledger.ts';
import { recordingLog } from '../../telemetry/log.ts';
import { createOverdueCheck, GROUND_BOUNDS_MS, OPENING_BOUND_MS, OVERDUE_TABLE } from './overdue.ts';

const BOUND_MS = STATE_BOUNDS_MS['mint']?.['journaled'] ?? 0;

interface Toy {
  readonly state: string;
}
type ToyEvent = { type: 'Set'; data: { state: string } };

/** A mint of which nothing counts but its state. */
const toyKind: StreamKind<Toy, ToyEvent> = {
  category: 'toy',
  initialState: { state: 'none' },
  evolve: (_state, { data }) => data,
  phase: ({ state }) => state,
  rows: ({ state }, facts) => {
    const next =
      state === 'completed' ? ({ kind: 'none' } as const) : ({ kind: 'wait', for: 'lane' } as const);
    return workRow({ kind: 'mint', phase: state, next, network: 'base', underlying: 'AAPL' }, facts);
  },
};

async function open(hindrances: Hindrances = noHindrances) {
  const opened = await openTestLedger([anyKind(toyKind)], [OVERDUE_TABLE, NETWORK_TABLE]);
  const { store, ledger, clock } = opened;
  const log = recordingLog();
  const crossings: string[] = [];
  const waits = new Map<string, readonly string[]>();
  const start = () =>
    createOverdueCheck({
      store,
      clock,
      log,
      hindrances,
      waitsFor: (id) => waits.get(id) ?? [],
      onCrossing: (kind, state) => crossings.push(`${kind} ${state}`),
    });
  const set = async (ids: readonly string[], state: string): Promise<void> => {
    const loaded = await ledger.loadMany(toyKind, ids);
    const changes = loaded.map((it) => change(toyKind, it, [{ type: 'Set', data: { state } }]));
    await ledger.commit({ changes, metadata: { actor: 'test' } });
  };
  const write = (row: RowWrite) =>
    store.commit({ appends: [], writes: () => [row], metadata: { actor: 'test' } });
  return { ...opened, log, crossings, waits, start, set, write };
}

describe('what is longer in its state than it should be', () => {
  test('is told once, with what it waits for, since when, the last error and the next attempt', async () => {
    const { start, set, clock, log, crossings, write } = await open();
    const look = start();
    await set(['one'], 'journaled');
    const sinceMs = clock.nowMs();
    const lastError = { code: 'reverted', message: 'Paused()', atMs: sinceMs, requestId: 'r-1', status: 422 };
    const failed = { attempts: 4, due_ms: sinceMs + 5_000, last_error: lastError };
    await write({ op: 'update', table: 'work', key: { id: 'one' }, set: failed });
    clock.advance(BOUND_MS - 1);
    expect(await look()).toEqual({ kind: 'later', delayMs: 1 });
    expect(log.entries).toEqual([]);
    clock.advance(1);
    await look();
    await look();
    expect(log.entries).toHaveLength(1);
    expect(log.entries[0]).toMatchObject({
      level: 'error',
      fields: {
        operation: 'one',
        kind: 'mint',
        state: 'journaled',
        since: new Date(sinceMs).toISOString(),
        bound_ms: BOUND_MS,
        network: 'base',
        underlying: 'AAPL',
        waiting_for: 'lane',
        attempts: 4,
        last_error: lastError,
        next_attempt_at: new Date(sinceMs + 5_000).toISOString(),
      },
    });
    expect(crossings).toEqual(['mint journaled']);
  });

  test('is not told again after a restart, and told anew when it comes into the state once more', async () => {
    const { start, set, clock, log } = await open();
    await set(['one'], 'journaled');
    clock.advance(BOUND_MS);
    await start()();
    await start()();
    expect(log.entries).toHaveLength(1);
    await set(['one'], 'submitted');
    await set(['one'], 'journaled');
    clock.advance(BOUND_MS);
    await start()();
    expect(log.entries).toHaveLength(2);
  });

  test('tells of what hinders it where it has no failure of its own', async () => {
    const error = { code: 'alpaca_unavailable', message: 'Alpaca answered 503', atMs: 5 };
    const { start, set, clock, log } = await open(
      async (work) => new Map(work.map(({ id }) => [id, { error, nextMs: 9_000 }])),
    );
    await set(['one'], 'minted');
    clock.advance(STATE_BOUNDS_MS['mint']?.['minted'] ?? 0);
    await start()();
    const next = new Date(9_000).toISOString();
    expect(log.entries[0]?.fields).toMatchObject({ last_error: error, next_attempt_at: next });
  });

  test('may be a move to another key, which says what it waits for itself', async () => {
    const { start, clock, log, write, waits, crossings } = await open();
    const row = { kind: 'move', phase: 'revoking', since_ms: clock.nowMs(), attempts: 0 };
    const where = { id: 'move/8453', network: 'base', dependency: 'chain:base', due_ms: 5_000 };
    await write({ op: 'insert', table: 'work', row: { ...row, ...where } });
    waits.set('move/8453', ['DEPOSIT to be revoked', 'WITHDRAW to be revoked']);
    const boundMs = GROUND_BOUNDS_MS['move']?.['revoking'] ?? 0;
    clock.advance(boundMs - 1);
    await start()();
    expect(log.entries).toEqual([]);
    clock.advance(1);
    for (const look of [start(), start()]) await look();
    expect(log.entries.map((it) => it.fields)).toMatchObject([
      {
        alarm: 'overdue',
        id: 'move/8453',
        kind: 'move',
        state: 'revoking',
        network: 'base',
        waiting_for: 'DEPOSIT to be revoked; WITHDRAW to be revoked',
        next_attempt_at: new Date(5_000).toISOString(),
      },
    ]);
    expect(crossings).toEqual(['move revoking']);
  });

  test('is told one by one, however many come at the same moment', async () => {
    const { start, set, clock, log } = await open();
    const ids = Array.from({ length: 450 }, (_, at) => `id-${String(at)}`);
    for (let from = 0; from < ids.length; from += 50) await set(ids.slice(from, from + 50), 'journaled');
    clock.advance(BOUND_MS);
    const look = start();
    expect(await look()).toEqual({ kind: 'later', delayMs: 0 });
    await look();
    await look();
    expect(new Set(log.entries.map((it) => it.fields['operation']))).toEqual(new Set(ids));
    expect(log.entries).toHaveLength(ids.length);
  });

  test('may be a network that no node has answered for', async () => {
    const { start, clock, log, write } = await open();
    const row = { network: 'base', chain_id: 8453, state: 'opening', since_ms: clock.nowMs() };
    await write({ op: 'insert', table: NETWORK_TABLE.name, row });
    clock.advance(OPENING_BOUND_MS);
    await start()();
    await start()();
    expect(log.entries.map((it) => it.fields)).toMatchObject([
      { id: 'base', kind: 'network', state: 'opening' },
    ]);
  });

  test('what is held was told by the commit that held it', async () => {
    const { start, set, clock, log, crossings } = await open();
    await set(['one'], 'held');
    clock.advance(BOUND_MS);
    await start()();
    expect([log.entries, crossings]).toEqual([[], []]);
  });
});

const act = oneof(
  record({
    kind: constant('set' as const),
    id: constantFrom('a', 'b', 'c'),
    state: constantFrom('journaled', 'completed'),
  }),
  record({ kind: constant('wait' as const), ms: integer({ min: 0, max: BOUND_MS }) }),
  record({ kind: constant('jump' as const), ms: integer({ min: -4 * BOUND_MS, max: 4 * BOUND_MS }) }),
  record({ kind: constantFrom('look' as const, 'restart' as const) }),
);

test('each stay is told once it is looked at past its bound, and once only, wherever the clock jumps', async () => {
  let toldInAll = 0;
  await assert(
    asyncProperty(array(act, { minLength: 20, maxLength: 60, size: 'max' }), async (acts) => {
      const { start, set, clock, log, store } = await open();
      let look = start();
      const due = new Set<string>();
      const stays = async (): Promise<readonly string[]> => {
        const rows = await store.find({ table: 'work', where: { phase: 'journaled' } });
        const past = rows.filter((row) => Number(row['since_ms']) + BOUND_MS <= clock.nowMs());
        return past.map((row) => `${row['id'] as string} ${new Date(Number(row['since_ms'])).toISOString()}`);
      };
      for (const it of acts) {
        if (it.kind === 'set') await set([it.id], it.state);
        else if (it.kind === 'wait' || it.kind === 'jump') clock.advance(it.ms);
        else {
          if (it.kind === 'restart') look = start();
          for (const stay of await stays()) due.add(stay);
          await look();
        }
      }
      const told = log.entries.map(
        ({ fields }) => `${String(fields['operation'])} ${String(fields['since'])}`,
      );
      expect(told.toSorted()).toEqual([...due].sort());
      toldInAll += told.length;
      await store.close();
    }),
    { numRuns: 60 },
  );
  // Else it would show nothing.
  expect(toldInAll).toBeGreaterThan(30);
});
