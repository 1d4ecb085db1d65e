/**
 * Every alarm that the log can raise, by the name that stands in the field `alarm` of its line. Each has a section in
 * docs/runbook.md, which a test sees to. The compiler sees to it that no line at error is without one.
 */
export const ALARMS = [
  // One operation.
  'operation_held',
  'redemption_rejected',
  'overdue',
  'confirm_unknown',
  'confirm_unclear',
  'confirm_conflict',
  'deposit_doubled',
  'restore_incomplete',
  // Networks and lanes.
  'network_stopped',
  'stopped',
  'vault_stopped',
  'quarantine_started',
  'found',
  'effect_vanished',
  'vanished',
  'nonce_user_unknown',
  // Means.
  'insufficient_funds',
  'low_funds',
  'fee_ceiling',
  'reprice_ceiling',
  'send_failed',
  'fill_refused',
  'signer_gone',
  // Calls of a custodian.
  'call_refused',
  'call_differs',
  'call_unclear',
  'move_waits',
  // The books.
  'custody_differs',
  'supply_differs',
  'shares_differ',
  'receipt_overdrawn',
  'deposit_unexplained',
  'log_unreadable',
  'log_missed',
  // The service itself.
  'store_failed',
  'store_stopped',
  'step_threw',
  'work_unknown',
  'listener_failed',
  'request_failed',
  'stop_too_slow',
] as const;

export type AlarmName = (typeof ALARMS)[number];

/** An alarm of one thing among several: the name, and what it is of. */
export type AlarmKey = AlarmName | `${AlarmName}/${string}`;

/** Fields of a line at error. */
export type AlarmFields = Readonly<Record<string, unknown>> & { readonly alarm: AlarmKey };
