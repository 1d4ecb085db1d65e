import type { CommitReport } from '../event-store/ledger.ts';
import type { EventStore } from '../event-store/event-store.ts';
import { operationChanges } from './operation-change.ts';
import { OPERATION_TABLE } from './operation-row.ts';

export interface CountOfState {
  readonly kind: string;
  readonly state: string;
  readonly count: number;
}

/** How many operations are in each state, ended ones included, without counting them each time. */
export interface OperationCounts {
  /** For every commit after `seed`. */
  readonly onCommitted: (report: CommitReport) => void;
  /** Every state that an operation is or was in while the process runs. */
  states(): readonly CountOfState[];
}

/** Counts what is there: once, along an index. Nothing may be committed before it has resolved. */
export async function countOperations(store: Pick<EventStore, 'find' | 'count'>): Promise<OperationCounts> {
  const counts = new Map<string, { readonly kind: string; readonly state: string; count: number }>();
  const at = (kind: string, state: string) => {
    const key = `${kind} ${state}`;
    const known = counts.get(key) ?? { kind, state, count: 0 };
    counts.set(key, known);
    return known;
  };
  for (const { kind, state } of await statesInUse(store)) {
    at(kind, state).count = await store.count({ table: OPERATION_TABLE.name, where: { kind, state } });
  }
  return {
    onCommitted(report) {
      for (const { kind, from, to } of operationChanges(report)) {
        if (from !== null) at(kind, from).count -= 1;
        at(kind, to).count += 1;
      }
    },
    states: () => [...counts.values()],
  };
}

/** Which kinds and states there are: one short step along the index for each. */
async function statesInUse(
  store: Pick<EventStore, 'find'>,
): Promise<readonly { readonly kind: string; readonly state: string }[]> {
  const found: { kind: string; state: string }[] = [];
  const next = async (where: Record<string, string | { gt: string }>, column: 'kind' | 'state') => {
    const orderBy = [[column, 'asc']] as const;
    const [row] = await store.find({ table: OPERATION_TABLE.name, where, orderBy, limit: 1 });
    return (row?.[column] ?? null) as string | null;
  };
  for (let kind = await next({}, 'kind'); kind !== null; kind = await next({ kind: { gt: kind } }, 'kind')) {
    let state = await next({ kind }, 'state');
    while (state !== null) {
      found.push({ kind, state });
      state = await next({ kind, state: { gt: state } }, 'state');
    }
  }
  return found;
}
