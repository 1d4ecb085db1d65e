import { SCHEMA } from '../app/schema.ts';
import type { OnProgress } from '../event-store/progress.ts';
import type { SqliteStore } from '../event-store/sqlite/open-sqlite-store.ts';
import { openSqliteStore } from '../event-store/sqlite/open-sqlite-store.ts';
import { systemClock, systemTimers } from '../ports/system.ts';
import { createProgressBar } from './output/progress-bar.ts';
import { readDatabasePath } from './settings.ts';

/**
 * Opens the database beside the service for one task, with a bar for what takes long, and closes it. The task prints
 * nothing itself: the bar would still stand there.
 */
export async function withStore<Result>(
  how: { readonly serve?: boolean; readonly readOnly?: boolean },
  title: string,
  task: (store: SqliteStore, onProgress: OnProgress) => Promise<Result>,
): Promise<Result> {
  const store = await openSqliteStore({
    path: readDatabasePath(),
    tables: SCHEMA.tables,
    clock: systemClock,
    timers: systemTimers,
    onFatal: (error) => {
      console.error(`issuer: the store stopped for good: ${error.message}`);
      process.exit(1);
    },
    ...how,
  });
  const progress = createProgressBar(title, systemTimers);
  try {
    return await task(store, (it) => {
      progress.onProgress(it);
    });
  } finally {
    progress.end();
    await store.close();
  }
}
