import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { UpTo } from '../event-store/event-store.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { keptId } from '../primitives/uuid.ts';
import type { OperationFilters } from './operation-filters.ts';
import type { EventWithState, Operations } from './operations.ts';
import { atQuery, upTo } from './point-in-time.ts';
import { event, eventsQuery, idParams, listQuery, operation, operationPage } from './wire.ts';

const tags = ['operations'];

/** Internal routes: operations as they are, as they were, and event by event. */
export function operationRoutes(operations: Operations): FastifyPluginAsync {
  const routes: FastifyPluginAsyncZod = async (app) => {
    app.get(
      '/operations',
      {
        schema: {
          operationId: 'listOperations',
          tags,
          summary: 'Mints and redemptions, newest first',
          description:
            'Every filter that is given must hold. A cursor belongs to the filters it was given for. With `at` or ' +
            '`position`: those that were open then, as they were, replayed from the log; `state` is that of then. ' +
            'One call looks at no more than 5,000 operations that began before, so that a page may hold fewer than ' +
            '`limit`, or none, and have a `next_cursor` all the same.',
          querystring: listQuery,
          response: { 200: operationPage },
        },
      },
      async (request) => {
        const { limit, cursor } = request.query;
        const page = { limit, ...(cursor === undefined ? {} : { cursor }) };
        const filters = filtersOf(request.query);
        const then = upTo(request.query);
        const { items, nextCursor } =
          then === undefined
            ? await operations.list(filters, page)
            : await operations.listOpen(filters, page, then);
        return { items: [...items], next_cursor: nextCursor };
      },
    );

    app.get(
      '/operations/:id',
      {
        schema: {
          operationId: 'getOperation',
          tags,
          summary: 'One operation, as it is or as it was',
          description: 'As it was, it has neither attempts nor a last error: those are of the present only.',
          params: idParams,
          querystring: atQuery,
          response: { 200: operation },
          problems: ['operation_unknown'],
        },
      },
      async (request) => {
        const found = await operations.get(request.params.id, upTo(request.query));
        if (found === null) throw unknownOperation(request.params.id, upTo(request.query));
        return found;
      },
    );

    app.get(
      '/operations/:id/events',
      {
        schema: {
          operationId: 'listOperationEvents',
          tags,
          summary: 'What happened to an operation, in order',
          params: idParams,
          querystring: eventsQuery,
          response: { 200: z.array(event) },
          problems: ['operation_unknown'],
        },
      },
      async (request) => {
        const { id } = request.params;
        const { after, limit } = request.query;
        const events = await operations.events(id);
        if (events.length === 0) throw unknownOperation(id);
        return events
          .filter((it) => it.event.position > after)
          .slice(0, limit)
          .map(eventOnWire);
      },
    );
  };
  return routes;
}

/** @param then the moment that was asked about; without one the present */
export function unknownOperation(id: string, then?: UpTo): IssuanceError {
  const when = then === undefined ? 'there is no operation' : 'at that moment there was no operation';
  return new IssuanceError('operation_unknown', `${when} ${id.slice(0, 80)}`);
}

function filtersOf(query: z.infer<typeof listQuery>): OperationFilters {
  const given = {
    kind: query.kind,
    state: query.state,
    underlying: query.underlying,
    network: query.network,
    clientId: query.client_id === undefined ? undefined : keptId(query.client_id),
    transactionHash: query.tx_hash?.toLowerCase(),
    tokenizationRequestId: query.tokenization_request_id,
    stuck: query.stuck === undefined ? undefined : query.stuck === 'true',
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function eventOnWire({ event: stored, state }: EventWithState): z.infer<typeof event> {
  const { position, version, type, timeMs, metadata, data } = stored;
  return {
    position,
    version,
    type,
    state,
    time: new Date(timeMs).toISOString(),
    actor: metadata.actor,
    reason: metadata.reason ?? null,
    causation: metadata.causation ?? null,
    data: JSON.parse(
      JSON.stringify(data, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ) as Record<string, unknown>,
  };
}
