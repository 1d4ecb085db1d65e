import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SCHEMA } from '../../src/app/schema.ts';
import { verify } from '../../src/event-store/verify.ts';
import { seedMints, withStore } from '../bench/seed-mints.ts';
import { runCommand } from '../e2e/run-command.ts';
import { withReader } from '../e2e/with-reader.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.js');
const KILLS = 12;
/** Rises to what the whole command takes, from where it has hardly begun. */
const killAfterMs = (at: number): number => 150 + at * 90;

describe('a command on the database that is killed', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'issuance-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs it for so long at most; resolves when it is gone. */
  const runAndKill = (args: readonly string[], env: Record<string, string>, afterMs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [MAIN, ...args], {
        cwd: folder,
        env: { PATH: process.env['PATH'], ...env },
        stdio: 'ignore',
        timeout: afterMs,
        killSignal: 'SIGKILL',
      });
      child.once('error', reject);
      child.once('close', () => {
        resolve();
      });
    });

  test('in a rebuild leaves the views as they were or as they should be, and the next one ends it', async () => {
    const databasePath = join(folder, 'bent.db');
    await withStore(databasePath, (store) => seedMints(store, { finished: 1_500, open: 100 }));
    const bent = new DatabaseSync(databasePath);
    bent.exec(`UPDATE operation SET state = 'requested' WHERE state = 'completed'`);
    bent.close();
    const differences = async (): Promise<number> =>
      (await withReader({ databasePath }, (store) => verify(store, SCHEMA))).differenceCount;
    expect(await differences()).toBe(1_500);
    const env = { DATABASE_URL: `sqlite:${databasePath}` };
    for (let at = 0; at < KILLS; at += 1) {
      await runAndKill(['views', 'rebuild'], env, killAfterMs(at));
      expect([0, 1_500]).toContain(await differences());
    }
    expect(await runCommand(['views', 'rebuild'], env, folder)).toMatchObject({ code: 0 });
    expect(await differences()).toBe(0);
  });

  test('in a migration leaves something that the next one brings up to date', async () => {
    const env = { DATABASE_URL: `sqlite:${join(folder, 'new.db')}` };
    for (let at = 0; at < KILLS; at += 1) await runAndKill(['migrate', 'up'], env, killAfterMs(at) / 2);
    expect(await runCommand(['migrate', 'up'], env, folder)).toMatchObject({ code: 0 });
    expect(await runCommand(['migrate', 'status'], env, folder)).toMatchObject({ code: 0 });
    expect(await runCommand(['views', 'verify'], env, folder)).toMatchObject({ code: 0 });
  });
});
