import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { IssuanceError } from '../primitives/failures.ts';
import { pointShape, unknownThen, upTo } from '../operation/point-in-time.ts';
import { readCursor, writeCursor } from '../primitives/wire.ts';
import type { AssetView, Assets } from './assets.ts';
import type { Availability } from './availability.ts';
import { availability } from './availability.ts';
import type { Holds } from './holds.ts';
import {
  asset,
  assetPage,
  assetsQuery,
  networkQuery,
  pointBody,
  status,
  switchBody,
  underlyingParams,
} from './wire.ts';

const tags = ['assets'];
const cursorShape = z.tuple([z.string(), z.string()]);

/** Internal routes: assets. `onChanged` makes the watcher look at once. */
export function assetRoutes(
  assets: Assets,
  holds: Pick<Holds, 'present'>,
  onChanged: () => void,
): FastifyPluginAsync {
  const routes: FastifyPluginAsyncZod = async (app) => {
    app.post(
      '/tokenized-assets',
      {
        schema: {
          operationId: 'pointAsset',
          tags,
          summary: 'Add an asset, or point a known one to another vault',
          description:
            'The vault is read on chain first. 201 for a new asset, 200 for a known one. A vault that served ' +
            'before stays watched: tokens of it can still be redeemed.',
          body: pointBody,
          response: { 200: asset, 201: asset },
          problems: [
            'network_unknown',
            'vault_invalid',
            'symbol_mismatch',
            'vault_taken',
            'token_taken',
            'asset_token_differs',
            'chain_unavailable',
          ],
        },
      },
      async (request, reply) => {
        const { underlying, token, network, vault } = request.body;
        const metadata = { actor: request.actor, causation: request.id };
        const pointed = await assets.point({ underlying, token, network, vault }, metadata);
        onChanged();
        return reply.code(pointed.added ? 201 : 200).send(await shown(holds, pointed.asset));
      },
    );
    readRoutes(app, assets, holds);
    switchRoutes(app, assets, holds);
  };
  return routes;
}

type App = Parameters<FastifyPluginAsyncZod>[0];
type AssetOnPage = z.infer<typeof assetPage>['items'][number];
type Present = Pick<Holds, 'present'>;

function readRoutes(app: App, assets: Assets, holds: Present): void {
  app.get(
    '/tokenized-assets/all',
    {
      schema: {
        operationId: 'listAssets',
        tags,
        summary: 'Every asset, in the order of underlying and network',
        querystring: assetsQuery,
        response: { 200: assetPage },
      },
    },
    async (request) => {
      const { limit, cursor, underlying, network, state } = request.query;
      const list = ['assets', { underlying, network, state }] as const;
      const after = readCursor(list, cursor, cursorShape);
      const chosen = (await assets.list(underlying)).filter(
        (it) =>
          (network === undefined || it.network === network) &&
          (after === null || isAfter([it.underlying, it.network], after)),
      );
      const found: AssetOnPage[] = [];
      for (const it of chosen) {
        const item = { ...(await shown(holds, it)), past_vaults: [...it.pastVaults] };
        if (state === undefined || item.state === state) found.push(item);
        if (found.length > limit) break;
      }
      const items = found.slice(0, limit);
      const last = found.length > limit ? items.at(-1) : undefined;
      return {
        items,
        next_cursor: last === undefined ? null : writeCursor(list, [last.underlying, last.network]),
      };
    },
  );

  app.get(
    '/tokenized-assets/:underlying',
    {
      schema: {
        operationId: 'getAsset',
        tags,
        summary: 'One asset, as it is or as it was',
        description: 'Frozen or not: as of the moment, or of that at which the log came to the position.',
        params: underlyingParams,
        querystring: networkQuery.extend(pointShape),
        response: { 200: asset },
        problems: ['asset_unknown'],
      },
    },
    async (request) => {
      const { underlying } = request.params;
      const { network } = request.query;
      const then = upTo(request.query);
      const found = await assets.get(underlying, network, then);
      if (found === null && then !== undefined) throw unknownThen('asset_unknown', 'such asset', then);
      if (found === null)
        throw new IssuanceError('asset_unknown', `${underlying} is not tokenized on ${network}`);
      return shown({ present: (symbol) => holds.present(symbol, then) }, found);
    },
  );

  app.get(
    '/tokenized-assets/:underlying/status',
    {
      schema: {
        operationId: 'getAssetStatus',
        tags,
        summary: 'Whether an underlying can be minted, and where',
        params: underlyingParams,
        response: { 200: status },
        problems: ['asset_unknown'],
      },
    },
    async (request) => {
      const { underlying } = request.params;
      const found = await assets.list(underlying);
      if (found.length === 0) {
        throw new IssuanceError('asset_unknown', `${underlying} is not tokenized on any network`);
      }
      const networks = await Promise.all(
        found.map(async (it) => [it.network, await availability(holds, it)] as const),
      );
      const has = (state: Availability): boolean => networks.some(([, it]) => it === state);
      const whole = has('enabled') ? 'enabled' : has('frozen') ? 'frozen' : 'disabled';
      return { underlying, status: whole, networks: Object.fromEntries(networks) } as const;
    },
  );
}

function switchRoutes(app: App, assets: Assets, holds: Present): void {
  for (const action of ['enable', 'disable'] as const) {
    app.post(
      `/tokenized-assets/:underlying/${action}`,
      {
        schema: {
          operationId: `${action}Asset`,
          tags,
          summary: action === 'enable' ? 'Let an asset be minted again' : 'Stop new mints of an asset',
          description: 'May be repeated. A disabled asset leaves Alpaca’s list; what is under way goes on.',
          params: underlyingParams,
          body: switchBody,
          response: { 200: asset },
          problems: ['asset_unknown'],
        },
      },
      async (request) => {
        const { network, reason } = request.body;
        const metadata = { actor: request.actor, reason, causation: request.id };
        return shown(
          holds,
          await assets.setEnabled(request.params.underlying, network, action === 'enable', metadata),
        );
      },
    );
  }
}

async function shown(holds: Present, view: AssetView): Promise<z.infer<typeof asset>> {
  const { underlying, token, network, vault } = view;
  return { underlying, token, network, vault, state: await availability(holds, view) };
}

function isAfter(place: readonly [string, string], after: readonly [string, string]): boolean {
  return place[0] > after[0] || (place[0] === after[0] && place[1] > after[1]);
}
