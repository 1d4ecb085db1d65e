import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { appendOne } from '../contract-fixture.ts';
import { DatabaseCopied } from '../errors.ts';
import type { FileIdentity } from './file-identity.ts';
import { identifyFile } from './file-identity.ts';
import type { SqliteStore, SqliteStoreOptions } from './open-sqlite-store.ts';
import { openTestStore, temporaryPath } from './sqlite-fixture.ts';

/** As the service does. */
function serve(path: string, options: Partial<SqliteStoreOptions> = {}): Promise<SqliteStore> {
  return openTestStore({ path, serve: true, refuseCopy: true, ...options });
}

/** A database that was served, has one event, and is closed. */
async function served(options: Partial<SqliteStoreOptions> = {}): Promise<string> {
  const path = temporaryPath();
  const store = await serve(path, options);
  await store.commit(appendOne('a/1', 0));
  await store.close();
  return path;
}

function copyOf(path: string): string {
  const copy = `${path}-copy.db`;
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(`${path}${suffix}`)) copyFileSync(`${path}${suffix}`, `${copy}${suffix}`);
  }
  return copy;
}

describe('a copy of a database that was served', () => {
  test('is refused beside the original, which goes on, with what both are and what to do', async () => {
    const path = temporaryPath();
    const store = await serve(path);
    await store.commit(appendOne('a/1', 0));
    const copy = copyOf(path);
    const refused = serve(copy);
    const [noted, found] = [path, copy].map((it) => `inode ${identifyFile(it).inode}`);
    await expect(refused).rejects.toMatchObject({ code: 'database_copied', details: { database: copy } });
    await expect(refused).rejects.toThrow(new RegExp(`last \\(${noted}.*is ${found}.*serve --restored`));
    await store.commit(appendOne('a/1', 1));
    await expect(serve(copy)).rejects.toMatchObject({ code: 'database_copied' });
    await store.close();
    await (await serve(path)).close();
  });

  test('is refused before its schema is changed, and served by nobody', async () => {
    const copy = copyOf(await served({ tables: [] }));
    await expect(serve(copy)).rejects.toMatchObject({ code: 'database_copied' });
    const db = new DatabaseSync(copy);
    expect(db.prepare(`SELECT name FROM sqlite_master WHERE name = 'item'`).all()).toEqual([]);
    expect(db.prepare(`SELECT value FROM meta WHERE name = 'store.epoch'`).get()).toEqual({ value: '1' });
    db.close();
  });

  test('is open to whoever does not act outside', async () => {
    const copy = copyOf(await served());
    await (await openTestStore({ path: copy, readOnly: true })).close();
    await (await openTestStore({ path: copy, serve: true })).close();
    await expect(serve(copy)).rejects.toMatchObject({ code: 'database_copied' });
  });

  test('serves when the operator says so, is a backup until that is dealt with, and is the one from then', async () => {
    const path = await served();
    const copy = copyOf(path);
    const restored = await serve(copy, { acceptLoss: true });
    const stamp = await restored.backupStamp();
    const [event] = await restored.readStream('a/1');
    expect(stamp).toEqual({ takenMs: event?.timeMs, lastPosition: 1 });
    // The power goes off before any lane knows.
    restored.abandon();
    const again = await serve(copy);
    expect(await again.backupStamp()).toEqual(stamp);
    await again.clearBackupStamp();
    await again.close();
    const next = await serve(copy);
    expect(await next.isBackup()).toBe(false);
    await next.close();
    // What was written to the copy since, the original does not know.
    const moved = copyOf(copy);
    await expect(serve(moved)).rejects.toMatchObject({ code: 'database_copied' });
  });

  test('that the operator restored twice keeps the older stamp', async () => {
    const copy = copyOf(await served());
    const restored = await serve(copy, { acceptLoss: true });
    const stamp = await restored.backupStamp();
    await restored.commit(appendOne('a/1', 1));
    await restored.close();
    const again = await serve(copy, { acceptLoss: true });
    expect(await again.backupStamp()).toEqual(stamp);
  });

  test('takes nothing from a start that fails: neither stamp nor file without the epoch', async () => {
    const copy = copyOf(await served());
    class Failing extends DatabaseSync {
      override exec(sql: string): void {
        if (sql === 'COMMIT') throw new Error('disk I/O error');
        super.exec(sql);
      }
    }
    const failing = serve(copy, { acceptLoss: true, connect: (file) => new Failing(file) });
    await expect(failing).rejects.toThrow('disk I/O error');
    await expect(serve(copy)).rejects.toMatchObject({ code: 'database_copied' });
    const reader = await openTestStore({ path: copy, readOnly: true });
    expect(await reader.isBackup()).toBe(false);
  });
});

describe('the same database', () => {
  test('goes on under another name and in another folder', async () => {
    const path = await served();
    const folder = join(dirname(path), 'other');
    mkdirSync(folder);
    const moved = join(folder, 'renamed.db');
    renameSync(path, moved);
    const store = await serve(moved);
    expect([store.epoch, await store.isBackup()]).toEqual([2, false]);
  });

  test('goes on when an older state of it is written over it, which the lanes find out', async () => {
    const path = await served();
    const older = copyOf(path);
    const store = await serve(path);
    await store.commit(appendOne('a/1', 1));
    await store.close();
    copyFileSync(older, path);
    expect(await (await serve(path)).readStream('a/1')).toHaveLength(1);
  });

  test('a backup serves from any file, and a copy of it that served from no other', async () => {
    const path = temporaryPath();
    const store = await serve(path);
    await store.commit(appendOne('a/1', 0));
    const backup = `${path}-backup.db`;
    await store.backup(backup);
    await store.close();
    rmSync(path);
    copyFileSync(backup, path);
    const restored = await serve(path);
    expect(await restored.isBackup()).toBe(true);
    // Still stamped, and serving all the same.
    const copy = copyOf(path);
    await expect(serve(copy)).rejects.toMatchObject({ code: 'database_copied' });
  });

  test('in memory there are no copies', async () => {
    const store = await serve(':memory:');
    expect(await store.meta('store.served_file')).toBeNull();
  });
});

describe('what tells files apart', () => {
  const A: FileIdentity = { inode: '7', bornNs: '1700000000000000001' };
  const B: FileIdentity = { inode: '8', bornNs: '1700000000000000001' };
  const later: FileIdentity = { inode: '7', bornNs: '1700000000000000002' };
  const unborn: FileIdentity = { inode: '7', bornNs: null };

  test.each<[string, FileIdentity, FileIdentity, 'same' | 'copied']>([
    ['the same', A, A, 'same'],
    ['another inode', A, B, 'copied'],
    ['an inode that was given to another file since', A, later, 'copied'],
    ['a birth time that nobody tells any more', A, unborn, 'copied'],
    ['a birth time that was not told before', unborn, A, 'same'],
    ['an inode alone', unborn, unborn, 'same'],
    ['another inode alone', unborn, { inode: '8', bornNs: null }, 'copied'],
  ])('%s', async (_what, noted, found, wanted) => {
    const path = await served({ identify: () => noted });
    const ending = await serve(path, { identify: () => found }).then(
      () => 'same',
      (error: unknown) => (error instanceof DatabaseCopied ? 'copied' : error),
    );
    expect(ending).toBe(wanted);
  });

  test('a birth time that is told later is noted then', async () => {
    const path = await served({ identify: () => unborn });
    await (await serve(path, { identify: () => A })).close();
    await expect(serve(path, { identify: () => later })).rejects.toThrow(/2023-11-14T22:13:20.000Z/);
  });
});
