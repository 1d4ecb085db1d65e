import { z } from 'zod';
import type { Condition } from '../event-store/event-store.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { readCursor } from '../primitives/wire.ts';

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
  /** Begun at this moment or before, in ms. */
  readonly createdUntilMs?: number;
  /** True: only those that are past the bound of their state. */
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
  if (filters.createdUntilMs !== undefined) where['created_ms'] = { lte: filters.createdUntilMs };
  return where;
}

const place = z.tuple([z.number(), z.string()]);

/**
 * The time and id after which a page goes on.
 *
 * @throws IssuanceError `malformed`
 */
export function decodeCursor(cursor: string): readonly [timeMs: number, id: string] {
  const read = readCursor(cursor, place);
  if (read === null) throw new IssuanceError('malformed', 'cursor is not one that an earlier page gave');
  return read;
}
