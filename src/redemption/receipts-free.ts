import type { Committed, EventStore, StoredEvent } from '../event-store/event-store.ts';
import { OPERATION_TABLE } from '../operation/operation-row.ts';
import type { Log } from '../telemetry/log.ts';
import type { WaitReason } from './state.ts';

const SHORT: WaitReason = 'receipts_short';
/** Redemptions woken at once; those after them have their own recheck. */
const PAGE = 1_000;

/** After these a vault's inventory may give more than before. */
const FREEING: ReadonlySet<string> = new Set([
  'BalanceRead',
  'ReservationReleased',
  'RedemptionRejected',
  'RedemptionClosed',
]);

/**
 * Lets redemptions that wait for receipts be looked at as soon as there may be more: tokens that come back right after
 * their mint arrive before its receipt was read. A redemption that begins to wait is looked at once more itself, since
 * the receipts may have come in between its counting and its waiting.
 */
export function watchReceipts(options: {
  readonly store: EventStore;
  readonly log: Log;
  /** Makes these operations due now. */
  readonly wake: (ids: readonly string[]) => void;
}): { close(): void } {
  const { store, log, wake } = options;
  let closed = false;
  let looking = false;
  let again = false;

  const wakeWaiting = async (): Promise<void> => {
    const waiting = await store.find({
      table: OPERATION_TABLE.name,
      where: { kind: 'redemption', state: 'detected', waiting_for: SHORT },
      orderBy: [
        ['created_ms', 'asc'],
        ['id', 'asc'],
      ],
      limit: PAGE,
    });
    if (waiting.length > 0 && !closed) wake(waiting.map((row) => row['id'] as string));
  };
  const look = async (): Promise<void> => {
    try {
      await wakeWaiting();
    } catch (error) {
      // They are rechecked all the same, only later.
      if (!closed) log.warn({ err: error }, 'redemptions that wait for receipts could not be woken');
    }
    // What was committed meanwhile may not have been seen.
    if (again && !closed) {
      again = false;
      void look();
    } else {
      looking = false;
    }
  };

  const unsubscribe = store.onCommitted(({ events }: Committed) => {
    if (!events.some(mayHelp)) return;
    if (looking) again = true;
    else {
      looking = true;
      void look();
    }
  });
  return {
    close() {
      closed = true;
      unsubscribe();
    },
  };
}

function mayHelp({ type, data }: StoredEvent): boolean {
  return FREEING.has(type) || (type === 'RedemptionWaiting' && data['for'] === SHORT);
}
