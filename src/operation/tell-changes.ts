import type { CommitReport } from '../event-store/ledger.ts';
import type { AlarmName } from '../telemetry/alarms.ts';
import type { Log, LogFields } from '../telemetry/log.ts';
import type { OperationChange } from './operation-change.ts';
import { operationChanges } from './operation-change.ts';

/** States in which only a person can go on, with what is said of them. */
const NEEDS_A_PERSON: Readonly<Record<string, readonly [alarm: AlarmName, message: string]>> = {
  'mint held': ['operation_held', 'a mint is held until somebody decides on it'],
  'redemption held': ['operation_held', 'a redemption is held until somebody decides on it'],
  'refund held': ['operation_held', 'a refund is held until somebody decides on it'],
  'transfer held': ['operation_held', 'a transfer between our signers is held until somebody decides on it'],
  'redemption rejected': [
    'redemption_rejected',
    'Alpaca rejected a redemption: its tokens are owed back to their sender',
  ],
};

/**
 * Logs one line for every step of an operation: at error where it comes to wait for an operator, else at info. This is
 * the only place that does, and it is fed from commits, so that no way into a state can forget its line.
 */
export function createOperationTeller(log: Log): (report: CommitReport) => void {
  return (report) => {
    for (const change of operationChanges(report)) {
      const state = `${change.kind} ${change.to}`;
      const alarm = change.from === change.to ? undefined : NEEDS_A_PERSON[state];
      if (alarm !== undefined) log.error({ alarm: alarm[0], ...fieldsOf(change, report) }, alarm[1]);
      else log.info(fieldsOf(change, report), change.from === change.to ? `${change.kind} waits` : state);
    }
  };
}

const HASH = /^0x[0-9a-f]{64}$/;

/** The hash is that of the transaction behind this step, or else the operation's own. */
function fieldsOf(
  { id, kind, from, to, waitingFor, row, facts }: OperationChange,
  report: CommitReport,
): LogFields {
  const { actor, causation = null, reason = null } = report.metadata;
  const isHash = causation !== null && HASH.test(causation);
  return {
    operation: id,
    kind,
    from,
    to,
    waiting_for: waitingFor,
    underlying: row['underlying'],
    network: row['network'],
    tx_hash: isHash ? causation : row['tx_hash'],
    reason: row['reason'] ?? reason,
    actor,
    cause: isHash ? null : causation,
    version: facts.version,
  };
}
