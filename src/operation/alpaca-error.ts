import type { AlpacaRefusal } from '../alpaca/types.ts';
import type { StepResult, WorkError } from '../engine/work.ts';

/** A step that decided nothing, with the reason to show. */
export function failedStep(code: string, message: string, atMs: number): StepResult {
  return { kind: 'failed', error: { code, message, atMs } };
}

/** A step that decided nothing because of what Alpaca said; its own words, code and request id are kept. */
export function refusedStep(code: string, refusal: AlpacaRefusal, atMs: number): StepResult {
  const number = refusal.code === null ? '' : ` (${String(refusal.code)})`;
  const error: WorkError = {
    code,
    message: `${refusal.message}${number}`,
    atMs,
    status: refusal.status,
    ...(refusal.requestId === null ? {} : { requestId: refusal.requestId }),
  };
  return { kind: 'failed', error };
}

/** Alpaca's id of an exchange that something was decided on, for the sentence that the log keeps of it. */
export function exchange(requestId: string | null): string {
  return requestId === null ? '' : ` (its request id ${requestId})`;
}
