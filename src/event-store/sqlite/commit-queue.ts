import type { Clock, Timers } from '../../ports/ports.ts';
import { FencedOut, OutcomeUnknown } from '../errors.ts';
import type { Commit, Committed, CommitStamp } from '../event-store.ts';
import { createApply, type Outcome, type PreparedCommit, prepareCommit } from './apply-commit.ts';
import type { Connection } from './connection.ts';
import { META } from './meta.ts';
import type { ReadTurns } from './read-turns.ts';
import type { RowWriter } from './row-writer.ts';
import type { StreamIds } from './stream-ids.ts';

/**
 * Most commits that share one flush. At 20 to 40 µs each a full group holds the event loop for about 10 ms, and the
 * flush is long since paid for: more would add latency and nothing else.
 */
export const MAX_GROUP_COMMITS = 256;

interface Pending {
  readonly prepared: PreparedCommit;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: unknown) => void;
}

/** What one flush brought, for metrics. */
export interface GroupReport {
  /** Commits that were taken. */
  readonly commits: number;
  /** Events that they appended. */
  readonly events: number;
  readonly refused: number;
  /** From the opening of the transaction to the end of the flush. */
  readonly durationMs: number;
}

export interface CommitQueue {
  add(commit: Commit): Promise<Committed>;
  /** Resolves when nothing is waiting any more. */
  drained(): Promise<void>;
  /** Rejects what waits, with the error that `refusal` makes. */
  refuseAll(refusal: () => Error): void;
  /** Forgets what waits, as a crash would: the promises never settle. */
  abandon(): void;
}

/**
 * Group commit: what arrives before the next turn of the event loop shares one transaction and one flush to disk. A
 * group opens, runs and commits within one synchronous turn, so no reader sees rows that a crash could take back.
 */
export function createCommitQueue(options: {
  readonly connection: Connection;
  readonly writer: RowWriter;
  readonly streams: StreamIds;
  readonly turns: ReadTurns;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly epoch: number;
  readonly groupCommit: boolean;
  readonly deliver: (committed: Committed) => void;
  /** Told of each group that reached the disk, outside its transaction, before its promises settle. Must not throw. */
  readonly onGroup: (group: GroupReport) => void;
  /** The store can never commit again; called after the group's promises were rejected. */
  readonly onStop: (error: FencedOut | OutcomeUnknown) => void;
}): CommitQueue {
  const { timers, deliver, onStop } = options;
  const maxGroup = options.groupCommit ? MAX_GROUP_COMMITS : 1;
  const runGroup = createGroupRunner(options);
  let waiting: Pending[] = [];
  let scheduled = false;
  let onDrained: (() => void)[] = [];

  const schedule = (): void => {
    if (scheduled || waiting.length === 0) return;
    scheduled = true;
    timers.defer(flush);
  };

  const flush = (): void => {
    scheduled = false;
    const group = waiting.slice(0, maxGroup);
    waiting = waiting.slice(maxGroup);
    if (group.length > 0) {
      const startedMs = timers.monotonicMs();
      const result = runGroup(group.map((it) => it.prepared));
      if ('stopped' in result) {
        for (const pending of group) pending.reject(result.stopped);
        onStop(result.stopped);
      } else {
        options.onGroup(reportOf(result.outcomes, timers.monotonicMs() - startedMs));
        settle(group, result.outcomes, deliver);
      }
    }
    schedule();
    notifyDrained();
  };

  const notifyDrained = (): void => {
    if (waiting.length > 0) return;
    const callbacks = onDrained;
    onDrained = [];
    for (const callback of callbacks) callback();
  };

  return {
    add(commit) {
      return new Promise((resolve, reject) => {
        // What throws here rejects this commit alone.
        waiting.push({ prepared: prepareCommit(commit), resolve, reject });
        schedule();
      });
    },
    drained() {
      return new Promise((resolve) => {
        onDrained.push(resolve);
        if (!scheduled) notifyDrained();
      });
    },
    refuseAll(refusal) {
      const refused = waiting;
      waiting = [];
      for (const pending of refused) pending.reject(refusal());
      notifyDrained();
    },
    abandon() {
      waiting = [];
    },
  };
}

