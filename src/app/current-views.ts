import type { Schema } from '../event-store/ledger.ts';
import { rebuild } from '../event-store/rebuild.ts';
import type { SqliteStore } from '../event-store/sqlite/open-sqlite-store.ts';
import type { Log } from '../telemetry/log.ts';

/** Under this name the database keeps which version of the views its rows are of. */
const VERSION_NAME = 'views-version';

/**
 * Rebuilds the views where their tables changed, or where the rows are of another version than the program's: one more
 * rebuild does no harm, a row that was computed by older rules would stay for ever. A log without events has no rows.
 *
 * @throws what `rebuild` throws; then the views are as before
 */
export async function bringViewsUpToDate(
  store: SqliteStore,
  schema: Schema,
  version: number,
  log: Pick<Log, 'info'>,
): Promise<void> {
  const kept = await store.meta(VERSION_NAME);
  const isCurrent = kept === String(version);
  const isEmpty = (await store.lastPosition()) === 0;
  if (store.rebuildNeeded || (!isCurrent && !isEmpty)) {
    log.info({ from: kept, to: version }, 'rebuilding the views, since their form changed');
    const report = await rebuild(store, schema);
    log.info({ ...report }, 'views rebuilt');
  }
  // Only now: a crash before it repeats the rebuild.
  if (!isCurrent) await store.setMeta(VERSION_NAME, String(version));
}
