import { workRow } from '../../engine/work.ts';
import type { Ledger, StreamKind } from '../../event-store/ledger.ts';
import { transact } from '../../event-store/transact.ts';

/** Kind of the work of looking for what is wrong. */
export const CHECK_WORK = 'check';

/** What the service looks at by itself, for ever. */
export const CHECKS = ['overdue', 'books'] as const;

export type CheckName = (typeof CHECKS)[number];

type CheckEvent = { readonly type: 'CheckAdded'; readonly data: Readonly<Record<string, never>> };
const ADDED: CheckEvent = { type: 'CheckAdded', data: {} };
interface CheckState {
  readonly kind: 'none' | 'added';
}

/** Id of the row of work of a check. */
export function checkWorkId(name: CheckName): string {
  return `${CHECK_WORK}:${name}`;
}

/** A check: stream `check/<name>`, whose only event implies its permanent work. */
export const checkKind: StreamKind<CheckState, CheckEvent> = {
  category: CHECK_WORK,
  initialState: { kind: 'none' },
  evolve: () => ({ kind: 'added' }),
  phase: ({ kind }) => kind,
  rows: ({ kind }, facts) =>
    kind === 'none'
      ? []
      : workRow(
          { kind: CHECK_WORK, phase: facts.id, next: { kind: 'step', dependency: null } },
          facts,
          checkWorkId(facts.id as CheckName),
        ),
};

/** Records the checks that the database does not know yet. Idempotent. */
export async function addChecks(ledger: Ledger): Promise<void> {
  for (const name of CHECKS) {
    await transact(
      ledger,
      checkKind,
      name,
      ({ state }) => (state.kind === 'none' ? { events: [ADDED] } : null),
      { actor: 'engine' },
    );
  }
}
