import { IssuanceError } from '../primitives/failures.ts';
import type { Timers } from '../ports/ports.ts';
import type { Committed } from './event-store.ts';

type Listener = (committed: Committed) => void;

export interface Listeners {
  add(listener: Listener): () => void;
  deliver(committed: Committed): void;
  /** Gives up what still waits for a repeat. */
  stop(): void;
}

/** First pause before a listener that threw sees its commit again; doubles up to the longest. */
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 10_000;

/** Commits kept for a listener that keeps throwing. Past it the process must stop: memory would be next. */
export const MAX_BACKLOG = 10_000;

interface Entry {
  readonly listener: Listener;
  readonly backlog: Committed[];
  failures: number;
  cancelRetry: (() => void) | null;
}

/**
 * Delivers commits in order. A listener that throws is given the same commit again, later, before any newer one; the
 * others do not notice.
 */
export function createListeners(options: {
  readonly timers: Timers;
  readonly onError: (error: unknown) => void;
  /** A listener kept throwing for `MAX_BACKLOG` commits. */
  readonly onStuck: (error: IssuanceError) => void;
}): Listeners {
  const { timers, onError, onStuck } = options;
  const entries = new Set<Entry>();

  const drain = (entry: Entry): void => {
    let next = entry.backlog[0];
    while (next !== undefined && entries.has(entry)) {
      try {
        entry.listener(next);
      } catch (error) {
        retryLater(entry);
        onError(error);
        return;
      }
      entry.failures = 0;
      entry.backlog.shift();
      next = entry.backlog[0];
    }
  };

  const retryLater = (entry: Entry): void => {
    const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(entry.failures, 20));
    entry.failures += 1;
    entry.cancelRetry = timers.after(delayMs, () => {
      entry.cancelRetry = null;
      drain(entry);
    });
  };

  const remove = (entry: Entry): void => {
    entry.cancelRetry?.();
    entry.cancelRetry = null;
    entries.delete(entry);
  };

  return {
    add(listener) {
      const entry: Entry = { listener, backlog: [], failures: 0, cancelRetry: null };
      entries.add(entry);
      return () => {
        remove(entry);
      };
    },
    deliver(committed) {
      for (const entry of Array.from(entries)) {
        entry.backlog.push(committed);
        if (entry.cancelRetry === null) drain(entry);
        else if (entry.backlog.length > MAX_BACKLOG) {
          remove(entry);
          onStuck(new IssuanceError('listener_stuck', `a listener kept throwing for ${MAX_BACKLOG} commits`));
        }
      }
    },
    stop() {
      for (const entry of entries) remove(entry);
    },
  };
}
