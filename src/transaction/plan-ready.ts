import type { Address } from 'viem';
import { DependencyDown } from '../engine/dependency-down.ts';
import type { WorkRow } from '../engine/work.ts';
import { GuardConflict, UniqueViolation, VersionConflict } from '../event-store/errors.ts';
import { RpcFailure } from '../primitives/failures.ts';
import type { Deferral } from './defer.ts';
import { deferOperations } from './defer.ts';
import { foundNaming } from './found.ts';
import type { LaneFeature, Plan, PlanResult } from './lane-feature.ts';
import type { OpenedLane } from './lane-state.ts';
import type { AnyLane, LaneDeps } from './runtime.ts';
import { settleFound } from './settle-found.ts';

/** Code of operations whose batch could not be signed or committed; they go alone next time. */
export const SIGN_REFUSED = 'sign_refused';

/** An operation that can be signed now, with its work row. */
export interface Planned {
  readonly plan: Plan;
  readonly row: WorkRow;
}

/** Operations that may share one transaction, longest waiting first. */
export interface Batch {
  readonly feature: LaneFeature;
  readonly vault: Address;
  /** The contract that is called: the vault, but for what goes to one beside it. */
  readonly to: Address;
  readonly entries: readonly Planned[];
}

/**
 * Plans operations and packs them into batches, in the order of the longest waiting of each. Those that cannot be
 * signed now wait with their reason. `rows`: longest waiting first.
 */
export async function planReady(
  deps: LaneDeps,
  lane: AnyLane,
  state: OpenedLane,
  rows: readonly WorkRow[],
): Promise<readonly Batch[]> {
  const deferrals: Deferral[] = [];
  const planned: (Planned & { readonly feature: LaneFeature })[] = [];
  const signable = await withoutFound(deps, lane, rows, deferrals);
  for (const feature of deps.features.values()) {
    const ofKind = new Map(signable.filter(({ kind }) => kind === feature.kind).map((row) => [row.id, row]));
    if (ofKind.size === 0) continue;
    const results = await planOf(feature, [...ofKind.values()], lane, deferrals);
    const byId = new Map(results.map((result) => [idOf(result), result]));
    for (const row of ofKind.values()) {
      const result = byId.get(row.id);
      const plan = result === undefined ? null : await takeResult(deps, row, result, deferrals);
      if (plan !== null) planned.push({ plan, row, feature });
      else if (result === undefined && !deferrals.some(({ id }) => id === row.id)) {
        deferrals.push(deferral(row, 'not_planned', 'the operation gave no plan for its transaction'));
      }
    }
  }
  const unknown = signable.filter(({ kind }) => !deps.features.has(kind));
  deferrals.push(
    ...unknown.map((row) => deferral(row, 'no_feature', `nothing plans operations of kind ${row.kind}`)),
  );

  const open = planned.filter(({ plan, row }) => {
    const why = state.stoppedVaults[plan.vault];
    if (why !== undefined)
      deferrals.push(deferral(row, 'vault_stopped', `vault ${plan.vault} is stopped: ${why}`));
    return why === undefined;
  });
  await deferOperations(deps, deferrals);
  // Features were asked one after the other: without this, one kind would go before the others however long they wait.
  const places = new Map(rows.map(({ id }, at) => [id, at]));
  const placeOf = ({ row }: Planned): number => places.get(row.id) ?? rows.length;
  return pack(
    open.toSorted((one, other) => placeOf(one) - placeOf(other)),
    lane.batchCount,
  );
}

/** Plans all at once; when that throws, one by one, so that one operation that cannot be planned stops only itself. */
async function planOf(
  feature: LaneFeature,
  rows: readonly WorkRow[],
  lane: AnyLane,
  deferrals: Deferral[],
): Promise<readonly PlanResult[]> {
  try {
    return await feature.plan(
      rows.map(({ id }) => id),
      lane.context,
    );
  } catch (error) {
    const [only] = rows;
    if (isOutage(error) || only === undefined) throw error;
    if (rows.length === 1) {
      deferrals.push(deferral(only, 'plan_failed', error instanceof Error ? error.message : String(error)));
      return [];
    }
  }
  const results: PlanResult[] = [];
  for (const row of rows) results.push(...(await planOf(feature, [row], lane, deferrals)));
  return results;
}

