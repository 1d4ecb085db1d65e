import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { EventStore, StoredEvent, UpTo } from '../event-store/event-store.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { OperationFilters } from './operation-filters.ts';
import type { Operations } from './operations.ts';

const listQuery = z.object({
  kind: z.string().optional(),
  state: z.string().optional(),
  underlying: z.string().optional(),
  network: z.string().optional(),
  client_id: z.string().optional(),
  tx_hash: z.string().optional(),
  tokenization_request_id: z.string().optional(),
  stuck: z.enum(['true', 'false']).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().optional(),
});
export const idParams = z.object({ id: z.string() });
export const moment = z.object({
  at: z.iso.datetime({ offset: true }).optional(),
  position: z.coerce.number().int().min(1).optional(),
});
/** Most events that one operation's log is read to; a redemption of thousands of parts stays far below. */
const MAX_EVENTS = 10_000;

/** Internal routes: operations as they are, as they were, and event by event. */
export function operationRoutes(
  operations: Operations,
  store: Pick<EventStore, 'readStreams'>,
): FastifyPluginAsync {
  const routes: FastifyPluginAsyncZod = async (app) => {
    app.get('/operations', { schema: { querystring: listQuery } }, async (request) => {
      const { limit, cursor } = request.query;
      const page = { limit, ...(cursor === undefined ? {} : { cursor }) };
      const { items, nextCursor } = await operations.list(filtersOf(request.query), page);
      return { items, next_cursor: nextCursor };
    });

    app.get('/operations/:id', { schema: { params: idParams, querystring: moment } }, async (request) => {
      const found = await operations.get(request.params.id, upTo(request.query));
      if (found === null) throw unknownOperation(request.params.id);
      return found;
    });

    app.get('/operations/:id/events', { schema: { params: idParams } }, async (request) => {
      const { id } = request.params;
      const streams = await store.readStreams([`mint/${id}`, `redemption/${id}`]);
      const events = [...streams.values()].flat().slice(0, MAX_EVENTS);
      if (events.length === 0) throw unknownOperation(id);
      return events.map(eventOnWire);
    });
  };
  return routes;
}

export function unknownOperation(id: string): IssuanceError {
  return new IssuanceError('operation_unknown', `there is no operation ${id.slice(0, 80)} at that moment`);
}

function filtersOf(query: z.infer<typeof listQuery>): OperationFilters {
  const given = {
    kind: query.kind,
    state: query.state,
    underlying: query.underlying,
    network: query.network,
    clientId: query.client_id,
    transactionHash: query.tx_hash?.toLowerCase(),
    tokenizationRequestId: query.tokenization_request_id,
    stuck: query.stuck === undefined ? undefined : query.stuck === 'true',
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

export function upTo({ at, position }: z.infer<typeof moment>): UpTo | undefined {
  if (at === undefined && position === undefined) return undefined;
  return {
    ...(at === undefined ? {} : { timeMs: Date.parse(at) }),
    ...(position === undefined ? {} : { position }),
  };
}

function eventOnWire(event: StoredEvent) {
  const { position, version, type, timeMs, metadata, data } = event;
  return {
    position,
    version,
    type,
    time: new Date(timeMs).toISOString(),
    actor: metadata.actor,
    reason: metadata.reason ?? null,
    causation: metadata.causation ?? null,
    data: JSON.parse(
      JSON.stringify(data, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ) as unknown,
  };
}
