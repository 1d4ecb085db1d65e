import { serve } from '../../src/cli/serve.ts';
import { openSqliteStore } from '../../src/event-store/sqlite/open-sqlite-store.ts';

/** The service as it would be if every commit were flushed by itself. */
await serve({
  migrate: true,
  restored: false,
  instead: { openStore: (options) => openSqliteStore({ ...options, groupCommit: false }) },
});
