import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Watcher } from '../chain/watcher/create-watcher.ts';
import type { Metadata } from '../event-store/event-store.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { givenName, reason } from '../primitives/wire.ts';
import type { Lanes } from '../transaction/lanes.ts';
import { lane, laneOnWire } from './lane-wire.ts';

const tags = ['lanes'];
/** Internal routes: lanes, and taking up what is stopped. */
export function laneRoutes(parts: {
  readonly lanes: Lanes;
  readonly watchers: readonly Watcher[];
}): FastifyPluginAsync {
  const { lanes, watchers } = parts;
  const routes: FastifyPluginAsyncZod = async (app) => {
    app.get(
      '/lanes',
      {
        schema: {
          operationId: 'listLanes',
          tags,
          summary: 'Every lane with its nonces and its balance',
          response: { 200: z.object({ items: z.array(lane) }) },
        },
      },
      async () => ({ items: (await lanes.status()).map(laneOnWire) }),
    );

    resumeRoute(app, lanes, watchers);
  };
  return routes;
}

function resumeRoute(
  app: Parameters<FastifyPluginAsyncZod>[0],
  lanes: Lanes,
  watchers: readonly Watcher[],
): void {
  app.post(
    '/networks/:network/resume',
    {
      schema: {
        operationId: 'resumeNetwork',
        tags,
        summary: 'Take up a stopped network and its lane',
        description: 'Says what was stopped. What is not stopped stays as it is.',
        params: z.object({ network: givenName.meta({ examples: ['base'] }) }),
        body: z.strictObject({ reason: reason.nullish() }).optional(),
        bodyOptional: true,
        response: {
          200: z.object({ network: z.string(), scan_resumed: z.boolean(), lane_resumed: z.boolean() }),
        },
        problems: ['not_found', 'chain_unavailable'],
      },
    },
    async (request) => {
      const { network } = request.params;
      const why = request.body?.reason ?? 'no reason was given';
      const watcher = watchers.find((it) => it.network === network);
      if (watcher === undefined) {
        throw new IssuanceError('not_found', `the network ${network} is not configured here`);
      }
      const metadata = { actor: request.actor, reason: why, causation: request.id };
      const scanResumed = await resumeScan(watcher, metadata);
      const laneResumed = await lanes.resume(network, request.actor, why);
      return { network, scan_resumed: scanResumed, lane_resumed: laneResumed };
    },
  );
}

async function resumeScan(watcher: Watcher, metadata: Metadata): Promise<boolean> {
  if ((await watcher.status()).state !== 'stopped') return false;
  try {
    await watcher.resume(metadata);
    return true;
  } catch (error) {
    // Another operator was faster.
    if (error instanceof IssuanceError && error.code === 'network_not_stopped') return false;
    throw error;
  }
}
