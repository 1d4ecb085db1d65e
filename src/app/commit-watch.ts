import type { CommitReport } from '../event-store/ledger.ts';
import type { Log } from '../telemetry/log.ts';

type Listener = (report: CommitReport) => void;

/** Whoever wants to know what commits did: the log, metrics, traces. */
export interface CommitWatch {
  add(listener: Listener): void;
  /** For the ledger. Never throws: a commit is not undone because somebody could not be told of it. */
  readonly onCommitted: Listener;
}

export function createCommitWatch(log: Pick<Log, 'error'>): CommitWatch {
  const listeners: Listener[] = [];
  return {
    add(listener) {
      listeners.push(listener);
    },
    onCommitted(report) {
      if (report.changes.length === 0) return;
      for (const listener of listeners) {
        try {
          listener(report);
        } catch (error) {
          log.error(
            { alarm: 'listener_failed', err: error },
            'a listener of commits threw; the commit stands',
          );
        }
      }
    },
  };
}
