import { SCHEMA } from '../../src/app/schema.ts';
import type { SqliteStore } from '../../src/event-store/sqlite/open-sqlite-store.ts';
import { openSqliteStore } from '../../src/event-store/sqlite/open-sqlite-store.ts';
import { systemClock, systemTimers } from '../../src/ports/system.ts';
import type { World } from './world.ts';

/** Reads the service's database beside it, as it is now. */
export async function withReader<T>(
  world: Pick<World, 'databasePath'>,
  task: (store: SqliteStore) => Promise<T>,
): Promise<T> {
  const store = await openSqliteStore({
    path: world.databasePath,
    tables: SCHEMA.tables,
    clock: systemClock,
    timers: systemTimers,
    onFatal: (error) => {
      throw error;
    },
    readOnly: true,
  });
  try {
    return await task(store);
  } finally {
    await store.close();
  }
}
