import type { CallStage } from '../custodian.ts';

/** Statuses after which Fireblocks does nothing more, and the transaction was not completed. */
const ENDED = new Set(['FAILED', 'REJECTED', 'CANCELLED', 'BLOCKED']);

/** Statuses of what was signed. While it is `BROADCASTING`, a hash is named "in some instances" only. */
const SIGNED = new Set(['BROADCASTING', 'CONFIRMING']);

/**
 * Sub-statuses that say why nothing was signed: the policy, a person's or a callback's refusal, a cancellation. Others
 * (a signing error, a dropped or outdated transaction, a fee that a node refused, what the vendor's support cancelled,
 * which is `CANCELLED_BY_USER_REQUEST`) may come after signing.
 */
const BEFORE_SIGNING = new Set([
  'BLOCKED_BY_POLICY',
  'REJECTED_BY_USER',
  'REJECTED_AML_SCREENING',
  'CANCELLED_BY_USER',
  'AUTHORIZATION_FAILED',
  'AUTHORIZER_NOT_FOUND',
  'ADDRESS_WHITELISTING_SUSPENDED',
  'UNAUTHORISED__DEVICE',
]);

/**
 * What a status means for us. Statuses grow: whatever is not known is open. `CONFIRMING` ends nothing, since what is
 * deep enough is ours to say. A hash shows that something was signed, whatever the sub-status says.
 */
export function stageOf(status: string, subStatus: string | null, hasHash: boolean): CallStage {
  if (status === 'COMPLETED') return 'completed';
  if (SIGNED.has(status)) return 'signed';
  if (!ENDED.has(status)) return 'open';
  return !hasHash && subStatus !== null && BEFORE_SIGNING.has(subStatus) ? 'refused' : 'failed';
}
