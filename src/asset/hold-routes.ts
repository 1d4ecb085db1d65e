import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { upTo } from '../operation/point-in-time.ts';
import type { HoldList, Holds } from './holds.ts';
import {
  holdBody,
  holdList,
  holdParams,
  holdsQuery,
  lifted,
  liftQuery,
  placed,
  symbolParams,
} from './hold-wire.ts';

const tags = ['assets'];

/** Internal routes: the holds that freeze an underlying. */
export function holdRoutes(holds: Holds): FastifyPluginAsync {
  const routes: FastifyPluginAsyncZod = async (app) => {
    app.post(
      '/underlyings/:symbol/holds',
      {
        schema: {
          operationId: 'placeHold',
          tags,
          summary: 'Freeze an underlying',
          description: 'On every network, until it is lifted or over. Several may stand; the widest counts.',
          params: symbolParams,
          body: holdBody,
          response: { 201: placed },
          problems: ['asset_unknown', 'hold_limit', 'hold_window_invalid'],
        },
      },
      async (request, reply) => {
        const { owner, reason, scope: stops, from, until } = request.body;
        const wanted = { owner, reason, scope: stops, fromMs: msOf(from), untilMs: msOf(until) };
        const metadata = { actor: request.actor, causation: request.id };
        const holdId = await holds.place(request.params.symbol, wanted, metadata);
        return reply.code(201).send({ hold_id: holdId });
      },
    );

    app.get(
      '/underlyings/:symbol/holds',
      {
        schema: {
          operationId: 'listHolds',
          tags,
          summary: 'The holds on an underlying, and what they stop together',
          params: symbolParams,
          querystring: holdsQuery,
          response: { 200: holdList },
          problems: ['asset_unknown'],
        },
      },
      async (request) => {
        const { symbol } = request.params;
        const { lifted: withLifted } = request.query;
        const list = await holds.list(symbol, upTo(request.query));
        return toWire(symbol, list, withLifted === 'true');
      },
    );

    app.delete(
      '/underlyings/:symbol/holds/:hold_id',
      {
        schema: {
          operationId: 'liftHold',
          tags,
          summary: 'Lift a hold',
          description: 'May be repeated. What waited for it goes on in order.',
          params: holdParams,
          querystring: liftQuery,
          response: { 200: lifted },
          problems: ['hold_unknown'],
        },
      },
      async (request) => {
        const { symbol, hold_id: holdId } = request.params;
        const { reason } = request.query;
        const metadata = { actor: request.actor, causation: request.id };
        await holds.lift(symbol, holdId, reason === undefined ? metadata : { ...metadata, reason });
        return { success: true } as const;
      },
    );
  };
  return routes;
}

function msOf(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : Date.parse(text);
}

function textOf(timeMs: number | null | undefined): string | null {
  return timeMs === null || timeMs === undefined ? null : new Date(timeMs).toISOString();
}

function toWire(underlying: string, list: HoldList, withLifted: boolean): z.infer<typeof holdList> {
  const { atMs, scope: frozen, holds } = list;
  const items = holds.flatMap((it) => {
    if (it.status === 'lifted' && !withLifted) return [];
    return [
      {
        hold_id: it.holdId,
        owner: it.owner,
        reason: it.reason,
        scope: it.scope,
        from: textOf(it.fromMs),
        until: textOf(it.untilMs),
        status: it.status,
        placed_at: new Date(it.placedMs).toISOString(),
        placed_by: it.placedBy,
        lifted_at: textOf(it.lifted?.liftedMs),
        lifted_by: it.lifted?.liftedBy ?? null,
        lift_reason: it.lifted?.reason ?? null,
      },
    ];
  });
  return { underlying, at: new Date(atMs).toISOString(), frozen, items };
}
