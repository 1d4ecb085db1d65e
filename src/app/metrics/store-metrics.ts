import { stat } from 'node:fs/promises';
import type { EventStore } from '../../event-store/event-store.ts';
import type { SqliteStoreOptions } from '../../event-store/sqlite/open-sqlite-store.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { SIZES } from '../../telemetry/metrics.ts';

type Group = Parameters<NonNullable<SqliteStoreOptions['onGroup']>>[0];

/** A flush takes from a fraction of a millisecond on a good disk to seconds on a sick one. */
const FLUSH_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/** The store: what is committed, and how the disk bears it. */
export function createStoreMetrics(metrics: Metrics) {
  const counter = (name: string, help: string) => metrics.counter({ name, help });
  const commits = counter('issuer_store_commits_total', 'Commits that are on disk.');
  const events = counter('issuer_store_events_total', 'Events that they appended.');
  const refused = counter('issuer_store_commits_refused_total', 'Commits that lost against another one.');
  const size = metrics.histogram({
    name: 'issuer_store_group_commits',
    help: 'Commits that shared one flush to disk.',
    buckets: SIZES,
  });
  const duration = metrics.histogram({
    name: 'issuer_store_group_duration_seconds',
    help: 'From the opening of a group to the end of its flush; nothing else runs meanwhile.',
    buckets: FLUSH_SECONDS,
  });
  const gauge = (name: string, help: string) => metrics.gauge({ name, help });
  const database = gauge('issuer_store_database_bytes', 'Size of the database file; none in memory.');
  const wal = gauge('issuer_store_wal_bytes', 'Size of its write-ahead log.');
  const position = gauge('issuer_store_last_position', 'Position of the last event.');
  return {
    onGroup: (group: Group): void => {
      commits.add([], group.commits);
      events.add([], group.events);
      refused.add([], group.refused);
      size.observe([], group.commits);
      duration.observe([], group.durationMs / 1000);
    },
    /** `path`: of the database file; null for one in memory. */
    async collect({
      store,
      path,
    }: {
      readonly store: Pick<EventStore, 'lastPosition'>;
      readonly path: string | null;
    }): Promise<void> {
      position.set([], await store.lastPosition());
      if (path === null) return;
      database.set([], await sizeOf(path));
      wal.set([], await sizeOf(`${path}-wal`));
    },
  };
}

/** Zero for a file that does not exist at present, as a write-ahead log does not always. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as Partial<NodeJS.ErrnoException>).code === 'ENOENT') return 0;
    throw error;
  }
}
