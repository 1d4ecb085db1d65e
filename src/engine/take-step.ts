import { GuardConflict, VersionConflict } from '../event-store/errors.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { DependencyDown } from './dependency-down.ts';
import { isSame, type RowUpdates } from './row-updates.ts';
import type { StepResult, Worker, WorkRow } from './work.ts';

/** Steps taken anew because another commit was faster, before the row backs off like after any failure. */
export const MOST_CONFLICTS = 5;

/** How one step ended, and the row as it was when it was last taken. */
export type StepEnd =
  | { readonly kind: 'result'; readonly row: WorkRow; readonly result: StepResult }
  | { readonly kind: 'down'; readonly row: WorkRow; readonly error: DependencyDown }
  | { readonly kind: 'threw'; readonly row: WorkRow; readonly error: unknown }
  | { readonly kind: 'skipped'; readonly row: WorkRow };

/**
 * Takes one step of an operation. Never rejects because of what the worker does; rejects when the store does.
 *
 * When someone else advanced the operation meanwhile (`VersionConflict`, `GuardConflict`), its row is read
 * again and the step taken anew, as long as `mayRepeat` says so of the new row.
 */
export async function takeStep(
  worker: Worker,
  row: WorkRow,
  rows: RowUpdates,
  hooks: { readonly mayRepeat: (row: WorkRow) => boolean; readonly onConflict: (row: WorkRow) => void },
): Promise<StepEnd> {
  let taken = row;
  for (let conflicts = 1; ; conflicts += 1) {
    try {
      const result = await worker.step(taken);
      return await checkAdvance(taken, result, rows);
    } catch (error) {
      if (error instanceof DependencyDown) return { kind: 'down', row: taken, error };
      const conflict = error instanceof VersionConflict || error instanceof GuardConflict;
      if (!conflict || conflicts > MOST_CONFLICTS) return { kind: 'threw', row: taken, error };
      hooks.onConflict(taken);
    }
    const again = await rows.read(row.id);
    if (again === null || !hooks.mayRepeat(again)) return { kind: 'skipped', row: again ?? taken };
    taken = again;
  }
}

/** A step that claims a commit and left its row as it was would be taken again at once, for ever. */
async function checkAdvance(taken: WorkRow, result: StepResult, rows: RowUpdates): Promise<StepEnd> {
  if (result.kind !== 'advanced' || taken.version === null) return { kind: 'result', row: taken, result };
  const now = await rows.read(taken.id);
  if (now === null || !isSame(now, taken)) return { kind: 'result', row: taken, result };
  const error = new IssuanceError(
    'step_without_commit',
    `the step of ${taken.kind} ${taken.id} in ${taken.phase} said it advanced, but committed nothing to it`,
  );
  return { kind: 'threw', row: taken, error };
}
