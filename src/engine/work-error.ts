import { IssuanceError } from '../primitives/failures.ts';
import type { WorkError } from './work.ts';

/** Longer texts are cut: a partner may answer with a whole page. */
const LONGEST_MESSAGE = 2000;

/**
 * What a row keeps of a thrown error: its code and text, and the partner's request id and status when the
 * error's `details` name them as `requestId` and `status`.
 */
export function workErrorOf(error: unknown, atMs: number): WorkError {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof IssuanceError ? error.code : 'unexpected';
  const { requestId, status } = error instanceof IssuanceError ? error.details : {};
  return {
    code,
    message: message.slice(0, LONGEST_MESSAGE),
    atMs,
    ...(typeof requestId === 'string' && { requestId }),
    ...(typeof status === 'number' && { status }),
  };
}
