import * as fc from 'fast-check';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { DEED, endings, rowsOnly } from '../contract-fixture.ts';
import type { EventStore, Query, Row, RowWrite, TableDefinition } from '../event-store.ts';
import { rebuild } from '../rebuild.ts';
import { change, type Schema } from '../ledger.ts';
import { createLedger } from '../create-ledger.ts';
import { BOX, BOX_SCHEMA, filled } from '../toy-ledger.ts';
import { openTestStore, temporaryPath } from './sqlite-fixture.ts';

const tables: readonly TableDefinition[] = [{ ...DEED, remembered: true }];

const QUERIES: readonly Query[] = [
  ...['1', '2', '3'].map((id): Query => ({ table: DEED.name, where: { id }, limit: 1 })),
  ...['x', 'y', 'new'].map((holder): Query => ({ table: DEED.name, where: { holder } })),
  { table: DEED.name, where: { rank: { gte: 2 } }, orderBy: [['id', 'asc']] },
  { table: DEED.name, where: { holder: null } },
  { table: DEED.name, where: { id: '1', rank: 1 } },
  { table: DEED.name, where: { id: '1\u0000rank:1' } },
  { table: DEED.name, where: { holder: 'x' }, orderBy: [['id', 'desc']], limit: 1 },
  { table: DEED.name, where: { holder: 'x' }, orderBy: [['id', 'asc']], limit: 1 },
  { table: DEED.name },
];

function askAll(store: EventStore): Promise<readonly (readonly Row[])[]> {
  return Promise.all(QUERIES.map((it) => store.find(it)));
}

const write: fc.Arbitrary<RowWrite> = fc
  .record({
    op: fc.constantFrom('insert', 'upsert', 'update', 'delete'),
    id: fc.constantFrom('1', '2', '3'),
    holder: fc.constantFrom('x', 'y', 'new', null),
    rank: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ op, id, holder, rank }): RowWrite => {
    const table = DEED.name;
    if (op === 'delete') return { op, table, key: { id } };
    if (op === 'update') return { op, table, key: { id }, set: { holder, rank } };
    return { op, table, row: { id, holder, rank } };
  });

describe('answers from memory', () => {
  test('are those of the file after any commits, refused ones among them', async () => {
    const groups = fc.array(fc.array(fc.array(write, { maxLength: 3 }), { minLength: 1, maxLength: 3 }), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(groups, async (plan) => {
        const path = temporaryPath();
        const store = await openTestStore({ path, serve: true, tables });
        for (const group of plan) {
          const before = await askAll(store);
          const ended = endings(group.map((writes) => store.commit(rowsOnly(...writes))));
          // Nothing of the group is durable yet.
          expect(await askAll(store)).toEqual(before);
          await ended;
          const reader = await openTestStore({ path, readOnly: true, tables });
          expect(await askAll(store)).toEqual(await askAll(reader));
          await reader.close();
        }
        await store.close();
      }),
      { numRuns: 25 },
    );
  });

  test('are new for whoever is told of the commit, be it as a listener', async () => {
    const store = await openTestStore({ path: temporaryPath(), serve: true, tables });
    const query = { table: DEED.name, where: { id: '1' } };
    const insert: RowWrite = { op: 'insert', table: DEED.name, row: { id: '1', holder: 'x', rank: 2 } };
    await store.commit(rowsOnly(insert));
    expect(await store.find(query)).toEqual([insert.row]);
    const seen = Promise.withResolvers<readonly Row[]>();
    store.onCommitted(() => seen.resolve(store.find(query)));
    const row = { id: '1', holder: 'x', rank: 1 };
    await store.commit(rowsOnly({ op: 'upsert', table: DEED.name, row }));
    expect(await store.find(query)).toEqual([row]);
    expect(await seen.promise).toEqual([row]);
  });

  test('are the same rows each time, which nobody who got them can change', async () => {
    const store = await openTestStore({ path: temporaryPath(), serve: true, tables });
    await store.commit(rowsOnly({ op: 'insert', table: DEED.name, row: { id: '1', holder: 'x', rank: 1 } }));
    const ask = () => store.find({ table: DEED.name, where: { id: '1' } });
    const [row] = await ask();
    expect((await ask())[0]).toBe(row);
    expect(() => Object.assign(row ?? {}, { holder: 'y' })).toThrow(TypeError);
  });

  test('are given by a store that serves only: another process may write to the file', async () => {
    const path = temporaryPath();
    const store = await openTestStore({ path, serve: true, tables });
    const beside = await openTestStore({ path, tables });
    const query = { table: DEED.name, where: { id: '1' } };
    expect(await beside.find(query)).toEqual([]);
    const row = { id: '1', holder: 'x', rank: 1 };
    await store.commit(rowsOnly({ op: 'insert', table: DEED.name, row }));
    expect(await beside.find(query)).toEqual([row]);
  });

  test('do not outlive a rebuild', async () => {
    const schema: Schema = {
      ...BOX_SCHEMA,
      tables: BOX_SCHEMA.tables.map((it) => ({ ...it, remembered: true })),
    };
    const path = temporaryPath();
    const store = await openTestStore({ path, serve: true, tables: schema.tables });
    const ledger = createLedger(store, schema);
    const changes = [change(BOX, await ledger.load(BOX, '1'), [filled(1n, 'first')])];
    await ledger.commit({ changes, metadata: { actor: 'test' } });
    const labels = () => store.find({ table: 'label', where: { box: '1' } });
    expect(await labels()).toHaveLength(1);
    const db = new DatabaseSync(path);
    db.exec('DELETE FROM label');
    db.close();
    await rebuild(store, { ...schema, kinds: [{ ...BOX, rows: () => [] } as never] });
    expect(await labels()).toEqual([]);
  });
});
