/**
 * Every state that operators are shown, by kind, in the order in which an operation goes through them; then those that
 * need a person or are the end. `app/operation-states.test.ts` holds it to the kinds themselves.
 */
export const OPERATION_STATES = {
  mint: [
    'unrequested',
    'requested',
    'journaled',
    'submitted',
    'minted',
    'held',
    'completed',
    'rejected',
    'closed',
    'dismissed',
  ],
  redemption: [
    'recorded',
    'detected',
    'requested',
    'journaled',
    'burning',
    'held',
    'completed',
    'rejected',
    'refunding',
    'refunded',
    'closed',
  ],
  refund: ['requested', 'submitted', 'held', 'completed', 'closed'],
  transfer: ['requested', 'submitted', 'held', 'completed', 'closed'],
} as const;
