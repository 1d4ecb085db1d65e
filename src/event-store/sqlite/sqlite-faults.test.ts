import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { systemTimers } from '../../ports/system.ts';
import { appendOne, endings, ITEM, rowsOnly, wholeLog } from '../contract-fixture.ts';
import { MAX_BACKLOG } from '../listeners.ts';
import { MAX_GROUP_COMMITS } from './commit-queue.ts';
import { openTestStore, temporaryPath } from './sqlite-fixture.ts';

/** A store whose connection the test can break. */
async function openBreakable() {
  const path = temporaryPath();
  const fatal: Error[] = [];
  const opened: DatabaseSync[] = [];
  const store = await openTestStore({
    path,
    serve: true,
    onFatal: (error) => fatal.push(error),
    connect: (file, { readOnly, timeoutMs }) => {
      const db = new DatabaseSync(file, { readOnly, timeout: timeoutMs });
      opened.push(db);
      return db;
    },
  });
  const [db] = opened;
  if (db === undefined) throw new Error('the store opened no database');
  return { path, store, fatal, db };
}

function fillDisk(db: DatabaseSync): void {
  const { page_count: pages } = db.prepare('PRAGMA page_count').get() as { page_count: number };
  db.exec(`PRAGMA max_page_count = ${pages}`);
}

