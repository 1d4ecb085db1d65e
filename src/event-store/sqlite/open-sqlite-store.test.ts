import { existsSync, readdirSync, readFileSync, writeFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { appendOne, endings, event, ITEM, PAIR, rowsOnly, wholeLog } from '../contract-fixture.ts';
import type { TableDefinition } from '../event-store.ts';
import type { Progress } from '../progress.ts';
import { rebuild } from '../rebuild.ts';
import { BOX, BOX_SCHEMA, BOX_TABLE, LABEL_TABLE, TODO_TABLE, filled } from '../toy-ledger.ts';
import { change } from '../ledger.ts';
import { anyKind, createLedger } from '../create-ledger.ts';
import { verify } from '../verify.ts';
import { readSchemaStatus } from './open-sqlite-store.ts';
import { openTestStore, temporaryPath } from './sqlite-fixture.ts';

describe('opening a SQLite store', () => {
  test('a second serving store on one file is refused, also through a link; the first goes on', async () => {
    const path = temporaryPath();
    const link = `${path}-link.db`;
    symlinkSync(path, link);
    const store = await openTestStore({ path, serve: true });
    for (const other of [path, link]) {
      const refused = openTestStore({ path: other, serve: true });
      await expect(refused).rejects.toMatchObject({ code: 'already_serving', path });
      await expect(refused).rejects.toThrow(`${path}.serving`);
    }
    await store.commit(appendOne('a/1', 0));
    await store.close();
    const next = await openTestStore({ path, serve: true });
    expect(next.epoch).toBe(store.epoch + 1);
  });

  test('a reader sees one snapshot beside the serving store, and cannot write', async () => {
    const path = temporaryPath();
    const store = await openTestStore({ path, serve: true });
    await store.commit(appendOne('a/1', 0));
    const reader = await openTestStore({ path, readOnly: true });
    await store.commit(appendOne('a/1', 1));
    expect(await reader.readStream('a/1')).toHaveLength(1);
    expect(await store.readStream('a/1')).toHaveLength(2);
    const refused = [reader.commit(appendOne('a/2', 0)), reader.setMeta('a', 'b'), reader.clearBackupStamp()];
    expect(await endings(refused)).toEqual(['ReadOnlyStore', 'ReadOnlyStore', 'ReadOnlyStore']);
  });

  test('durability is full, and stays so in a file that is opened again', async () => {
    const path = temporaryPath();
    let db: DatabaseSync | null = null;
    const connect = (file: string): DatabaseSync => (db = new DatabaseSync(file));
    await openTestStore({ path, connect });
    const pragma = (name: string): unknown => db?.prepare(`PRAGMA ${name}`).get()?.[name];
    expect([pragma('journal_mode'), pragma('synchronous')]).toEqual(['wal', 2]);
  });

  test('tells of each group once it is on disk, and is not stopped by whom it tells', async () => {
    const path = temporaryPath();
    let db: DatabaseSync | null = null;
    const told: unknown[] = [];
    const errors: unknown[] = [];
    const store = await openTestStore({
      path,
      connect: (file) => (db = new DatabaseSync(file)),
      onGroup(group) {
        told.push({ ...group, durationMs: group.durationMs > 0, isOpen: db?.isTransaction });
        throw new Error('no metrics today');
      },
      onListenerError: (error) => errors.push(error),
    });
    const two = { stream: 'a/1', expectedVersion: 0, events: [event('one'), event('two')] };
    const both = { appends: [two], metadata: { actor: 'test' } };
    expect(await endings([store.commit(both), store.commit(appendOne('a/2', 7))])).toEqual([
      'ok',
      'VersionConflict',
    ]);
    await store.commit(appendOne('a/2', 0));
    expect(told).toEqual([
      { commits: 1, events: 2, refused: 1, durationMs: true, isOpen: false },
      { commits: 1, events: 1, refused: 0, durationMs: true, isOpen: false },
    ]);
    expect(errors).toHaveLength(2);
  });

  test('refuses a missing file for reading, and files that are not ours, without touching them', async () => {
    const missing = temporaryPath();
    await expect(openTestStore({ path: missing, readOnly: true })).rejects.toMatchObject({
      code: 'database_missing',
    });
    expect(existsSync(missing)).toBe(false);
    const foreign = temporaryPath();
    const db = new DatabaseSync(foreign);
    db.exec('CREATE TABLE theirs (id)');
    db.close();
    const text = temporaryPath();
    writeFileSync(text, 'not a database at all, but long enough to be looked at');
    for (const path of [foreign, text]) {
      const before = readFileSync(path);
      await expect(openTestStore({ path, serve: true })).rejects.toMatchObject({ code: 'foreign_database' });
      expect(() => readSchemaStatus(path, [ITEM])).toThrow(/not a database of this program/);
      expect(readFileSync(path).equals(before)).toBe(true);
      expect(readdirSync(dirname(path))).toEqual([basename(path)]);
    }
  });

  test('says what a path lacks that cannot be opened', async () => {
    const folder = dirname(temporaryPath());
    for (const path of [folder, join(folder, 'no', 'such.db')]) {
      const refused = openTestStore({ path, serve: true });
      await expect(refused).rejects.toMatchObject({ code: 'database_unopenable' });
      await expect(refused).rejects.toThrow(/DATABASE_URL/);
    }
  });

  test('small notes are kept with the database; the names of the store are its own', async () => {
    const path = temporaryPath();
    const store = await openTestStore({ path });
    await store.setMeta('note', 'kept');
    await expect(store.setMeta('store.epoch', '7')).rejects.toMatchObject({ code: 'meta_reserved' });
    await store.close();
    const next = await openTestStore({ path });
    expect([await next.meta('note'), await next.meta('other')]).toEqual(['kept', null]);
    await next.setMeta('note', null);
    expect(await next.meta('note')).toBeNull();
  });
});

describe('the schema of a SQLite store', () => {
  test('a database of a newer program is refused and left as it is', async () => {
    const path = temporaryPath();
    await (await openTestStore({ path })).close();
    const db = new DatabaseSync(path);
    db.exec(`UPDATE meta SET value = '999' WHERE name = 'store.schema_version'`);
    db.close();
    for (const options of [{ serve: true }, { readOnly: true }, { migrate: false }]) {
      await expect(openTestStore({ path, ...options })).rejects.toMatchObject({
        code: 'schema_newer',
        details: { found: 999, known: 1 },
      });
    }
  });

  test('without leave to migrate, an old or empty schema is refused', async () => {
    const path = temporaryPath();
    await expect(openTestStore({ path, migrate: false })).rejects.toMatchObject({ code: 'schema_outdated' });
    expect(readSchemaStatus(path, [ITEM])).toMatchObject({ version: 0, target: 1 });
    await (await openTestStore({ path, tables: [ITEM] })).close();
    expect(readSchemaStatus(path, [ITEM])).toEqual({ version: 1, target: 1, pending: [], rebuild: [] });
    expect(readSchemaStatus(path, [ITEM, PAIR]).pending).toEqual(['new table pair']);
    const refused = openTestStore({ path, migrate: false, tables: [ITEM, PAIR] });
    await expect(refused).rejects.toThrow(/new table pair.*issuer migrate up/);
    await expect(openTestStore({ path, readOnly: true })).rejects.toMatchObject({ code: 'schema_outdated' });
    await (await openTestStore({ path, migrate: false, tables: [ITEM] })).close();
  });

  test('a log table of a new definition asks for a rebuild, which keeps its operational columns', async () => {
    const path = temporaryPath();
    const store = await openTestStore({ path, tables: BOX_SCHEMA.tables });
    const ledger = createLedger(store, BOX_SCHEMA);
    const changes = [change(BOX, await ledger.load(BOX, '1'), [filled(5n, 'a')])];
    await ledger.commit({ changes, metadata: { actor: 'test' } });
    await store.commit(rowsOnly({ op: 'update', table: 'todo', key: { id: '1' }, set: { attempts: 7 } }));
    await store.close();

    const todo: TableDefinition = { ...TODO_TABLE, indexes: [['due_ms']] };
    const shelf: TableDefinition = { name: 'shelf', columns: { id: 'text' }, key: ['id'], source: 'log' };
    const kind = anyKind({
      ...BOX,
      rows: (state, facts) => [
        ...BOX.rows(state, facts).filter((it) => it.table !== 'label'),
        { table: 'shelf', row: { id: facts.id } },
      ],
    });
    const schema = { kinds: [kind], tables: [BOX_TABLE, todo, shelf] };
    expect(readSchemaStatus(path, schema.tables)).toMatchObject({ rebuild: ['shelf', 'todo'] });
    for (let start = 0; start < 2; start += 1) {
      const waiting = await openTestStore({ path, tables: schema.tables });
      expect(waiting.rebuildNeeded).toBe(true);
      await expect(waiting.commit(appendOne('box/2', 0))).rejects.toMatchObject({ code: 'rebuild_needed' });
      await waiting.close();
    }
    const next = await openTestStore({ path, tables: schema.tables });
    await rebuild(next, schema);
    expect(next.rebuildNeeded).toBe(false);
    expect(await next.find({ table: 'todo' })).toMatchObject([{ id: '1', attempts: 7 }]);
    expect(await verify(next, schema)).toMatchObject({ differences: [], rows: 3 });
    const db = new DatabaseSync(path);
    const names = db.prepare(`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`).all();
    db.close();
    expect(names.map((it) => it['name'])).toEqual([
      'box',
      'categories',
      'events',
      'guards',
      'meta',
      'names',
      'shelf',
      'todo',
    ]);
    await next.commit({ ...appendOne('box/2', 0) });
  });

  test('a new log table of an empty log needs no rebuild', async () => {
    const path = temporaryPath();
    await (await openTestStore({ path, tables: [BOX_TABLE] })).close();
    const store = await openTestStore({ path, tables: [BOX_TABLE, LABEL_TABLE] });
    expect(store.rebuildNeeded).toBe(false);
  });

  test('an operational table of a new definition is refused: nothing could refill it', async () => {
    const path = temporaryPath();
    await (await openTestStore({ path, tables: [ITEM] })).close();
    const changed: TableDefinition = { ...ITEM, unique: [] };
    await expect(openTestStore({ path, tables: [changed] })).rejects.toMatchObject({
      code: 'operational_table_changed',
    });
    const store = await openTestStore({ path, tables: [ITEM] });
    await store.commit(rowsOnly({ op: 'insert', table: 'item', row: { id: '1', owner: 'o' } }));
  });
});

describe('backup', () => {
  test('tells how many of the pages of a large database are copied', async () => {
    const path = temporaryPath();
    const store = await openTestStore({ path, serve: true });
    for (let at = 0; at < 50; at += 1)
      await store.commit(appendOne(`a/${at}`, 0, { text: 'x'.repeat(100_000) }));
    const told: Progress[] = [];
    await store.backup(`${path}-copy.db`, (it) => told.push(it));
    expect(told[0]).toMatchObject({ what: 'pages', done: 1_000 });
    expect(told[0]?.total).toBeGreaterThan(1_200);
  });

  test('copies a store in use at one moment, and stamps the copy until the stamp is cleared', async () => {
    const path = temporaryPath();
    const store = await openTestStore({ path, serve: true });
    for (let at = 0; at < 50; at += 1)
      await store.commit(appendOne(`a/${at}`, 0, { text: 'x'.repeat(10_000) }));
    const target = `${path}-copy.db`;
    const going = store.backup(target);
    const meanwhile = Array.from({ length: 20 }, (_, at) => store.commit(appendOne(`b/${at}`, 0)));
    const stamp = await going;
    await Promise.all(meanwhile);
    expect(await store.isBackup()).toBe(false);
    await expect(store.backup(target)).rejects.toMatchObject({ code: 'backup_exists' });

    const copy = await openTestStore({ path: target, serve: true });
    expect(await copy.isBackup()).toBe(true);
    expect(await copy.backupStamp()).toEqual(stamp);
    expect(stamp.lastPosition).toBe(await copy.lastPosition());
    expect((await wholeLog(copy)).slice(0, 50)).toEqual((await wholeLog(store)).slice(0, 50));
    await copy.clearBackupStamp();
    expect(await copy.isBackup()).toBe(false);
    await copy.commit(appendOne('c/1', 0));
    expect(readdirSync(dirname(path)).filter((it) => it.includes('partial'))).toEqual([]);
  });

  test('is one file, which a reader can take while another process serves', async () => {
    const path = temporaryPath();
    const store = await openTestStore({ path, serve: true });
    await store.commit(appendOne('a/1', 0));
    const reader = await openTestStore({ path, readOnly: true });
    const target = `${path}-copy.db`;
    await reader.backup(target);
    expect(readdirSync(dirname(path)).filter((it) => it.includes('-copy'))).toEqual(['test.db-copy.db']);
    const copy = await openTestStore({ path: target, readOnly: true });
    expect([await copy.isBackup(), await copy.lastPosition()]).toEqual([true, 1]);
  });

  test('is refused where it would have no folder', async () => {
    const store = await openTestStore({ path: temporaryPath() });
    const refused = store.backup(join(dirname(temporaryPath()), 'no', 'copy.db'));
    await expect(refused).rejects.toMatchObject({ code: 'backup_folder_missing' });
  });

  test('works for a store in memory', async () => {
    const store = await openTestStore({ path: ':memory:' });
    await store.commit(appendOne('a/1', 0));
    const target = temporaryPath();
    await store.backup(target);
    const copy = await openTestStore({ path: target });
    expect([await copy.isBackup(), await copy.lastPosition()]).toEqual([true, 1]);
  });
});
