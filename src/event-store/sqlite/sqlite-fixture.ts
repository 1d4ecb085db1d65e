import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock, systemTimers } from '../../ports/system.ts';
import { DEED, ITEM, PAIR } from '../contract-fixture.ts';
import { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from './open-sqlite-store.ts';

/** A path in a folder that is removed after the test. */
export function temporaryPath(name = 'test.db'): string {
  const folder = mkdtempSync(join(tmpdir(), 'event-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, name);
}

/** Opens a store with the contract's tables; it is closed after the test. Errors that stop it are thrown. */
export async function openTestStore(
  options: Partial<SqliteStoreOptions> & { readonly path: string },
): Promise<SqliteStore> {
  const store = await openSqliteStore({
    tables: [ITEM, PAIR, DEED],
    clock: systemClock,
    timers: systemTimers,
    onFatal: (error) => {
      throw error;
    },
    ...options,
  });
  onTestFinished(() => store.close());
  return store;
}
