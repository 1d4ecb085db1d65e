import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemTimers } from '../../ports/system.ts';
import { describeEventStore } from '../contract.ts';
import { IN_MEMORY, openSqliteStore } from './open-sqlite-store.ts';

describeEventStore('SQLite in memory, one flush per commit', (options) =>
  openSqliteStore({ ...options, path: IN_MEMORY, timers: systemTimers, groupCommit: false }),
);

describeEventStore('SQLite in a file', (options) => {
  const folder = mkdtempSync(join(tmpdir(), 'event-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'test.db');
  return openSqliteStore({ ...options, path, timers: systemTimers, serve: true });
});
