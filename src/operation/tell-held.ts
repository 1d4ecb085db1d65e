import type { EventStore, StoredEvent } from '../event-store/event-store.ts';
import type { Log } from '../telemetry/log.ts';

/** Events after which only a person can go on, with what is to be said of them. */
const TELLING: Readonly<Record<string, string>> = {
  MintHeld: 'a mint is held until somebody decides on it',
  RedemptionHeld: 'a redemption is held until somebody decides on it',
  RedemptionRejected: 'Alpaca rejected a redemption: its tokens are owed back to their sender',
};

/**
 * Logs at error, once, whenever an operation comes to wait for an operator, so that one hears of it. Told
 * from the log of events, so that no way into that state can forget it. Returns what stops it.
 */
export function tellHeld({
  store,
  log,
}: {
  readonly store: Pick<EventStore, 'onCommitted'>;
  readonly log: Log;
}): () => void {
  return store.onCommitted(({ events }) => {
    for (const event of events) {
      const message = TELLING[event.type];
      if (message !== undefined) log.error(fieldsOf(event), message);
    }
  });
}

function fieldsOf({ stream, data, metadata }: StoredEvent): Readonly<Record<string, unknown>> {
  const operation = stream.slice(stream.indexOf('/') + 1);
  return { operation, why: data['why'] ?? data['reason'] ?? null, actor: metadata.actor };
}
