import { z } from 'zod';
import { formatQuantity } from '../../primitives/quantity.ts';
import type { Position } from './book.ts';
import { issuerRequestIdField, networkField, readFields } from './fields.ts';
import type { Journal, ReceivedCall, TokenizationRequest } from './model.ts';
import { type Answer, Refusal } from './refusal.ts';
import { requestOnWire } from './requests.ts';
import type { World } from './world.ts';

const moment = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), 'must be a date or an RFC 3339 time')
  .transform((text) => Date.parse(text));

const listFilters = z.object({
  type: z.enum(['mint', 'redeem']).optional(),
  status: z.enum(['pending', 'rejected', 'completed']).optional(),
  underlying_symbol: z.string().optional(),
  issuer: z.string().optional(),
  network: networkField.optional(),
  after: moment.optional(),
  before: moment.optional(),
});

const journalFilters = z.object({
  entry_type: z.enum(['JNLS', 'JNLC']).optional(),
  to_account: z.string().optional(),
  from_account: z.string().optional(),
  after: moment.optional(),
  before: moment.optional(),
  status: z.string().optional(),
  limit: z.coerce.number().int().positive().optional(),
});

/** True unless both are given and differ. */
function fits<T>(wanted: T | undefined, value: T): boolean {
  return wanted === undefined || wanted === value;
}

function within(filters: { after?: number | undefined; before?: number | undefined }, atMs: number): boolean {
  const { after = Number.NEGATIVE_INFINITY, before = Number.POSITIVE_INFINITY } = filters;
  return atMs > after && atMs < before;
}

type Lookup = (call: ReceivedCall) => Answer;

/** The issuer's questions. Each throws `Refusal`: 404 for what is not there, 422 for a bad filter. */
export interface Lookups {
  readonly getRequest: Lookup;
  readonly findRequest: Lookup;
  readonly listRequests: Lookup;
  readonly positions: Lookup;
  readonly position: Lookup;
  readonly journals: Lookup;
}

/** Answers from what the simulation knows. */
export function createLookups(world: World): Lookups {
  const { settings } = world;
  const onWire = (request: TokenizationRequest) => requestOnWire(request, settings.issuerName);
  const ageMs = (request: TokenizationRequest) => world.nowMs() - request.createdAtMs;
  const visible = (request: TokenizationRequest | undefined): Answer => {
    if (request === undefined || ageMs(request) < settings.visibleAfterMs) {
      throw new Refusal('notFound', 'tokenization request not found');
    }
    return { status: 200, body: onWire(request) };
  };

  return {
    getRequest: ({ params }: ReceivedCall) => visible(world.requests.byId(params['id'] ?? '')),

    findRequest({ query }: ReceivedCall) {
      const { issuer_request_id: id } = readFields(
        z.object({ issuer_request_id: issuerRequestIdField }),
        query,
      );
      return visible(world.requests.byIssuerRequestId(id));
    },

    listRequests({ query }: ReceivedCall): Answer {
      const filters = readFields(listFilters, query);
      const listed = world.requests
        .all()
        .filter(
          (request) =>
            !(request.status === 'completed' && ageMs(request) >= settings.listRetentionMs) &&
            ageMs(request) >= settings.visibleAfterMs &&
            fits(filters.type, request.type) &&
            fits(filters.status, request.status) &&
            fits(filters.underlying_symbol, request.underlying) &&
            fits(filters.issuer, settings.issuerName) &&
            fits<string>(filters.network, request.network) &&
            within(filters, request.createdAtMs),
        );
      return { status: 200, body: listed.map(onWire) };
    },

    positions: (): Answer => ({
      status: 200,
      body: world.book.positions(settings.accountId).map(positionOnWire),
    }),

    position({ params }: ReceivedCall): Answer {
      const position = world.book.position(settings.accountId, params['symbol'] ?? '');
      if (position.quantity === 0n) throw new Refusal('notFound', 'position does not exist');
      return { status: 200, body: positionOnWire(position) };
    },

    journals({ query }: ReceivedCall): Answer {
      const filters = readFields(journalFilters, query);
      const listed = world.book
        .journals()
        .filter(
          (journal) =>
            fits(filters.entry_type, 'JNLS') &&
            fits(filters.to_account, journal.toAccount) &&
            fits(filters.from_account, journal.fromAccount) &&
            fits(filters.status, journal.status) &&
            within(filters, journal.createdAtMs),
        );
      return { status: 200, body: listed.slice(0, filters.limit).map(journalOnWire) };
    },
  };
}

export function positionOnWire({ symbol, quantity, available }: Position): Record<string, string> {
  return { symbol, qty: formatQuantity(quantity), qty_available: formatQuantity(available) };
}

export function journalOnWire(journal: Journal): Record<string, string> {
  return {
    id: journal.id,
    entry_type: 'JNLS',
    from_account: journal.fromAccount,
    to_account: journal.toAccount,
    symbol: journal.symbol,
    qty: formatQuantity(journal.quantity),
    status: journal.status,
    created_at: new Date(journal.createdAtMs).toISOString(),
  };
}
