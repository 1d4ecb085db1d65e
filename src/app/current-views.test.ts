import { expect, onTestFinished, test } from 'vitest';
import { createLedger } from '../event-store/create-ledger.ts';
import type { Schema } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import { IN_MEMORY, openSqliteStore } from '../event-store/sqlite/open-sqlite-store.ts';
import { BOX, BOX_SCHEMA, filled } from '../event-store/toy-ledger.ts';
import { systemClock, systemTimers } from '../ports/system.ts';
import { bringViewsUpToDate } from './current-views.ts';

/** The same tables, filled by a later program by other rules. */
const LATER: Schema = {
  ...BOX_SCHEMA,
  kinds: BOX_SCHEMA.kinds.map((kind) => ({
    ...kind,
    rows: (state, facts) =>
      kind.rows(state, facts).map((it) => {
        return it.table === 'box' ? { ...it, row: { ...it.row, state: 'unsealed' } } : it;
      }),
  })),
};

async function open() {
  const store = await openSqliteStore({
    path: IN_MEMORY,
    tables: BOX_SCHEMA.tables,
    clock: systemClock,
    timers: systemTimers,
    onFatal: (error) => {
      throw error;
    },
  });
  onTestFinished(() => store.close());
  const told: string[] = [];
  return {
    store,
    told,
    fill: async () => {
      const ledger = createLedger(store, BOX_SCHEMA);
      const changes = [change(BOX, await ledger.load(BOX, 'b1'), [filled(1n, 'first')])];
      await ledger.commit({ changes, metadata: { actor: 'test' } });
    },
    boot: (schema: Schema, version: number) =>
      bringViewsUpToDate(store, schema, version, { info: (_fields, message) => void told.push(message) }),
    state: async () => (await store.find({ table: 'box', limit: 1 }))[0]?.['state'],
  };
}

test('rows of an older version of the views are computed anew, once', async () => {
  const { boot, fill, state, told, store } = await open();
  await boot(BOX_SCHEMA, 1);
  await fill();
  await boot(LATER, 2);
  expect(await state()).toBe('unsealed');
  expect(told).toContain('views rebuilt');
  expect(await store.meta('views-version')).toBe('2');
  const before = told.length;
  await boot(LATER, 2);
  expect(told).toHaveLength(before);
});

test('an empty database begins with the present version, and with nothing to rebuild', async () => {
  const { boot, told, store } = await open();
  await boot(BOX_SCHEMA, 7);
  expect(await store.meta('views-version')).toBe('7');
  expect(told).toEqual([]);
});

test('a database that never noted a version is taken for outdated', async () => {
  const { boot, fill, state } = await open();
  await fill();
  await boot(LATER, 1);
  expect(await state()).toBe('unsealed');
});
