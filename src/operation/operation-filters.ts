import type { Condition, Row } from '../event-store/event-store.ts';
import { IssuanceError } from '../primitives/failures.ts';

/** Which operations; every given filter must hold. */
export interface OperationFilters {
  readonly kind?: string;
  readonly state?: string;
  readonly underlying?: string;
  readonly network?: string;
  readonly clientId?: string;
  /** Of the incoming transfer, the mint, or a burn. */
  readonly transactionHash?: string;
  readonly tokenizationRequestId?: string;
  /** Only those that are past the bound of their state. */
  readonly stuck?: boolean;
}

export interface Page {
  readonly limit: number;
  /** From an earlier page's `nextCursor`. */
  readonly cursor?: string;
}

/** The filters that are plain columns. */
export function equalities(filters: OperationFilters): Readonly<Record<string, Condition>> {
  const columns = {
    kind: filters.kind,
    state: filters.state,
    underlying: filters.underlying,
    network: filters.network,
    client_id: filters.clientId,
    tokenization_request_id: filters.tokenizationRequestId,
  };
  const where: Record<string, Condition> = {};
  for (const [column, value] of Object.entries(columns)) {
    if (value !== undefined) where[column] = value;
  }
  return where;
}

/** An opaque text that names the place after a row. */
export function encodeCursor(row: Row): string {
  return Buffer.from(JSON.stringify([row['created_ms'], row['id']])).toString('base64url');
}

/** @throws IssuanceError `malformed` */
export function decodeCursor(cursor: string): readonly [createdMs: number, id: string] {
  const value = parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (Array.isArray(value)) {
    const [createdMs, id] = value as readonly unknown[];
    if (typeof createdMs === 'number' && typeof id === 'string') return [createdMs, id];
  }
  throw new IssuanceError('malformed', 'cursor is not one that an earlier page gave');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Anyone may send any text; the caller refuses it.
    return null;
  }
}
