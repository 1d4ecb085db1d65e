import type { z } from 'zod';
import type { Row } from '../event-store/event-store.ts';
import type { WorkError, WorkRow } from '../engine/work.ts';
import { formatQuantity } from '../primitives/quantity.ts';
import type { Hindrance } from './hindrance.ts';
import type { OperationKind } from './operation-row.ts';
import type { operation } from './wire.ts';

/** One operation as it is shown: quantities are decimal strings of tokens, times RFC 3339, absent values null. */
export type OperationView = Readonly<z.infer<typeof operation>>;

/**
 * Joins an operation's row with its row of work; null for work where it is at its end, or shown as it once was. What
 * has no failure of its own shows what hinders it.
 */
export function operationView(
  row: Row,
  work: WorkRow | null,
  hindrance: Hindrance | null = null,
): OperationView {
  const text = (column: string): string | null => (row[column] ?? null) as string | null;
  const quantity = (column: string): string | null => {
    const value = row[column] as bigint | null | undefined;
    return value === null || value === undefined ? null : formatQuantity(value);
  };
  return {
    id: row['id'] as string,
    kind: row['kind'] as OperationKind,
    state: row['state'] as string,
    waiting_for: text('waiting_for'),
    since: isoTime(row['since_ms'] as number),
    reason: text('reason'),
    underlying: text('underlying'),
    token: text('token'),
    network: text('network'),
    vault: text('vault'),
    wallet: text('wallet'),
    client_id: text('client_id'),
    qty: quantity('qty'),
    shares: quantity('shares'),
    burned: quantity('burned'),
    dust: quantity('dust'),
    tx_hash: text('tx_hash'),
    receipt_id: text('receipt_id'),
    tokenization_request_id: text('tokenization_request_id'),
    attempts: work?.attempts ?? null,
    last_error: lastError(work?.lastError ?? hindrance?.error ?? null),
    next_attempt_at: nextAttempt(work, hindrance),
    version: row['version'] as number,
    created_at: isoTime(row['created_ms'] as number),
  };
}

/** What waits for a dependency that is down is due all the while, and tried when that is. */
function nextAttempt(work: WorkRow | null, hindrance: Hindrance | null): string | null {
  const nextMs = hindrance?.nextMs ?? work?.dueMs ?? null;
  return nextMs === null ? null : isoTime(nextMs);
}

export function lastError(error: WorkError | null): OperationView['last_error'] {
  if (error === null) return null;
  const { code, message, atMs, requestId, status } = error;
  return { code, message, at: isoTime(atMs), request_id: requestId ?? null, status: status ?? null };
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
