import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { parseAddress } from '../primitives/address.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { AssetView, Assets } from './assets.ts';
import type { Availability } from './availability.ts';
import { availability } from './availability.ts';
import type { Holds } from './holds.ts';

const symbol = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$/, 'not a symbol');
const pointBody = z.object({ underlying: symbol, token: symbol, network: z.string(), vault: z.string() });
const state = z.enum(['enabled', 'disabled', 'frozen']);
const asset = z.object({
  underlying: z.string(),
  token: z.string(),
  network: z.string(),
  vault: z.string(),
  state,
});
/** Of an underlying as a whole: enabled where any network is, else frozen where any is. */
const status = z.object({ underlying: z.string(), status: state, networks: z.record(z.string(), state) });
const params = z.object({ underlying: z.string() });
const switchBody = z.object({ network: z.string(), reason: z.string().min(1).max(1000) });
const tokens = z.object({
  tokens: z.array(z.object({ underlying: z.string(), token: z.string(), networks: z.array(z.string()) })),
});

/** Internal routes: assets. `onChanged` makes the watcher look at once. */
export function assetRoutes(
  assets: Assets,
  holds: Pick<Holds, 'present'>,
  onChanged: () => void,
): FastifyPluginAsync {
  const shown = async (view: AssetView): Promise<z.infer<typeof asset>> => {
    const { underlying, token, network, vault } = view;
    return { underlying, token, network, vault, state: await availability(holds, view) };
  };
  const routes: FastifyPluginAsyncZod = async (app) => {
    app.post(
      '/tokenized-assets',
      { schema: { body: pointBody, response: { 200: asset, 201: asset } } },
      async (request, reply) => {
        const { underlying, token, network } = request.body;
        const vault = parseAddress(request.body.vault);
        if (vault === null) throw new IssuanceError('malformed', 'vault is not an address');
        const metadata = { actor: request.actor, causation: request.id };
        const pointed = await assets.point({ underlying, token, network, vault }, metadata);
        onChanged();
        return reply.code(pointed.added ? 201 : 200).send(await shown(pointed.asset));
      },
    );

    app.get(
      '/tokenized-assets/all',
      {
        schema: {
          response: { 200: z.object({ items: z.array(asset.extend({ past_vaults: z.array(z.string()) })) }) },
        },
      },
      async () => ({
        items: await Promise.all(
          (await assets.list()).map(async (it) => ({
            ...(await shown(it)),
            past_vaults: [...it.pastVaults],
          })),
        ),
      }),
    );

    app.get(
      '/tokenized-assets/:underlying',
      { schema: { params, querystring: z.object({ network: z.string() }), response: { 200: asset } } },
      async (request) => {
        const { underlying } = request.params;
        const found = await assets.get(underlying, request.query.network);
        if (found === null) {
          throw new IssuanceError(
            'asset_unknown',
            `${underlying} is not tokenized on ${request.query.network}`,
          );
        }
        return shown(found);
      },
    );

    app.get(
      '/tokenized-assets/:underlying/status',
      { schema: { params, response: { 200: status } } },
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

    for (const action of ['enable', 'disable'] as const) {
      app.post(
        `/tokenized-assets/:underlying/${action}`,
        { schema: { params, body: switchBody, response: { 200: asset } } },
        async (request) => {
          const { network, reason } = request.body;
          const metadata = { actor: request.actor, reason, causation: request.id };
          return shown(
            await assets.setEnabled(request.params.underlying, network, action === 'enable', metadata),
          );
        },
      );
    }
  };
  return routes;
}

/**
 * Alpaca's routes: the supported tokens, in both generations. Neither disabled assets are among them nor those of
 * networks that are not `configured` any more. Frozen ones are: a freeze passes, and the token stays supported.
 */
export function tokenRoutes(assets: Assets, configured: ReadonlySet<string>): FastifyPluginAsync {
  const routes: FastifyPluginAsyncZod = async (app) => {
    for (const url of ['/tokenization/tokens', '/tokenized-assets']) {
      app.get(url, { schema: { response: { 200: tokens } } }, async () => ({
        tokens: tokenList((await assets.list()).filter((it) => configured.has(it.network))),
      }));
    }
  };
  return routes;
}

/** One row per underlying and token; rows and their networks sorted. */
function tokenList(assets: readonly AssetView[]): z.infer<typeof tokens>['tokens'] {
  const enabled = assets.filter((it) => it.state === 'enabled');
  const byToken = Map.groupBy(enabled, (it) => JSON.stringify([it.underlying, it.token]));
  return [...byToken.values()]
    .map((group) => ({
      underlying: group[0]?.underlying ?? '',
      token: group[0]?.token ?? '',
      networks: group.map((it) => it.network).sort(),
    }))
    .sort((a, b) => compare(a.underlying, b.underlying) || compare(a.token, b.token));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
