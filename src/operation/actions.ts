import { DependencyDown } from '../engine/dependency-down.ts';
import { GuardConflict, UniqueViolation, VersionConflict } from '../event-store/errors.ts';
import type { Metadata } from '../event-store/event-store.ts';
import { IssuanceError } from '../primitives/failures.ts';

/**
 * What an operator can do to one operation. An action looks first, at the log, the chain and Alpaca; then it does the
 * one thing that what it found permits, or nothing. What could not be found out permits nothing.
 */
export const ACTIONS = ['recover', 'close', 'complete', 'refund', 'retarget'] as const;
export type ActionName = (typeof ACTIONS)[number];

export interface ActionCall {
  readonly action: ActionName;
  readonly id: string;
  /** Transaction hashes or a journal's id, as the operator gave them. */
  readonly evidence: readonly string[];
  /** Names the operator and the reason; every commit of the action carries it. */
  readonly metadata: Metadata & { readonly reason: string };
}

/** What an action came to know, in sentences, and what follows from it. */
export interface Assessment {
  /** Of the operation, as it was looked at. */
  readonly version: number;
  readonly found: readonly string[];
  readonly verdict: Verdict;
  /** The refund that the action is about. */
  readonly refundId?: string;
}

export type Verdict =
  | {
      readonly kind: 'act';
      /** What is done, in a sentence. */
      readonly what: string;
      /** Does it; rejects with a conflict when the operation moved since it was looked at. May tell more of it. */
      readonly run: () => Promise<string | void>;
    }
  /** It was done before. */
  | { readonly kind: 'done'; readonly what: string }
  | { readonly kind: 'refused'; readonly why: string };

/** Looks at an operation for one action; commits nothing. */
export type Assess = (call: ActionCall) => Promise<Assessment>;

/** The actions of one kind of operation. What is absent is not possible for that kind. */
export type OperationActions = Readonly<Partial<Record<ActionName, Assess>>>;

export interface ActionReport {
  /** `planned` and `refused`: of a dry run. */
  readonly outcome: 'done' | 'planned' | 'refused';
  /** False when nothing was left to do, and of a dry run. */
  readonly changed: boolean;
  readonly summary: string;
  readonly found: readonly string[];
  /** As it was looked at: the `expected_version` for the call after a dry run. */
  readonly version: number;
  readonly refundId: string | null;
}

export interface RunOptions {
  readonly dryRun: boolean;
  /** That of the dry run which the operator decided on; null when any will do. */
  readonly expectedVersion: number | null;
}

/** Looks made again because the operation moved meanwhile. */
const MAX_ATTEMPTS = 8;

/**
 * Runs one action, or says what it would do. The same call again finds the thing done and changes nothing.
 *
 * @throws IssuanceError `version_changed` when the operation is not at the expected version any more, `action_refused`
 *   with what was found, `alpaca_unavailable` and `chain_unavailable` when nothing could be found out
 */
export async function runAction(
  assess: Assess,
  call: ActionCall,
  { dryRun, expectedVersion }: RunOptions,
): Promise<ActionReport> {
  for (let attempt = 1; ; attempt += 1) {
    const { version, found, verdict, refundId = null } = await look(assess, call);
    const told = { found, version, refundId };
    if (verdict.kind === 'done') return { ...told, outcome: 'done', changed: false, summary: verdict.what };
    if (expectedVersion !== null && expectedVersion !== version) {
      throw new IssuanceError(
        'version_changed',
        `operation ${call.id} is at version ${String(version)}, not at ${String(expectedVersion)}: look at it again`,
      );
    }
    if (verdict.kind === 'refused') {
      if (dryRun) return { ...told, outcome: 'refused', changed: false, summary: verdict.why };
      const known = found.length === 0 ? '' : ` Found: ${found.join('; ')}.`;
      throw new IssuanceError('action_refused', `${call.action} of ${call.id}: ${verdict.why}.${known}`);
    }
    if (dryRun) return { ...told, outcome: 'planned', changed: false, summary: verdict.what };
    try {
      const more = await verdict.run();
      const summary = typeof more === 'string' ? `${verdict.what}; ${more}` : verdict.what;
      return { ...told, outcome: 'done', changed: true, summary };
    } catch (error) {
      // What it rested on changed: it is looked at again, and an expected version is then refused.
      const hasMoved = error instanceof VersionConflict || error instanceof GuardConflict;
      if (hasMoved && attempt < MAX_ATTEMPTS) continue;
      if (!(error instanceof UniqueViolation)) throw error;
      throw new IssuanceError(
        'action_refused',
        `${call.action} of ${call.id}: another operation counts this evidence as its own already (${error.message})`,
        { cause: error },
      );
    }
  }
}

async function look(assess: Assess, call: ActionCall): Promise<Assessment> {
  try {
    return await assess(call);
  } catch (error) {
    if (!(error instanceof DependencyDown) || error.dependency !== 'alpaca') throw error;
    throw new IssuanceError(
      'alpaca_unavailable',
      `${call.action} of ${call.id}: Alpaca cannot be asked now, and without it nothing is decided: ${error.message}`,
      { cause: error },
    );
  }
}

export function refused(version: number, found: readonly string[], why: string): Assessment {
  return { version, found, verdict: { kind: 'refused', why } };
}

export function done(version: number, found: readonly string[], what: string): Assessment {
  return { version, found, verdict: { kind: 'done', what } };
}

/** Metadata of what an action commits to its operation. */
export function actionMetadata(call: ActionCall): Metadata {
  return { ...call.metadata, correlation: call.id };
}
