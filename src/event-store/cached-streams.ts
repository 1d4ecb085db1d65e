import type { EventStore } from './event-store.ts';
import type { DomainEvent, Ledger, Loaded, StreamKind } from './ledger.ts';

/** Streams kept at once. Past it all are forgotten and read anew: whoever asks for made-up ids costs no memory. */
const MAX_KEPT = 10_000;

/** Streams of one kind, answered from memory. */
export interface CachedStreams<State> {
  /**
   * The stream as of the last durable commit of this process, also when it does not exist. Rejects with what
   * `Ledger.load` rejects with; that is never kept.
   */
  load(id: string): Promise<Loaded<State>>;
  /** Stops listening to the store, and answers from the store from now on. */
  close(): void;
}

/**
 * Keeps streams that are read far more often than written. A commit that appends to one forgets it before anybody is
 * told that the commit succeeded. Who decides on what it gives requires the loaded version in the commit, as always:
 * then a commit of the same group refuses the decision.
 */
export function createCachedStreams<State, Event extends DomainEvent>(
  {
    ledger,
    store,
  }: { readonly ledger: Pick<Ledger, 'load'>; readonly store: Pick<EventStore, 'onCommitted'> },
  kind: StreamKind<State, Event>,
): CachedStreams<State> {
  const prefix = `${kind.category}/`;
  const kept = new Map<string, Loaded<State>>();
  /** Raised by every commit to a stream of the kind: what was being read meanwhile may be older, and is not kept. */
  let commits = 0;
  let closed = false;
  const unsubscribe = store.onCommitted(({ events }) => {
    for (const { stream } of events) {
      if (!stream.startsWith(prefix)) continue;
      commits += 1;
      kept.delete(stream.slice(prefix.length));
    }
  });
  return {
    async load(id) {
      const known = kept.get(id);
      if (known !== undefined) return known;
      const before = commits;
      const loaded = await ledger.load(kind, id);
      if (commits !== before || closed) return loaded;
      if (kept.size >= MAX_KEPT) kept.clear();
      kept.set(id, loaded);
      return loaded;
    },
    close() {
      closed = true;
      kept.clear();
      unsubscribe();
    },
  };
}