function reportOf(outcomes: readonly Outcome[], durationMs: number): GroupReport {
  let [commits, events] = [0, 0];
  for (const outcome of outcomes) {
    if ('refused' in outcome) continue;
    commits += 1;
    events += outcome.committed.events.length;
  }
  return { commits, events, refused: outcomes.length - commits, durationMs };
}

function settle(
  group: readonly Pending[],
  outcomes: readonly Outcome[],
  deliver: (committed: Committed) => void,
): void {
  outcomes.forEach((outcome, at) => {
    if ('refused' in outcome) group[at]?.reject(outcome.refused);
    else {
      group[at]?.resolve(outcome.committed);
      deliver(outcome.committed);
    }
  });
}

type GroupResult =
  | { readonly outcomes: readonly Outcome[] }
  | { readonly stopped: FencedOut | OutcomeUnknown };

const HEAD = `SELECT (SELECT value FROM meta WHERE name = '${META.epoch}') AS epoch,
  (SELECT time FROM events ORDER BY position DESC LIMIT 1) AS timeMs`;

function createGroupRunner(options: {
  readonly connection: Connection;
  readonly writer: RowWriter;
  readonly streams: StreamIds;
  readonly turns: ReadTurns;
  readonly clock: Clock;
  readonly epoch: number;
}): (group: readonly PreparedCommit[]) => GroupResult {
  const { connection, streams, clock, epoch } = options;
  const { db } = connection;
  const apply = createApply(connection, options.writer, streams);
  let lastTimeMs = 0;

  const begin = (): CommitStamp => {
    options.turns.leave();
    connection.prepare('BEGIN IMMEDIATE').run();
    streams.beginGroup();
    const head = connection.prepare(HEAD).get();
    const currentEpoch = Number(head?.['epoch']);
    if (currentEpoch !== epoch) throw new FencedOut(connection.path, epoch, currentEpoch);
    // The clock may jump back; the log's time does not.
    lastTimeMs = Math.max(lastTimeMs, (head?.['timeMs'] as number | null) ?? 0, Math.trunc(clock.nowMs()));
    return { timeMs: lastTimeMs };
  };

  /** Null: a commit was refused after it had written, and everything was rolled back. */
  const attempt = (group: readonly PreparedCommit[], isolated: boolean): readonly Outcome[] | null => {
    const stamp = begin();
    const outcomes: Outcome[] = [];
    for (const commit of group) {
      const outcome = apply(commit, stamp, isolated);
      if ('tainted' in outcome) {
        db.exec('ROLLBACK');
        streams.forget();
        return group.length === 1 ? [{ refused: outcome.tainted }] : null;
      }
      outcomes.push(outcome);
    }
    connection.prepare('COMMIT').run();
    if (db.isTransaction) throw new Error('COMMIT left the transaction open');
    return outcomes;
  };

  return (group) => {
    try {
      const outcomes = attempt(group, false) ?? attempt(group, true);
      if (outcomes === null) throw new Error('a savepoint did not hold');
      return { outcomes };
    } catch (error) {
      const rollbackError = rollBack(connection);
      if (error instanceof FencedOut) return { stopped: error };
      const cause =
        rollbackError === null ? error : new AggregateError([error, rollbackError], String(error));
      return { stopped: new OutcomeUnknown(connection.path, cause) };
    }
  };
}

/** SQLite may have rolled back by itself already. A rollback that fails too is told together with its cause. */
function rollBack({ db }: Connection): unknown {
  try {
    if (db.isTransaction) db.exec('ROLLBACK');
    return null;
  } catch (error) {
    return error;
  }
}
