import type { StepResult } from '../engine/work.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { TransactionDesk } from '../transaction/desk.ts';
import { failedStep } from './alpaca-error.ts';

/** How often it is seen to that the transaction of an operation that is to be closed is being cancelled. */
export const CLOSING_RECHECK_MS = 15_000;

/** Why a cancellation waits, and is tried again. */
const WAITS = new Set([
  'insufficient_funds',
  'signing_pending',
  'signer_retired',
  'custodian_signed',
  'dependency_down',
]);

/**
 * Cancels the transaction of an operation that an operator wants closed. Its end, or its effect, is told by the
 * transaction when that is final.
 */
export async function cancelForClosing(
  desk: Pick<TransactionDesk, 'cancel'>,
  operationId: string,
  transactionId: string,
  nowMs: number,
): Promise<StepResult> {
  const refusal = await tryCancel(desk, operationId, transactionId);
  if (refusal !== null) return failedStep('cancel_waits', refusal, nowMs);
  return { kind: 'later', delayMs: CLOSING_RECHECK_MS };
}

/** Null when the cancellation is signed, or not needed any more; else why it could not be signed now. */
async function tryCancel(
  desk: Pick<TransactionDesk, 'cancel'>,
  operationId: string,
  transactionId: string,
): Promise<string | null> {
  try {
    await desk.cancel(transactionId, { actor: 'engine', reason: 'to be closed', correlation: operationId });
    return null;
  } catch (error) {
    if (!(error instanceof IssuanceError)) throw error;
    // It is in a block by now; which of its forms, the transaction's own stream tells.
    if (error.code === 'transaction_not_pending') return null;
    if (WAITS.has(error.code)) return error.message;
    throw error;
  }
}

/** What no look at the operation would mend, and what another look at it mends. */
const NOT_OF_PARTNERS = new Set([
  'version_conflict',
  'guard_conflict',
  'store_closed',
  'outcome_unknown',
  'fenced_out',
  'rebuild_needed',
  'transaction_unknown',
]);

/**
 * The same for an operator, in a sentence. The closing is in the log by now and goes on by itself, so a node or a
 * signer that fails is no failure of the action.
 */
export async function cancelNow(
  desk: Pick<TransactionDesk, 'cancel'>,
  operationId: string,
  transactionId: string,
): Promise<string> {
  const told = (waits: string | null): string =>
    waits === null ? 'the cancellation is sent' : `the cancellation waits and is tried again: ${waits}`;
  try {
    return told(await tryCancel(desk, operationId, transactionId));
  } catch (error) {
    if (!(error instanceof IssuanceError) || NOT_OF_PARTNERS.has(error.code)) throw error;
    return told(error.message);
  }
}
