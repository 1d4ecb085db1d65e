import * as fc from 'fast-check';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemTimers } from '../ports/system.ts';
import { createTestClock, event, rowsOnly } from './contract-fixture.ts';
import { anyKind, createLedger } from './create-ledger.ts';
import type { Row } from './event-store.ts';
import { change, type Schema } from './ledger.ts';
import type { Progress } from './progress.ts';
import { rebuild } from './rebuild.ts';
import { IN_MEMORY, openSqliteStore, type SqliteStore } from './sqlite/open-sqlite-store.ts';
import { BOX, BOX_SCHEMA, type BoxEvent, burnt, filled, sealed } from './toy-ledger.ts';
import { verify } from './verify.ts';

const metadata = { actor: 'test' };

async function openBoxes(schema: Schema = BOX_SCHEMA) {
  const db = new DatabaseSync(IN_MEMORY);
  const clock = createTestClock(1_000);
  const store = await openSqliteStore({
    path: IN_MEMORY,
    tables: schema.tables,
    clock,
    timers: systemTimers,
    connect: () => db,
    onFatal: (error) => {
      throw error;
    },
  });
  onTestFinished(() => store.close());
  const ledger = createLedger(store, schema);
  const decide = async (id: string, ...events: BoxEvent[]) => {
    clock.set(clock.nowMs() + 10);
    const loaded = await ledger.load(BOX, id);
    return ledger.commit({ changes: [change(BOX, loaded, events)], metadata });
  };
  return { store, db, ledger, decide };
}

async function everyRow(store: SqliteStore): Promise<readonly (readonly Row[])[]> {
  return Promise.all([
    store.find({ table: 'box', orderBy: [['id', 'asc']] }),
    store.find({ table: 'label', orderBy: [['label', 'asc']] }),
    store.find({ table: 'todo', orderBy: [['id', 'asc']] }),
  ]);
}

describe('rebuild', () => {
  test('and verify tell how far they have come', async () => {
    const { store, decide } = await openBoxes();
    for (let at = 0; at < 3; at += 1) {
      await decide(
        String(at),
        ...Array.from({ length: 700 }, (_, i) => filled(1n, `${String(at)}-${String(i)}`)),
      );
    }
    const told: Progress[] = [];
    await rebuild(store, BOX_SCHEMA, undefined, (it) => told.push(it));
    expect(told.map(({ what, done, total }) => [what, done, total])).toEqual([
      ['events', 0, 2_100],
      ['events', 1_400, 2_100],
    ]);
    told.length = 0;
    await verify(store, BOX_SCHEMA, (it) => told.push(it));
    expect(told.map(({ what, done }) => [what, done])).toEqual([
      ['events', 0],
      ['events', 1_000],
      ['events', 2_000],
      ['rows', 0],
      ['rows', 1_000],
      ['rows', 2_000],
    ]);
  });

  test('fills the tables as the commits did, and keeps what cannot be replayed', async () => {
    const { store, db, decide } = await openBoxes();
    await decide('1', filled(5n, 'a'));
    await decide('2', filled(2n ** 100n, 'b'), sealed('c'));
    await decide('3', filled(1n, 'd'), burnt);
    await store.commit(
      rowsOnly({ op: 'update', table: 'todo', key: { id: '2' }, set: { attempts: 9, due_ms: null } }),
    );
    const before = await everyRow(store);
    db.exec(
      `DELETE FROM label; UPDATE box SET state = 'lost'; INSERT INTO box (id, state) VALUES ('9', 'ghost')`,
    );
    expect(await rebuild(store, BOX_SCHEMA)).toEqual({ streams: 3, events: 5, rows: 7 });
    expect(await everyRow(store)).toEqual(before);
    expect(before[2]).toMatchObject([{ attempts: 0 }, { attempts: 9, due_ms: null }]);
  });

  test('one table can be rebuilt alone; an operational or unknown one never', async () => {
    const { store, db, decide } = await openBoxes();
    await decide('1', filled(5n, 'a'));
    db.exec(`DELETE FROM label; DELETE FROM box`);
    await rebuild(store, BOX_SCHEMA, ['label']);
    expect([await store.count({ table: 'label' }), await store.count({ table: 'box' })]).toEqual([1, 0]);
    await expect(rebuild(store, BOX_SCHEMA, ['events'])).rejects.toMatchObject({ code: 'invalid_query' });
  });

  test('changes nothing when an event cannot be read, or when rows exclude each other', async () => {
    const { store, db, decide } = await openBoxes();
    await decide('1', filled(5n, 'a'));
    db.exec(`UPDATE box SET state = 'as it was'`);
    const selfish = anyKind({ ...BOX, rows: () => [{ table: 'label', row: { label: 'only', box: 'one' } }] });
    await decide('2', filled(5n, 'b'));
    await expect(rebuild(store, { ...BOX_SCHEMA, kinds: [selfish] })).rejects.toMatchObject({
      table: 'label',
    });
    const append = { stream: 'box/3', expectedVersion: 0, events: [event('Teleported')] };
    await store.commit({ appends: [append], metadata });
    await expect(rebuild(store, BOX_SCHEMA)).rejects.toMatchObject({ code: 'unreadable_event' });
    await expect(rebuild(store, { ...BOX_SCHEMA, kinds: [] })).rejects.toThrow(/no kind of stream/);
    expect(await store.find({ table: 'box', where: { id: '1' } })).toMatchObject([{ state: 'as it was' }]);
    await decide('1', sealed('c'));
  });
});

