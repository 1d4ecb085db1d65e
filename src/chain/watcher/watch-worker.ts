import type { Worker } from '../../engine/work.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import type { Watcher } from './create-watcher.ts';

/**
 * The engine's worker for all networks' watchers. A step for a network that was taken out of the settings
 * fails, and keeps saying so on its row: its vaults are not watched any more.
 */
export function createWatchWorker(watchers: readonly Watcher[]): Worker {
  const byNetwork = new Map(watchers.map((it) => [it.network, it]));
  return {
    kind: 'watch',
    // Three tasks a network, and none may wait for another.
    concurrency: Math.max(1, watchers.length * 3),
    step: async (row) => {
      const watcher = byNetwork.get(row.network ?? '');
      if (watcher === undefined) {
        throw new IssuanceError(
          'network_not_configured',
          `network ${row.network} is in the database and not in the settings: its vaults are not watched`,
        );
      }
      return watcher.step(row);
    },
  };
}
