import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { HoldList, Holds } from './holds.ts';

const words = (longest: number) => z.string().trim().min(1).max(longest);
const moment = z.iso.datetime({ offset: true });
const scope = z.enum(['new', 'all']);
const params = z.object({ symbol: z.string() });
const holdParams = params.extend({ hold_id: z.string() });
const holdBody = z.object({
  owner: words(100),
  reason: words(1000),
  scope: scope.default('new'),
  from: moment.nullish(),
  until: moment.nullish(),
});
const hold = z.object({
  hold_id: z.string(),
  owner: z.string(),
  reason: z.string(),
  scope,
  from: z.string().nullable(),
  until: z.string().nullable(),
  status: z.enum(['future', 'active', 'past', 'lifted']),
  placed_at: z.string(),
  placed_by: z.string(),
  lifted_at: z.string().nullable(),
  lifted_by: z.string().nullable(),
  lift_reason: z.string().nullable(),
});
const holdList = z.object({
  underlying: z.string(),
  at: z.string(),
  /** What the active ones stop together. */
  frozen: z.enum(['none', 'new', 'all']),
  items: z.array(hold),
});
const listQuery = z.object({ at: moment.optional(), lifted: z.enum(['true', 'false']).default('false') });
const success = z.object({ success: z.literal(true) });

/** Internal routes: the holds that freeze an underlying. */
export function holdRoutes(holds: Holds): FastifyPluginAsync {
  const routes: FastifyPluginAsyncZod = async (app) => {
    app.post(
      '/underlyings/:symbol/holds',
      { schema: { params, body: holdBody, response: { 201: z.object({ hold_id: z.string() }) } } },
      async (request, reply) => {
        const { owner, reason, scope: stops, from, until } = request.body;
        const placed = { owner, reason, scope: stops, fromMs: msOf(from), untilMs: msOf(until) };
        const metadata = { actor: request.actor, causation: request.id };
        const holdId = await holds.place(request.params.symbol, placed, metadata);
        return reply.code(201).send({ hold_id: holdId });
      },
    );

    app.get(
      '/underlyings/:symbol/holds',
      { schema: { params, querystring: listQuery, response: { 200: holdList } } },
      async (request) => {
        const { symbol } = request.params;
        const { at, lifted } = request.query;
        const list = await holds.list(symbol, msOf(at) ?? undefined);
        return toWire(symbol, list, lifted === 'true');
      },
    );

    app.delete(
      '/underlyings/:symbol/holds/:hold_id',
      {
        schema: {
          params: holdParams,
          querystring: z.object({ reason: words(1000).optional() }),
          response: { 200: success },
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
