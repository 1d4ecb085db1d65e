import type { Activity } from '../chain/watcher/types.ts';
import type { EventStore } from '../event-store/event-store.ts';
import type { Timers } from '../ports/ports.ts';
import type { Log } from '../telemetry/log.ts';

/** Operations: something is open while there is one. */
const OPERATIONS = ['mint', 'redemption', 'refund', 'transfer'];
/** More transactions than lanes ever have unused nonces. */
const MOST_PENDING = 1000;

/** What is open, as watchers and hints need to know it. */
export interface OpenWork {
  /** `moving` while a transaction waits for a block: at no cost, as often as one likes. */
  readonly activity: (network: string) => Activity;
  /** Work of the network that a new block may advance: lanes, and transactions that wait for one. */
  waitingForBlocks(network: string): Promise<readonly string[]>;
  stop(): void;
}

/**
 * Knows what is open from two small queries after each burst of commits.
 *
 * @param onMoving told when a network begins to move: whoever paused for long may not go on doing so.
 */
export async function createOpenWork(
  store: EventStore,
  timers: Timers,
  onMoving: (network: string) => void,
): Promise<OpenWork> {
  const pending = { kind: { in: ['transaction', 'call'] }, phase: { in: ['pending', 'requested'] } };
  const look = async () => {
    const [transactions, operations] = await Promise.all([
      store.find({ table: 'work', where: pending, limit: MOST_PENDING }),
      store.find({ table: 'work', where: { kind: { in: OPERATIONS } }, limit: 1 }),
    ]);
    return { moving: new Set(transactions.map((row) => row['network'])), waiting: operations.length > 0 };
  };
  let open = await look();
  let unknown = false;
  let asked = false;
  let stopped = false;
  const refresh = async (): Promise<void> => {
    const before = open;
    try {
      open = await look();
      unknown = false;
    } catch {
      // A store that cannot be read is told of by everything else; watching quickly is the safe side.
      unknown = true;
    }
    if (stopped) return;
    for (const network of open.moving) {
      if (typeof network === 'string' && !before.moving.has(network)) onMoving(network);
    }
  };
  const unsubscribe = store.onCommitted(({ events }) => {
    // What is open changes by events alone; most commits only say when a row is looked at next.
    if (events.length === 0 || asked || stopped) return;
    asked = true;
    timers.defer(() => {
      asked = false;
      if (stopped) return;
      void refresh();
    });
  });
  return {
    activity(network) {
      if (unknown || open.moving.has(network)) return 'moving';
      return open.waiting ? 'waiting' : 'idle';
    },
    async waitingForBlocks(network) {
      const [transactions, lanes] = await Promise.all([
        store.find({ table: 'work', where: { ...pending, network }, limit: MOST_PENDING }),
        store.find({ table: 'work', where: { kind: 'lane', network }, limit: MOST_PENDING }),
      ]);
      // What failed pauses on purpose, and what waits for an operator has no due time at all.
      return [...transactions, ...lanes]
        .filter((row) => row['attempts'] === 0 && row['due_ms'] !== null)
        .map((row) => row['id'] as string);
    },
    stop() {
      stopped = true;
      unsubscribe();
    },
  };
}

/** What a hint does: the watcher looks, and while something moves, lanes and waiting transactions look too. */
export function createHintTaker(parts: {
  readonly openWork: Pick<OpenWork, 'activity' | 'waitingForBlocks'>;
  readonly hintWatcher: (network: string) => void;
  readonly wake: (ids: readonly string[]) => void;
  readonly log: Log;
}): (network: string) => void {
  const { openWork, hintWatcher, wake, log } = parts;
  const wakeWaiting = async (network: string): Promise<void> => {
    try {
      wake(await openWork.waitingForBlocks(network));
    } catch (error) {
      // They look again by themselves, and a store that fails is told of by all.
      log.debug({ network, err: error }, 'what waits for blocks could not be read');
    }
  };
  return (network) => {
    hintWatcher(network);
    if (openWork.activity(network) === 'moving') void wakeWaiting(network);
  };
}
