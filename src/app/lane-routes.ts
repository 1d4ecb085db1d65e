import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Watcher } from '../chain/watcher/create-watcher.ts';
import type { Metadata } from '../event-store/event-store.ts';
import type { Operations } from '../operation/operations.ts';
import { operation } from '../operation/wire.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { formatQuantity } from '../primitives/quantity.ts';
import { address, givenName, moment, nextCursor, pageQuery, reason } from '../primitives/wire.ts';
import type { LaneStatus } from '../transaction/lane-status.ts';
import type { Lanes } from '../transaction/lanes.ts';

const tags = ['lanes'];
const nonce = z.number().int();

const lane = z
  .object({
    lane: z.string().meta({ description: 'Its id: chain and signer.' }),
    network: z.string(),
    chain_id: z.number().int(),
    signer: address,
    state: z.enum(['open', 'quarantine', 'stopped', 'retired']),
    why: z
      .object({ code: z.string(), message: z.string() })
      .nullable()
      .meta({ description: 'Why it does not sign at present; null when nothing hinders it.' }),
    since: moment,
    next_nonce: nonce,
    chain_nonce: nonce.nullable().meta({ description: 'Nonces that the chain has used, as last seen.' }),
    pending_nonce: nonce.nullable(),
    pending: z.number().int().meta({ description: 'Signed, and in no block that is deep enough.' }),
    mined: z.number().int().meta({ description: 'In a block that is not final.' }),
    balance: z
      .string()
      .nullable()
      .meta({ description: 'What the signer can pay fees with, in whole coins, as a decimal string.' }),
    stopped_vaults: z
      .record(z.string(), z.string())
      .meta({ description: 'Vaults that nothing is signed for, and why.' }),
  })
  .meta({ id: 'Lane', description: 'What signs for one network with one signer.' });

const stoppedNetwork = z.object({ network: z.string(), state: z.literal('stopped'), why: z.string() });

/** Internal routes: lanes, stopped networks, and all that needs a person. */
export function laneRoutes(parts: {
  readonly lanes: Lanes;
  readonly watchers: readonly Watcher[];
  readonly operations: Operations;
}): FastifyPluginAsync {
  const { lanes, watchers, operations } = parts;
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

    app.get(
      '/admin/stuck',
      {
        schema: {
          operationId: 'listStuck',
          tags,
          summary: 'All that needs a person',
          description:
            'Operations past the bound of their state, the longest stuck first and in pages; lanes that do not sign; ' +
            'networks that are stopped.',
          querystring: pageQuery(100),
          response: {
            200: z.object({
              operations: z.array(operation),
              next_cursor: nextCursor,
              lanes: z.array(lane),
              networks: z.array(stoppedNetwork),
            }),
          },
        },
      },
      async (request) => {
        const { limit, cursor } = request.query;
        const page = { limit, ...(cursor === undefined ? {} : { cursor }) };
        const { items, nextCursor } = await operations.list({ stuck: true }, page);
        const scans = await Promise.all(watchers.map((it) => it.status()));
        return {
          operations: [...items],
          next_cursor: nextCursor,
          lanes: (await lanes.status()).filter(isHindered).map(laneOnWire),
          networks: scans
            .filter((it) => it.state === 'stopped')
            .map(({ network, why }) => ({ network, state: 'stopped' as const, why: why ?? 'not recorded' })),
        };
      },
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
        body: z.object({ reason }),
        response: {
          200: z.object({ network: z.string(), scan_resumed: z.boolean(), lane_resumed: z.boolean() }),
        },
        problems: ['not_found', 'chain_unavailable'],
      },
    },
    async (request) => {
      const { network } = request.params;
      const { reason } = request.body;
      const watcher = watchers.find((it) => it.network === network);
      if (watcher === undefined) {
        throw new IssuanceError('not_found', `the network ${network} is not configured here`);
      }
      const metadata = { actor: request.actor, reason, causation: request.id };
      const scanResumed = await resumeScan(watcher, metadata);
      const laneResumed = await lanes.resume(network, request.actor, reason);
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

function isHindered({ state, why, stoppedVaults }: LaneStatus): boolean {
  return state !== 'retired' && (state !== 'open' || why !== null || Object.keys(stoppedVaults).length > 0);
}

function laneOnWire(status: LaneStatus): z.infer<typeof lane> {
  return {
    lane: status.lane,
    network: status.network,
    chain_id: status.chainId,
    signer: status.signer,
    state: status.state,
    why: status.why,
    since: new Date(status.sinceMs).toISOString(),
    next_nonce: status.nextNonce,
    chain_nonce: status.chainNonce,
    pending_nonce: status.pendingNonce,
    pending: status.pending,
    mined: status.mined,
    balance: status.balanceWei === null ? null : formatQuantity(status.balanceWei),
    stopped_vaults: { ...status.stoppedVaults },
  };
}
