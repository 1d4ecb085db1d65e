import type { EventStore, RowWrite } from '../../event-store/event-store.ts';
import type { Clock } from '../../ports/ports.ts';
import { createTurns } from '../../primitives/turns.ts';
import type { AlarmName } from '../../telemetry/alarms.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Difference, DifferenceKind, StandingDifference } from './difference.ts';
import { DIFFERENCE_TABLE, differenceRow, readDifference } from './difference.ts';

/** Looks in a row before an alarm: one may fall between what happens and what is recorded of it. */
const TOLD_AFTER = 2;
/** Differences of one kind that are kept; whoever has more knows enough. */
const MOST_KEPT = 10_000;

/** Lines at error, by what differs. What is told of elsewhere at once is only kept here. */
const ALARMS: Readonly<Record<DifferenceKind, readonly [alarm: AlarmName, message: string] | null>> = {
  custody: ['custody_differs', 'Alpaca holds another number of shares than tokens are out'],
  supply: ['supply_differs', 'a vault has another supply than the log explains'],
  deposit: ['deposit_unexplained', 'a deposit on one of our vaults is of no mint'],
  shares: null,
  receipt: null,
};

/** What differs, kept from look to look. */
export interface Differences {
  /**
   * Takes the outcome of a look at these subjects: raises an alarm for what was found twice, once and also across
   * restarts, and takes off what is gone. What was not looked at stays as it is.
   *
   * @returns whether something was found for the first time, so that a second look is due soon
   */
  record(
    kind: DifferenceKind,
    looked: ReadonlySet<string> | 'all',
    found: readonly Difference[],
  ): Promise<boolean>;
  /** Those that were found twice, the oldest first. */
  standing(): Promise<readonly StandingDifference[]>;
  /** Of one kind, also those that were found once. */
  known(kind: DifferenceKind): Promise<readonly StandingDifference[]>;
}

export function createDifferences(parts: {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each that an alarm stands for from now on. */
  readonly onTold: (kind: DifferenceKind) => void;
}): Differences {
  const { store, clock, log, onTold } = parts;
  const turns = createTurns();

  const known = async (kind: DifferenceKind): Promise<readonly StandingDifference[]> => {
    const rows = await store.find({ table: DIFFERENCE_TABLE.name, where: { kind }, limit: MOST_KEPT });
    return rows.map(readDifference);
  };

  const tell = (it: StandingDifference, before: StandingDifference | undefined): void => {
    if (!it.told || before?.told === true) return;
    onTold(it.kind);
    const alarm = ALARMS[it.kind];
    if (alarm !== null) log.error({ alarm: alarm[0], ...fieldsOf(it) }, alarm[1]);
  };

  return {
    record: (kind, looked, found) =>
      turns.run(kind, async () => {
        const before = new Map((await known(kind)).map((it) => [it.subject, it]));
        const now = new Map(found.slice(0, MOST_KEPT).map((it) => [it.subject, it]));
        const writes: RowWrite[] = [];
        let isNew = false;
        for (const it of now.values()) {
          const old = before.get(it.subject);
          const looks = it.isSettling === true ? 0 : Math.min((old?.looks ?? 0) + 1, TOLD_AFTER);
          const sinceMs = old?.sinceMs ?? clock.nowMs();
          const standing = { ...it, sinceMs, looks, told: looks >= TOLD_AFTER };
          isNew ||= looks > 0 && !standing.told;
          // Before the commit: an alarm that a crash swallowed would never come.
          tell(standing, old);
          if (old === undefined || !isSame(old, standing))
            writes.push({ op: 'upsert', table: DIFFERENCE_TABLE.name, row: differenceRow(standing) });
        }
        for (const old of before.values()) {
          if (now.has(old.subject) || (looked !== 'all' && !looked.has(old.subject))) continue;
          if (old.told) log.info(fieldsOf(old), 'a difference is gone');
          writes.push({ op: 'delete', table: DIFFERENCE_TABLE.name, key: { kind, subject: old.subject } });
        }
        if (writes.length > 0)
          await store.commit({ appends: [], writes: () => writes, metadata: { actor: 'engine' } });
        return isNew;
      }),

    async standing() {
      const rows = await store.find({ table: DIFFERENCE_TABLE.name, limit: MOST_KEPT });
      return rows
        .map(readDifference)
        .filter((it) => it.told)
        .toSorted((a, b) => a.sinceMs - b.sinceMs);
    },
    known,
  };
}

function fieldsOf(it: StandingDifference): Readonly<Record<string, unknown>> {
  const { kind, underlying, network, vault, receiptId, transactionHash, expected, found, sinceMs } = it;
  const since = new Date(sinceMs).toISOString();
  const place = { underlying, network, vault, receipt_id: receiptId, tx_hash: transactionHash };
  return { difference: kind, ...place, expected, found, since };
}

function isSame(a: StandingDifference, b: StandingDifference): boolean {
  return a.expected === b.expected && a.found === b.found && a.looks === b.looks && a.told === b.told;
}
