import { backoffMs, LONGEST_DELAY_MS } from '../engine/backoff.ts';
import type { WorkRow } from '../engine/work.ts';
import { readWorkRow, WORK_TABLE } from '../engine/work.ts';
import { RowMissing } from '../event-store/errors.ts';
import type { RowWrite } from '../event-store/event-store.ts';
import type { LaneId } from './lane-feature.ts';
import type { LaneDeps } from './runtime.ts';

const table = WORK_TABLE.name;

/** Operations that are ready for a lane and due, longest waiting first. */
export async function dueOperations(
  deps: LaneDeps,
  lane: LaneId,
  limit: number,
): Promise<readonly WorkRow[]> {
  const nowMs = deps.time.nowMs();
  const orderBy = [
    ['since_ms', 'asc'],
    ['id', 'asc'],
  ] as const;
  const due = await deps.store.find({ table, where: { lane, due_ms: { lte: nowMs } }, orderBy, limit });
  // Nobody sets a due time that far off: it was written before the clock was set back.
  const lost = { lane, due_ms: { gt: nowMs + LONGEST_DELAY_MS } };
  const rows =
    due.length < limit ? [...due, ...(await deps.store.find({ table, where: lost, orderBy, limit }))] : due;
  return rows.slice(0, limit).map(readWorkRow);
}

/** Those of these operations that are ready for the lane, due or not, longest waiting first. */
export async function readyOperations(
  deps: LaneDeps,
  lane: LaneId,
  ids: readonly string[],
): Promise<readonly WorkRow[]> {
  const orderBy = [
    ['since_ms', 'asc'],
    ['id', 'asc'],
  ] as const;
  const rows = await deps.store.find({ table, where: { lane, id: { in: ids } }, orderBy });
  return rows.map(readWorkRow);
}

/** How many operations are ready for the lane, due or not. */
export function countReady(deps: LaneDeps, lane: LaneId): Promise<number> {
  return deps.store.count({ table, where: { lane } });
}

/** Ms until all of these are due. */
export function msUntilAllDue(deps: LaneDeps, rows: readonly WorkRow[]): number {
  const nowMs = deps.time.nowMs();
  const pauses = rows.map(({ dueMs }) => (dueMs ?? nowMs) - nowMs);
  // Nobody sets a due time further off: it was written before the clock was set back.
  return Math.max(0, ...pauses.filter((it) => it <= LONGEST_DELAY_MS));
}

/** Ms until the next operation of the lane is due, at most `longestMs`. */
export async function msUntilDue(deps: LaneDeps, lane: LaneId, longestMs: number): Promise<number> {
  const [next] = await deps.store.find({
    table,
    where: { lane, due_ms: { not: null } },
    orderBy: [['due_ms', 'asc']],
    limit: 1,
  });
  if (next === undefined) return longestMs;
  return Math.min(longestMs, Math.max(0, (next['due_ms'] as number) - deps.time.nowMs()));
}

/** Why an operation is not signed now, as its work row shows it. */
export interface Deferral {
  readonly id: string;
  readonly attempts: number;
  readonly code: string;
  readonly message: string;
  /** It did not fail, it waits for this long, in ms. */
  readonly recheckMs?: number | undefined;
}

/** Operations that are told to wait in one commit, at most. */
const AT_ONCE = 256;

/**
 * Lets operations wait, each with its reason and a pause that grows with its attempts. Operations that meanwhile moved
 * on are left alone.
 */
export async function deferOperations(deps: LaneDeps, deferrals: readonly Deferral[]): Promise<void> {
  for (let start = 0; start < deferrals.length; start += AT_ONCE) {
    await deferTogether(deps, deferrals.slice(start, start + AT_ONCE));
  }
}

async function deferTogether(deps: LaneDeps, deferrals: readonly Deferral[]): Promise<void> {
  const atMs = deps.time.nowMs();
  const writes = deferrals.map((it) => updateOf(deps, it, atMs));
  try {
    await deps.store.commit({ appends: [], writes: () => writes, metadata: { actor: 'engine' } });
  } catch (error) {
    if (!(error instanceof RowMissing)) throw error;
    const [only, ...more] = deferrals;
    if (more.length === 0) {
      deps.log.debug({ operation: only?.id }, 'an operation ended while the lane looked at it');
      return;
    }
    // One that ended refuses the commit for all of them.
    for (const it of deferrals) await deferTogether(deps, [it]);
  }
}

function updateOf(
  deps: LaneDeps,
  { id, attempts, code, message, recheckMs }: Deferral,
  atMs: number,
): RowWrite {
  const failed = attempts + 1;
  const pause =
    recheckMs === undefined
      ? { attempts: failed, due_ms: atMs + backoffMs(failed, deps.random.fraction()) }
      : { attempts, due_ms: atMs + recheckMs };
  return { op: 'update', table, key: { id }, set: { ...pause, last_error: { code, message, atMs } } };
}
