import { describe, expect, onTestFinished, test } from 'vitest';
import { systemTimers } from '../ports/system.ts';
import { createTestClock, event, rowsOnly } from './contract-fixture.ts';
import { anyKind, createLedger } from './create-ledger.ts';
import { VersionConflict } from './errors.ts';
import { change, type CommitReport, type Schema, type StreamKind } from './ledger.ts';
import { rebuild } from './rebuild.ts';
import { IN_MEMORY, openSqliteStore } from './sqlite/open-sqlite-store.ts';
import { BOX, BOX_SCHEMA, type BoxEvent, type BoxState, burnt, filled, sealed } from './toy-ledger.ts';
import { MAX_ATTEMPTS, transact } from './transact.ts';

const metadata = { actor: 'test' };

async function openLedger(schema: Schema = BOX_SCHEMA) {
  const clock = createTestClock(1_000);
  const store = await openSqliteStore({
    path: IN_MEMORY,
    tables: schema.tables,
    clock,
    timers: systemTimers,
    onFatal: (error) => {
      throw error;
    },
  });
  onTestFinished(() => store.close());
  const reports: CommitReport[] = [];
  const ledger = createLedger(store, schema, (report) => reports.push(report));
  const decide = async (id: string, ...events: BoxEvent[]) => {
    const loaded = await ledger.load(BOX, id);
    return ledger.commit({ changes: [change(BOX, loaded, events)], metadata });
  };
  return { store, ledger, clock, decide, reports };
}

