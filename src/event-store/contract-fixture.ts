import { onTestFinished } from 'vitest';
import type { Clock } from '../ports/ports.ts';
import type { Commit, EventStore, Json, NewEvent, StoredEvent, TableDefinition } from './event-store.ts';

/** What the contract needs of a store, so that every engine can be opened for it. */
interface ContractOptions {
  readonly tables: readonly TableDefinition[];
  readonly clock: Clock;
  readonly onListenerError: (error: unknown) => void;
  readonly onFatal: (error: Error) => void;
}

export type OpenStore = (options: ContractOptions) => Promise<EventStore>;

export const ITEM: TableDefinition = {
  name: 'item',
  columns: {
    id: 'text',
    owner: 'text',
    place: 'integer',
    amount: 'bigint',
    open: 'bool',
    note: 'json',
  },
  required: ['owner'],
  key: ['id'],
  unique: [['owner', 'place']],
  indexes: [['place']],
  source: 'operational',
};

export const PAIR: TableDefinition = {
  name: 'pair',
  columns: { left: 'text', right: 'integer', rank: 'integer' },
  key: ['left', 'right'],
  indexes: [['rank']],
  source: 'operational',
};

/** Its rows are told apart by names, and refer to others. */
export const DEED: TableDefinition = {
  name: 'deed',
  columns: { id: 'name', holder: 'name', rank: 'integer' },
  key: ['id'],
  unique: [['holder', 'rank']],
  indexes: [
    { columns: ['rank'], present: ['rank'] },
    { columns: ['rank'], absent: ['holder'] },
  ],
  source: 'operational',
};

export interface TestClock extends Clock {
  set(nowMs: number): void;
}

export function createTestClock(startMs = 1_700_000_000_000): TestClock {
  let now = startMs;
  return {
    nowMs: () => now,
    set(nowMs) {
      now = nowMs;
    },
  };
}

export interface Opened {
  readonly store: EventStore;
  readonly clock: TestClock;
  readonly listenerErrors: unknown[];
  readonly fatal: Error[];
}

/** Opens an empty store that is closed after the test. */
export async function openForTest(open: OpenStore): Promise<Opened> {
  const clock = createTestClock();
  const listenerErrors: unknown[] = [];
  const fatal: Error[] = [];
  const store = await open({
    tables: [ITEM, PAIR, DEED],
    clock,
    onListenerError: (error) => listenerErrors.push(error),
    onFatal: (error) => fatal.push(error),
  });
  onTestFinished(() => store.close());
  return { store, clock, listenerErrors, fatal };
}

export function event(type: string, data: Readonly<Record<string, Json>> = {}): NewEvent {
  return { type, schema: 1, data };
}

/** A commit of one event for one stream. */
export function appendOne(
  stream: string,
  expectedVersion: number,
  data?: Readonly<Record<string, Json>>,
): Commit {
  return {
    appends: [{ stream, expectedVersion, events: [event('happened', data)] }],
    metadata: { actor: 'test' },
  };
}

/** A commit of rows only. */
export function rowsOnly(...writes: ReturnType<NonNullable<Commit['writes']>>): Commit {
  return { appends: [], writes: () => writes, metadata: { actor: 'test' } };
}

export async function wholeLog(store: EventStore): Promise<readonly StoredEvent[]> {
  return store.readAll({ after: 0, limit: 10_000 });
}

/** How each promise ended: `ok`, or the name of its error. */
export async function endings(promises: readonly Promise<unknown>[]): Promise<readonly string[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((it) => (it.status === 'fulfilled' ? 'ok' : (it.reason as Error).name));
}
