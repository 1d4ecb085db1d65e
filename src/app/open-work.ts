import type { EventStore } from '../event-store/event-store.ts';
import type { Timers } from '../ports/ports.ts';

/** Kinds of work whose end a chain will show soon. */
const KINDS = ['mint', 'redemption', 'transaction'];

/**
 * Knows whether anything is open, from one small query after each burst of commits, so that watchers can ask at no
 * cost how quickly to look.
 */
export async function createOpenWork(
  store: EventStore,
  timers: Timers,
): Promise<{ readonly isBusy: () => boolean; stop(): void }> {
  const look = async (): Promise<boolean> =>
    (await store.find({ table: 'work', where: { kind: { in: KINDS } }, limit: 1 })).length > 0;
  let busy = await look();
  let asked = false;
  let stopped = false;
  const refresh = async (): Promise<void> => {
    try {
      busy = await look();
    } catch {
      // A store that cannot be read is told of by everything else; watching quickly is the safe side.
      busy = true;
    }
  };
  const unsubscribe = store.onCommitted(() => {
    if (asked || stopped) return;
    asked = true;
    timers.defer(() => {
      asked = false;
      if (stopped) return;
      void refresh();
    });
  });
  return {
    isBusy: () => busy,
    stop() {
      stopped = true;
      unsubscribe();
    },
  };
}