describe('ledger', () => {
  test('given nothing, a stream has its initial state, version 0 and no facts', async () => {
    const { ledger } = await openLedger();
    expect(await ledger.load(BOX, '1')).toEqual({
      id: '1',
      version: 0,
      state: { kind: 'none' },
      facts: null,
    });
  });

  test('facts tell creation, the last event, and since when the phase stands', async () => {
    const { ledger, clock, decide } = await openLedger();
    await decide('1', filled(1n, 'a'));
    clock.set(2_000);
    await decide('1', filled(2n, 'b'));
    clock.set(3_000);
    await decide('1', sealed('c'));
    clock.set(4_000);
    await decide('1', sealed('d'));
    const facts = { id: '1', version: 4, createdMs: 1_000, updatedMs: 4_000, sinceMs: 3_000 };
    expect(await ledger.load(BOX, '1')).toMatchObject({
      version: 4,
      facts,
      state: { kind: 'sealed', amount: 3n },
    });
    const asItWas = await ledger.load(BOX, '1', { timeMs: 2_500 });
    expect(asItWas).toMatchObject({
      version: 2,
      state: { kind: 'open' },
      facts: { sinceMs: 1_000, updatedMs: 2_000 },
    });
    const [one, none] = await ledger.loadMany(BOX, ['1', '2']);
    expect([one?.facts, none?.facts]).toEqual([facts, null]);
  });

  test('tells of a durable commit with the rows before and after it, and of a refused one nothing', async () => {
    const { ledger, clock, decide, reports } = await openLedger();
    await decide('1', filled(1n, 'a'));
    const stale = await ledger.load(BOX, '1');
    clock.set(2_000);
    await decide('1', sealed('b'));
    await expect(
      ledger.commit({ changes: [change(BOX, stale, [sealed('c')])], metadata }),
    ).rejects.toBeInstanceOf(VersionConflict);
    await ledger.commit({ changes: [change(BOX, await ledger.load(BOX, '1'), [])], metadata });
    expect(reports.map((it) => it.changes.length)).toEqual([1, 1, 0]);
    const states = (rows: CommitReport['changes'][number]['after']) =>
      rows.filter((it) => it.table === 'box').map((it) => it.row['state']);
    const [first, second] = reports.map((it) => it.changes[0]);
    expect(states(first?.before ?? [])).toEqual([]);
    expect(first?.factsBefore).toBeNull();
    expect([states(second?.before ?? []), states(second?.after ?? [])]).toEqual([['open'], ['sealed']]);
    expect(second).toMatchObject({ category: 'box', id: '1', events: [sealed('b')] });
    expect(second?.facts).toMatchObject({ version: 2, sinceMs: 2_000 });
    expect(reports[1]).toMatchObject({ timeMs: 2_000, metadata });
  });

  test('a phase that is left and entered again in one commit begins anew', async () => {
    const { store, clock, decide } = await openLedger();
    await decide('1', filled(1n, 'a'));
    clock.set(2_000);
    await decide('1', sealed('b'), filled(1n, 'c'));
    expect(await store.find({ table: 'box' })).toMatchObject([{ state: 'open', since_ms: 2_000 }]);
  });

  test('rows follow the state: written, changed where they differ, deleted at the end', async () => {
    const { store, clock, decide } = await openLedger();
    await decide('1', filled(5n, 'a'), filled(6n, 'b'));
    expect(await store.find({ table: 'box' })).toEqual([
      { id: '1', state: 'open', amount: 11n, labels: ['a', 'b'], since_ms: 1_000 },
    ]);
    expect(await store.find({ table: 'label', orderBy: [['label', 'asc']] })).toEqual([
      { label: 'a', box: '1' },
      { label: 'b', box: '1' },
    ]);
    clock.set(2_000);
    await decide('1', sealed('c'));
    expect(await store.find({ table: 'box' })).toMatchObject([
      { state: 'sealed', amount: 11n, since_ms: 2_000 },
    ]);
    expect(await store.count({ table: 'label' })).toBe(3);
    await decide('1', burnt);
    for (const table of ['box', 'label', 'todo']) expect(await store.count({ table })).toBe(0);
  });

  test('operational columns are reset whenever the stream grows, and otherwise left alone', async () => {
    const { store, ledger, clock, decide } = await openLedger();
    await decide('1', filled(5n, 'a'));
    const postpone = {
      op: 'update',
      table: 'todo',
      key: { id: '1' },
      set: { attempts: 7, due_ms: 9_000 },
    } as const;
    await store.commit(rowsOnly(postpone));
    const loaded = await ledger.load(BOX, '1');
    await ledger.commit({ changes: [change(BOX, loaded, [])], metadata });
    expect(await store.find({ table: 'todo' })).toEqual([
      { id: '1', phase: 'open', attempts: 7, due_ms: 9_000 },
    ]);
    clock.set(2_000);
    await decide('1', filled(1n, 'b'));
    expect(await store.find({ table: 'todo' })).toEqual([
      { id: '1', phase: 'open', attempts: 0, due_ms: 2_000 },
    ]);
  });

  test('a row that one stream gives up can be taken by another in the same commit', async () => {
    const { store, ledger, decide } = await openLedger();
    await decide('1', filled(5n, 'a'));
    const [one, two] = [await ledger.load(BOX, '1'), await ledger.load(BOX, '2')];
    const changes = [change(BOX, two, [filled(5n, 'a')]), change(BOX, one, [burnt])];
    await ledger.commit({ changes, metadata });
    expect(await store.find({ table: 'label' })).toEqual([{ label: 'a', box: '2' }]);
  });

  test('a row that another stream has refuses the commit', async () => {
    const { decide } = await openLedger();
    await decide('1', filled(5n, 'a'));
    await expect(decide('2', filled(5n, 'a'))).rejects.toMatchObject({ table: 'label', columns: ['label'] });
  });

  test('further writes come after the implied ones; guards go with the commit', async () => {
    const { store, ledger } = await openLedger();
    const loaded = await ledger.load(BOX, '1');
    await ledger.commit({
      changes: [change(BOX, loaded, [filled(1n, 'a')])],
      writes: [{ op: 'update', table: 'todo', key: { id: '1' }, set: { due_ms: null } }],
      guards: [{ name: 'g', expected: 0 }],
      metadata,
    });
    expect(await store.find({ table: 'todo' })).toMatchObject([{ due_ms: null }]);
    expect(await store.guard('g')).toBe(1);
  });

  test('refuses two changes of one stream, and a kind that the schema does not have', async () => {
    const { ledger } = await openLedger();
    const loaded = await ledger.load(BOX, '1');
    const twice = [change(BOX, loaded, [filled(1n, 'a')]), change(BOX, loaded, [filled(1n, 'b')])];
    await expect(ledger.commit({ changes: twice, metadata })).rejects.toThrow(/two changes of stream box\/1/);
    const stranger = [change({ ...BOX, category: 'crate' }, loaded, [filled(1n, 'a')])];
    await expect(ledger.commit({ changes: stranger, metadata })).rejects.toThrow(
      /no such kind of stream as crate/,
    );
  });

  test('rows that break their table: an operational column in the row, the same row twice', async () => {
    const rowsOf = (rows: StreamKind<BoxState, BoxEvent>['rows']) => {
      const kind = { ...BOX, rows };
      return { kind, schema: { ...BOX_SCHEMA, kinds: [anyKind(kind)] } };
    };
    const todo = (row: Record<string, string | number>) => ({ table: 'todo', row });
    const broken = [
      { ...rowsOf(() => [todo({ id: '1', phase: 'p', attempts: 1 })]), message: /attempts is operational/ },
      { ...rowsOf(() => [todo({ id: '1', phase: 'p' }), todo({ id: '1', phase: 'q' })]), message: /twice/ },
      { ...rowsOf(() => [{ ...todo({ id: '1' }), reset: { phase: 'p' } }]), message: /phase in reset/ },
    ];
    for (const { kind, schema, message } of broken) {
      const { ledger } = await openLedger(schema);
      const changes = [change(kind, await ledger.load(kind, '1'), [filled(1n, 'a')])];
      await expect(ledger.commit({ changes, metadata })).rejects.toThrow(message);
    }
  });

  test('an event that no one knows is named, not skipped', async () => {
    const { store, ledger } = await openLedger();
    const append = { stream: 'box/1', expectedVersion: 0, events: [event('Teleported')] };
    await store.commit({ appends: [append], metadata });
    await expect(ledger.load(BOX, '1')).rejects.toMatchObject({ code: 'unreadable_event' });
    await expect(ledger.load(BOX, '1')).rejects.toThrow(/event 1 of stream box\/1 \(Teleported, schema 1\)/);
  });

  test('old shapes of an event are lifted, new ones are refused', async () => {
    const kind: StreamKind<BoxState, BoxEvent> = {
      ...BOX,
      schemas: { Filled: 2 },
      upcast: (_type, _schema, data) => ({ ...data, label: 'lifted' }),
    };
    const schema = { ...BOX_SCHEMA, kinds: [anyKind(kind)] };
    const { store, ledger } = await openLedger(schema);
    const old = { type: 'Filled', schema: 1, data: { amount: 1n } };
    await store.commit({ appends: [{ stream: 'box/1', expectedVersion: 0, events: [old] }], metadata });
    const loaded = await ledger.load(kind, '1');
    expect(loaded.state).toEqual({ kind: 'open', amount: 1n, labels: ['lifted'] });
    await rebuild(store, schema);
    await ledger.commit({ changes: [change(kind, loaded, [filled(1n, 'new')])], metadata });
    expect((await store.readStream('box/1')).map((it) => it.schema)).toEqual([1, 2]);
    await expect(ledger.load(BOX, '1')).rejects.toThrow(/knows schema 1 at most/);
    const unlifted: StreamKind<BoxState, BoxEvent> = { ...BOX, schemas: { Filled: 2 } };
    await expect(ledger.load(unlifted, '1')).rejects.toThrow(/nothing lifts it to schema 2/);
  });
});