describe('verify', () => {
  test('finds nothing to say of tables that commits wrote', async () => {
    const step = fc.tuple(fc.constantFrom('1', '2', '3'), fc.constantFrom('fill', 'seal', 'burn'));
    const property = fc.asyncProperty(fc.array(step, { maxLength: 15, size: 'max' }), async (steps) => {
      const { store, decide } = await openBoxes();
      const burntBoxes = new Set<string>();
      const begun = new Set<string>();
      for (const [at, [id, action]] of steps.entries()) {
        if (burntBoxes.has(id)) continue;
        if (action === 'burn') burntBoxes.add(id);
        if (action === 'fill' || !begun.has(id)) await decide(id, filled(BigInt(at), `fill ${at}`));
        begun.add(id);
        if (action === 'seal') await decide(id, sealed(`seal ${at}`));
        if (action === 'burn') await decide(id, burnt);
      }
      const report = await verify(store, BOX_SCHEMA);
      expect(report.differences).toEqual([]);
      expect(report.position).toBe(await store.lastPosition());
      expect(report.streams).toBe(begun.size);
      const before = await everyRow(store);
      await rebuild(store, BOX_SCHEMA);
      expect(await everyRow(store)).toEqual(before);
      await store.close();
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test('names a row that is missing, one that is too many, and a cell that differs', async () => {
    const { store, db, decide } = await openBoxes();
    await decide('1', filled(5n, 'a'));
    await decide('2', filled(6n, 'b'));
    db.exec(`
      DELETE FROM label WHERE label = 'a';
      INSERT INTO label (label, box) VALUES ('ghost', '1');
      UPDATE box SET amount = '7' WHERE id = '2';
      UPDATE todo SET attempts = 5;
    `);
    const report = await verify(store, BOX_SCHEMA);
    expect(report.differenceCount).toBe(3);
    expect(report.differences).toEqual([
      { table: 'box', key: 'id="2"', problem: 'different', column: 'amount', expected: 6n, found: 7n },
      {
        table: 'label',
        key: 'label="ghost"',
        problem: 'surplus',
        column: null,
        expected: null,
        found: { label: 'ghost', box: '1' },
      },
      {
        table: 'label',
        key: 'label="a"',
        problem: 'missing',
        column: null,
        expected: { label: 'a', box: '1' },
        found: null,
      },
    ]);
  });

  test('reads through pages of the log and of the tables', async () => {
    const { store, db, ledger } = await openBoxes();
    const ids = Array.from({ length: 5_200 }, (_, at) => String(at));
    const changes = (await ledger.loadMany(BOX, ids)).map((it) =>
      change(BOX, it, [filled(1n, `label ${it.id}`)]),
    );
    await ledger.commit({ changes, metadata });
    expect(await verify(store, BOX_SCHEMA)).toMatchObject({ position: 5_200, rows: 15_600, differences: [] });
    db.exec(`DELETE FROM label WHERE label = 'label 4444'`);
    expect(await verify(store, BOX_SCHEMA)).toMatchObject({ differences: [{ key: 'label="label 4444"' }] });
  });
});