describe('SQLite store, when the database fails', () => {
  test('a full disk leaves the whole group unknown, stops the store and says so once', async () => {
    const { path, store, fatal, db } = await openBreakable();
    await store.commit(appendOne('a/1', 0));
    fillDisk(db);
    const big = { text: 'x'.repeat(50_000) };
    const group = [
      store.commit(appendOne('a/2', 0)),
      store.commit(appendOne('a/1', 0)),
      store.commit(appendOne('a/3', 0, big)),
      store.commit(appendOne('a/4', 0)),
    ];
    expect(await endings(group)).toEqual(Array.from({ length: 4 }, () => 'OutcomeUnknown'));
    expect(fatal).toMatchObject([{ code: 'outcome_unknown' }]);
    await expect(store.commit(appendOne('a/5', 0))).rejects.toMatchObject({
      code: 'store_closed',
      cause: fatal[0],
    });
    await expect(store.readStream('a/1')).rejects.toMatchObject({ code: 'store_closed' });
    await store.close();
    const next = await openTestStore({ path, serve: true });
    expect((await wholeLog(next)).map((it) => it.stream)).toEqual(['a/1']);
    await next.commit(appendOne('a/2', 0));
    expect(fatal).toHaveLength(1);
  });

  test('a failure of COMMIT itself leaves the group unknown, and what waits behind it is refused', async () => {
    const { store, fatal, db } = await openBreakable();
    await store.commit(appendOne('a/0', 0));
    db.exec(`
      PRAGMA foreign_keys = ON;
      CREATE TABLE parent (id INTEGER PRIMARY KEY);
      CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER breaks AFTER INSERT ON events BEGIN INSERT INTO child VALUES (1); END;
    `);
    const commits = Array.from({ length: MAX_GROUP_COMMITS + 2 }, (_, at) =>
      store.commit(appendOne(`a/${at + 1}`, 0)),
    );
    const ended = await endings(commits);
    expect(ended.slice(0, MAX_GROUP_COMMITS).every((it) => it === 'OutcomeUnknown')).toBe(true);
    expect(ended.slice(MAX_GROUP_COMMITS)).toEqual(['StoreClosed', 'StoreClosed']);
    expect(fatal).toHaveLength(1);
    expect(db.prepare('SELECT count(*) AS count FROM events').get()).toMatchObject({ count: 1 });
  });

  test('a failure while rebuilding or writing a note stops the store too', async () => {
    const { store, fatal, db } = await openBreakable();
    fillDisk(db);
    await expect(store.setMeta('note', 'x'.repeat(50_000))).rejects.toMatchObject({
      code: 'outcome_unknown',
    });
    expect(fatal).toHaveLength(1);
  });

  test('a file that may only be read is refused at the start, and stops a store that serves it', async () => {
    const { path, store, fatal, db } = await openBreakable();
    await store.commit(appendOne('a/1', 0));
    db.exec('PRAGMA query_only = ON');
    expect(await endings([store.commit(appendOne('a/2', 0))])).toEqual(['OutcomeUnknown']);
    expect(fatal).toMatchObject([{ code: 'outcome_unknown' }]);
    await store.close();
    const connect = (file: string): DatabaseSync => new DatabaseSync(file, { readOnly: true });
    const refused = openTestStore({ path, serve: true, connect });
    await expect(refused).rejects.toMatchObject({ code: 'database_unopenable' });
    const reader = await openTestStore({ path, readOnly: true });
    expect((await wholeLog(reader)).map((it) => it.stream)).toEqual(['a/1']);
  });

  test('a lock that somebody else keeps leaves the group unknown and stops the store', async () => {
    const path = temporaryPath();
    const fatal: Error[] = [];
    const connect = (file: string): DatabaseSync => new DatabaseSync(file, { timeout: 20 });
    const store = await openTestStore({ path, serve: true, connect, onFatal: (error) => fatal.push(error) });
    await store.commit(appendOne('a/1', 0));
    const shell = new DatabaseSync(path);
    shell.exec('BEGIN IMMEDIATE');
    expect(await endings([store.commit(appendOne('a/2', 0))])).toEqual(['OutcomeUnknown']);
    expect(fatal).toMatchObject([{ code: 'outcome_unknown' }]);
    shell.exec('ROLLBACK');
    shell.close();
    await store.close();
    const next = await openTestStore({ path, serve: true });
    expect((await wholeLog(next)).map((it) => it.stream)).toEqual(['a/1']);
  });

  test('a store that was overtaken refuses to commit, and stops', async () => {
    const { path, store, fatal } = await openBreakable();
    await store.commit(appendOne('a/1', 0));
    const other = new DatabaseSync(path);
    other.exec(`UPDATE meta SET value = '99' WHERE name = 'store.epoch'`);
    other.close();
    const refused = [store.commit(appendOne('a/2', 0)), store.commit(appendOne('a/3', 0))];
    expect(await endings(refused)).toEqual(['FencedOut', 'FencedOut']);
    expect(fatal).toMatchObject([{ code: 'fenced_out' }]);
    await store.close();
    const next = await openTestStore({ path, serve: true });
    expect(next.epoch).toBe(100);
    expect(await wholeLog(next)).toHaveLength(1);
  });

  test('no one can change or delete an event, even past the store', async () => {
    const { store, db } = await openBreakable();
    await store.commit(appendOne('a/1', 0));
    expect(() => db.exec('DELETE FROM events')).toThrow(/only grows/);
    expect(() => db.exec(`UPDATE events SET type = 'other'`)).toThrow(/only grows/);
  });

  test('a log with a gap stops the store, and is never given to anyone', async () => {
    const { store, fatal, db } = await openBreakable();
    for (const id of ['1', '2', '3']) await store.commit(appendOne(`a/${id}`, 0));
    db.exec('DROP TRIGGER events_hold; UPDATE events SET position = 4 WHERE position = 3');
    expect(await store.readAll({ after: 0, limit: 2 })).toHaveLength(2);
    await expect(store.readAll({ after: 0, limit: 3 })).rejects.toThrow(/where event 3 .* there is 4/);
    expect(fatal).toMatchObject([{ code: 'database_damaged' }]);
  });

  test('an event that is not as it was written stops the store, and is never given to anyone', async () => {
    const { path, store, fatal, db } = await openBreakable();
    await store.commit(appendOne('a/1', 0, { amount: 10n }));
    await store.commit(appendOne('a/2', 0));
    db.exec(`DROP TRIGGER events_hold; UPDATE events SET data = replace(data, '"10"', '"11"')`);
    await expect(store.readStream('a/1')).rejects.toMatchObject({ code: 'database_damaged' });
    expect(fatal).toMatchObject([{ code: 'database_damaged' }]);
    await expect(store.commit(appendOne('a/3', 0))).rejects.toMatchObject({ code: 'store_closed' });
    await store.close();
    const reader = await openTestStore({ path, readOnly: true, onFatal: () => undefined });
    await expect(wholeLog(reader)).rejects.toThrow(/event 1 of the log is not as it was written/);
  });

  test('a file without its first page is not taken for a new database', async () => {
    const path = temporaryPath();
    writeFileSync(path, 'SQLite format 3');
    await expect(openTestStore({ path, serve: true })).rejects.toMatchObject({ code: 'database_damaged' });
    expect(readFileSync(path, 'utf8')).toBe('SQLite format 3');
  });

  test('after a crash pages that contradict each other are found before anything is served', async () => {
    const { path, store, db } = await openBreakable();
    await store.commit(appendOne('a/1', 0));
    const { rootpage } = db.prepare(`SELECT rootpage FROM sqlite_master WHERE name = 'item'`).get() as {
      rootpage: number;
    };
    const { page_size: bytes } = db.prepare('PRAGMA page_size').get() as { page_size: number };
    await store.close();
    const content = readFileSync(path);
    writeFileSync(path, content.fill(0, (rootpage - 1) * bytes, rootpage * bytes));
    // As a process leaves it that did not end in order.
    writeFileSync(`${path}-wal`, '');
    await expect(openTestStore({ path, serve: true })).rejects.toMatchObject({ code: 'database_damaged' });
  });

  test('no reader sees rows of a group before it is durable', async () => {
    const { path, store } = await openBreakable();
    const reader = new DatabaseSync(path, { readOnly: true });
    const seen: unknown[] = [];
    const count = (): unknown => reader.prepare('SELECT count(*) AS count FROM item').get()?.['count'];
    const insert = (id: string) =>
      store.commit({
        ...rowsOnly(),
        writes: () => {
          seen.push(count());
          return [{ op: 'insert', table: ITEM.name, row: { id, owner: id } }];
        },
      });
    const commits = [insert('1'), insert('2')];
    expect(await store.count({ table: ITEM.name })).toBe(0);
    await Promise.all(commits);
    expect(seen).toEqual([0, 0]);
    expect(count()).toBe(2);
    reader.close();
  });

  test('a crash forgets what waits, and only that', async () => {
    const path = temporaryPath();
    const store = await openTestStore({ path, serve: true });
    await store.commit(appendOne('a/1', 0));
    let settled = false;
    const note = (): void => {
      settled = true;
    };
    store.commit(appendOne('a/2', 0)).then(note, note);
    await Promise.resolve();
    store.abandon();
    const next = await openTestStore({ path, serve: true });
    await next.commit(appendOne('a/3', 0));
    expect((await wholeLog(next)).map((it) => it.stream)).toEqual(['a/1', 'a/3']);
    expect(settled).toBe(false);
  });

  test('a listener that never recovers stops the store before memory runs out', async () => {
    const fatal: Error[] = [];
    const store = await openTestStore({
      path: ':memory:',
      timers: { ...systemTimers, after: () => () => undefined },
      onFatal: (error) => fatal.push(error),
      onListenerError: () => undefined,
    });
    store.onCommitted(() => {
      throw new Error('never');
    });
    const commits = Array.from({ length: MAX_BACKLOG + 1 }, () => store.commit(rowsOnly()));
    await Promise.all(commits);
    expect(fatal).toMatchObject([{ code: 'listener_stuck' }]);
  });
});