describe('transact', () => {
  test('decides anew on what it finds, until it is taken', async () => {
    const { store, ledger } = await openLedger();
    const fill = (label: string) =>
      transact(ledger, BOX, '1', () => ({ events: [filled(1n, label)] }), metadata);
    await Promise.all(['a', 'b', 'c', 'd'].map(fill));
    expect(await store.find({ table: 'box' })).toMatchObject([{ amount: 4n }]);
    const { committed, loaded } = await fill('e');
    expect([committed?.events[0]?.version, loaded.version]).toEqual([5, 4]);
  });

  test('commits what else the decision asks for; null commits nothing', async () => {
    const { store, ledger } = await openLedger();
    const extra = { guards: [{ name: 'g', expected: 0 }] };
    await transact(ledger, BOX, '1', () => ({ events: [filled(1n, 'a')], extra }), metadata);
    expect(await store.guard('g')).toBe(1);
    expect(await transact(ledger, BOX, '1', () => null, metadata)).toMatchObject({ committed: null });
    expect(await store.lastPosition()).toBe(1);
  });

  test('gives the conflict to the caller when it never ends, and other errors at once', async () => {
    const { ledger, decide } = await openLedger();
    let attempts = 0;
    const overtaken = transact(
      ledger,
      BOX,
      '1',
      async () => {
        attempts += 1;
        await decide('1', filled(1n, `other ${attempts}`));
        return { events: [filled(1n, `own ${attempts}`)] };
      },
      metadata,
    );
    await expect(overtaken).rejects.toThrow(VersionConflict);
    expect(attempts).toBe(MAX_ATTEMPTS);
    const taken = transact(ledger, BOX, '2', () => ({ events: [filled(1n, 'other 1')] }), metadata);
    await expect(taken).rejects.toMatchObject({ code: 'unique_violation' });
  });
});
