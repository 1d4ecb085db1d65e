import type { WorkRow } from '../engine/work.ts';
import { readWorkRow, WORK_TABLE } from '../engine/work.ts';
import { RowMissing } from '../event-store/errors.ts';
import type { Condition, EventStore } from '../event-store/event-store.ts';
import type { Change } from '../event-store/ledger.ts';
import type { PlanResult } from '../transaction/lane-feature.ts';
import { PlanOutdated } from '../transaction/plan-outdated.ts';
import type { Catalog } from './directory.ts';

/** What a freeze does to work that is open, in one place for both kinds of operation. */

/** Code of what cannot go on because its underlying is frozen. */
export const FROZEN = 'frozen';

/**
 * How often what a freeze stopped is looked at again, as a safety net: the end of the freeze lets it go on at once.
 * Less than the engine's longest delay.
 */
export const FROZEN_RECHECK_MS = 240_000;

/** Pause between two redemptions that are let go on together: what comes due meanwhile is taken in between. */
const SPACING_MS = 5;
/** Rows that are let go on in one commit. */
const PAGE = 500;

/** What stands on the work of an operation that its underlying's freeze stops, in words. */
export function frozenMessage(underlying: string, by: string): string {
  return `everything of ${underlying} is frozen by ${by}`;
}

/** A lane's answer for an operation that is ready and frozen. */
export function frozenInLane(operationId: string, underlying: string, by: string): PlanResult {
  const message = frozenMessage(underlying, by);
  return { kind: 'blocked', operationId, code: FROZEN, message, recheckMs: FROZEN_RECHECK_MS };
}

/**
 * For the last moment before operations are signed: what the commit must require, so that from the moment a hold on
 * everything is answered nothing more is signed.
 *
 * @throws PlanOutdated when such a hold came since they were planned
 */
export async function requireUnfrozen(
  catalog: Pick<Catalog, 'freeze'>,
  underlyings: readonly string[],
): Promise<readonly Change[]> {
  const requires: Change[] = [];
  for (const underlying of new Set(underlyings)) {
    const freeze = await catalog.freeze(underlying, 'all');
    if (freeze.by !== null) throw new PlanOutdated(frozenMessage(underlying, freeze.by));
    requires.push(...freeze.requires);
  }
  return requires;
}

/**
 * Lets go on what a freeze of this scope stopped and the present one does not, oldest first. Resolves with how many,
 * and with the lanes that are to be woken for them.
 *
 * @param scope `new`: everything that waits. `all`: only what nothing but a hold on everything stops
 */
export async function releaseFrozen(
  store: EventStore,
  underlying: string,
  scope: 'new' | 'all',
  nowMs: number,
): Promise<{ readonly operations: number; readonly lanes: readonly string[] }> {
  // A lane takes the longest waiting first whatever their due times are.
  const inLanes: Release = { matches: isStoppedByError, spacingMs: 0 };
  const detected: Release = {
    matches: scope === 'new' ? (row) => row.waitingFor === FROZEN || isStoppedByError(row) : isStoppedByError,
    spacingMs: SPACING_MS,
  };
  const ready = { in: ['journaled', 'burning'] };
  const released = [
    ...(await release(store, { kind: 'mint', phase: 'journaled', underlying }, inLanes, nowMs)),
    ...(await release(store, { kind: 'redemption', phase: ready, underlying }, inLanes, nowMs)),
    ...(await release(store, { kind: 'refund', phase: 'requested', underlying }, inLanes, nowMs)),
    ...(await release(store, { kind: 'transfer', phase: 'requested', underlying }, inLanes, nowMs)),
    ...(await release(store, { kind: 'redemption', phase: 'detected', underlying }, detected, nowMs)),
  ];
  const lanes = new Set(released.flatMap(({ lane }) => (lane === null ? [] : [lane])));
  return { operations: released.length, lanes: [...lanes] };
}

interface Release {
  readonly matches: (row: WorkRow) => boolean;
  readonly spacingMs: number;
}

function isStoppedByError({ lastError }: WorkRow): boolean {
  return lastError?.code === FROZEN;
}

async function release(
  store: EventStore,
  where: Readonly<Record<string, Condition>>,
  { matches, spacingMs }: Release,
  nowMs: number,
): Promise<readonly WorkRow[]> {
  const released: WorkRow[] = [];
  let after: readonly (string | number)[] | undefined;
  for (;;) {
    const rows = await store.find({
      table: WORK_TABLE.name,
      where,
      orderBy: [
        ['since_ms', 'asc'],
        ['id', 'asc'],
      ],
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    const page = rows.map(readWorkRow).filter(matches);
    const due = page.map(({ id }, at) => ({
      id,
      dueMs: nowMs + Math.min((released.length + at) * spacingMs, FROZEN_RECHECK_MS),
    }));
    await makeDue(store, due);
    released.push(...page);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return released;
    after = [last['since_ms'] as number, last['id'] as string];
  }
}

async function makeDue(
  store: EventStore,
  due: readonly { readonly id: string; readonly dueMs: number }[],
): Promise<void> {
  if (due.length === 0) return;
  const writes = due.map(({ id, dueMs }) => {
    return {
      op: 'update',
      table: WORK_TABLE.name,
      key: { id },
      set: { due_ms: dueMs, last_error: null },
    } as const;
  });
  try {
    await store.commit({ appends: [], writes: () => writes, metadata: { actor: 'engine' } });
  } catch (error) {
    if (!(error instanceof RowMissing)) throw error;
    // One that came to its end meanwhile refuses the commit for all of them; alone, it needs nothing more.
    if (due.length > 1) for (const it of due) await makeDue(store, [it]);
  }
}
