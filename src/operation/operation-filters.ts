import { z } from 'zod';
import type { Condition, UpTo } from '../event-store/event-store.ts';
import { isUuid } from '../primitives/uuid.ts';
import type { ListScope } from '../primitives/wire.ts';

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
  };
  const where: Record<string, Condition> = {};
  for (const [column, value] of Object.entries(columns)) {
    if (value !== undefined) where[column] = value;
  }
  if (filters.tokenizationRequestId !== undefined) {
    where['tokenization_request_id'] = { in: spellings(filters.tokenizationRequestId) };
  }
  if (filters.createdUntilMs !== undefined) where['created_ms'] = { lte: filters.createdUntilMs };
  return where;
}

/** Alpaca's ids are kept as they came: a UUID may have come in either case. */
export function spellings(id: string): readonly string[] {
  return isUuid(id) ? [...new Set([id, id.toLowerCase(), id.toUpperCase()])] : [id];
}

/** The time in ms and the id after which a page of operations goes on. */
export const PLACE = z.tuple([z.number(), z.string()]);

/** The list that a cursor of operations belongs to. */
export function listOf(filters: OperationFilters, then: UpTo | null): ListScope {
  return ['operations', filters, then];
}
