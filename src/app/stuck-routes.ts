import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Operations } from '../operation/operations.ts';
import { lastError, operation } from '../operation/wire.ts';
import { address, moment, nextCursor, pageQuery, uuid } from '../primitives/wire.ts';
import type { LaneStatus } from '../transaction/lane-status.ts';
import type { Lanes } from '../transaction/lanes.ts';
import type { StuckGround } from './checks/stuck-ground.ts';
import { lane, laneOnWire } from './lane-wire.ts';

const waits = {
  since: moment.meta({ description: 'When it came into its state.' }),
  waiting_for: z.string().nullable(),
  last_error: lastError,
  next_attempt_at: moment.nullable().meta({ description: 'Null where only a person goes on.' }),
};

const network = z.object({
  network: z.string(),
  state: z.enum(['stopped', 'opening', 'open']).meta({
    description:
      '`opening`: no node has told its head yet. `open`: no node has served for longer than it should take.',
  }),
  why: z.string(),
  ...waits,
});

const transaction = z.object({
  id: z.string().meta({
    description: 'Chain, signer and nonce; of a custodian’s call chain, signer, operation and attempt.',
  }),
  network: z.string(),
  phase: z.enum(['pending', 'mined', 'requested', 'refused', 'held']).meta({
    description:
      'Of a custodian’s call too. `requested` and `refused`: the custodian is not known to have it. `held`: it ended ' +
      'there, and no block shows it.',
  }),
  ...waits,
});

const move = z.object({
  network: z.string(),
  move_id: uuid,
  from: address,
  to: address,
  phase: z.enum(['moving', 'comparing', 'revoking']),
  ...waits,
});

/** Internal route: all that needs a person. */
export function stuckRoutes(parts: {
  readonly lanes: Pick<Lanes, 'status'>;
  readonly operations: Pick<Operations, 'list'>;
  readonly ground: StuckGround;
}): FastifyPluginAsync {
  const { lanes, operations, ground } = parts;
  const routes: FastifyPluginAsyncZod = async (app) => {
    app.get(
      '/admin/stuck',
      {
        schema: {
          operationId: 'listStuck',
          tags: ['lanes'],
          summary: 'All that needs a person',
          description:
            'Operations past the bound of their state, the longest stuck first and in pages; lanes that do not sign; ' +
            'networks that stand still; transactions and calls of custodians that are not mined or not final in ' +
            'time, at most a hundred of each state; moves to another key that take longer than they should.',
          querystring: pageQuery(100),
          response: {
            200: z.object({
              operations: z.array(operation),
              next_cursor: nextCursor,
              lanes: z.array(lane),
              networks: z.array(network),
              transactions: z.array(transaction),
              moves: z.array(move),
            }),
          },
        },
      },
      async (request) => {
        const { limit, cursor } = request.query;
        const page = { limit, ...(cursor === undefined ? {} : { cursor }) };
        const { items, nextCursor: next } = await operations.list({ stuck: true }, page);
        return {
          operations: [...items],
          next_cursor: next,
          lanes: (await lanes.status()).filter(isHindered).map(laneOnWire),
          networks: [...(await ground.networks())],
          transactions: [...(await ground.transactions())],
          moves: (await ground.moves()).map((it) => ({ ...it })),
        };
      },
    );
  };
  return routes;
}

function isHindered({ state, why, stoppedVaults }: LaneStatus): boolean {
  return state !== 'retired' && (state !== 'open' || why !== null || Object.keys(stoppedVaults).length > 0);
}