function isOutage(error: unknown): boolean {
  return error instanceof DependencyDown || (error instanceof RpcFailure && error.kind === 'unreachable');
}

function deferral({ id, attempts }: WorkRow, code: string, message: string): Deferral {
  return { id, attempts, code, message };
}

function idOf(result: PlanResult): string {
  return result.kind === 'plan' ? result.plan.operationId : result.operationId;
}

/**
 * An operation that a forgotten transaction of ours names is never signed again before that transaction is explained:
 * it may have had its effect already.
 */
async function withoutFound(
  deps: LaneDeps,
  lane: AnyLane,
  rows: readonly WorkRow[],
  deferrals: Deferral[],
): Promise<readonly WorkRow[]> {
  const naming = await foundNaming(
    deps.store,
    lane.chainId,
    rows.map(({ id }) => id),
  );
  const tried = new Set<string>();
  for (const found of naming.values()) {
    if (tried.has(found.hash)) continue;
    tried.add(found.hash);
    await settleFound(deps, lane, found);
  }
  return rows.filter((row) => {
    const found = naming.get(row.id);
    if (found === undefined) return true;
    const message = `transaction ${found.hash}, which this database had forgotten, names this operation`;
    deferrals.push(deferral(row, 'found_transaction', message));
    return false;
  });
}

async function takeResult(
  deps: LaneDeps,
  row: WorkRow,
  result: PlanResult,
  deferrals: Deferral[],
): Promise<Plan | null> {
  switch (result.kind) {
    case 'plan':
      return result.plan;
    case 'blocked':
      deferrals.push({ ...deferral(row, result.code, result.message), recheckMs: result.recheckMs });
      return null;
    case 'changes': {
      const metadata = { actor: 'engine', correlation: row.id };
      try {
        await deps.ledger.commit({ changes: result.changes, writes: result.writes ?? [], metadata });
      } catch (error) {
        if (!isConflict(error)) throw error;
        deps.log.debug({ operation: row.id }, 'an operation moved on while the lane looked at it');
      }
      return null;
    }
    default: {
      const never: never = result;
      return never;
    }
  }
}

/** Somebody else committed first, and nothing of ours happened. */
function isConflict(error: unknown): boolean {
  return (
    error instanceof VersionConflict || error instanceof GuardConflict || error instanceof UniqueViolation
  );
}

/**
 * Operations that failed before go apart from those that did not, so that one that keeps failing does not cost the
 * others a simulation each time.
 */
function pack(
  planned: readonly (Planned & { readonly feature: LaneFeature })[],
  batchCount: number,
): readonly Batch[] {
  const batches: { key: string; feature: LaneFeature; vault: Address; to: Address; entries: Planned[] }[] =
    [];
  const filling = new Map<string, (typeof batches)[number]>();
  for (const { plan, row, feature } of planned) {
    const hasFailed = row.attempts > 0;
    const key = JSON.stringify([feature.kind, plan.vault, plan.batchKey, hasFailed]);
    // Whichever of a refused batch was the cause, it must not take the others with it again.
    const isApart = plan.batchKey === null || plan.direct !== undefined;
    const isAlone = isApart || row.lastError?.code === SIGN_REFUSED;
    const current = isAlone ? undefined : filling.get(key);
    if (current === undefined || current.entries.length >= batchCount) {
      const { vault, direct: to = vault } = plan;
      const batch = { key, feature, vault, to, entries: [{ plan, row }] };
      batches.push(batch);
      if (!isAlone) filling.set(key, batch);
    } else {
      current.entries.push({ plan, row });
    }
  }
  return batches;
}
