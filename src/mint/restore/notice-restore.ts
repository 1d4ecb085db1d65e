import type { EventStore } from '../../event-store/event-store.ts';
import type { Ledger } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { Clock } from '../../ports/ports.ts';
import { RESTORE_ID, restoreKind } from './restore-kind.ts';

/** Alpaca stamps its requests by its own clock. */
const MARGIN_MS = 86_400_000;

/** Notes that the database came from a backup. Before anything else is committed: its last event says how old it is. */
export async function noticeRestore({
  store,
  ledger,
  clock,
}: {
  readonly store: Pick<EventStore, 'lastPosition' | 'readAll'>;
  readonly ledger: Ledger;
  readonly clock: Clock;
}): Promise<void> {
  const last = await store.lastPosition();
  const [event] = await store.readAll({ after: Math.max(0, last - 1), limit: 1 });
  const sinceMs = Math.max(0, (event?.timeMs ?? 0) - MARGIN_MS);
  const loaded = await ledger.load(restoreKind, RESTORE_ID);
  const noticed = { type: 'RestoreNoticed', data: { sinceMs, untilMs: clock.nowMs() } } as const;
  await ledger.commit({
    changes: [change(restoreKind, loaded, [noticed])],
    metadata: { actor: 'engine', reason: 'the database came from a backup' },
  });
}
