import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { IssuanceError } from '../primitives/failures.ts';
import type { AssetView, Assets } from './assets.ts';
import { custodyAccount, custodyParams, tokens } from './wire.ts';

/**
 * Alpaca's routes: the supported tokens, in both generations. Neither disabled assets are among them nor those of
 * networks that are not `configured` any more. Frozen ones are: a freeze passes, and the token stays supported.
 */
export function tokenRoutes(assets: Assets, configured: ReadonlySet<string>): FastifyPluginAsync {
  const routes: FastifyPluginAsyncZod = async (app) => {
    for (const { url, operationId, deprecated } of [
      { url: '/tokenization/tokens', operationId: 'listTokens', deprecated: false },
      { url: '/tokenized-assets', operationId: 'listTokensFirstGeneration', deprecated: true },
    ]) {
      app.get(
        url,
        {
          schema: {
            operationId,
            deprecated,
            tags: ['alpaca'],
            summary: 'The supported tokens',
            description:
              'One row for each underlying and token; rows and networks are sorted. Disabled ones are not ' +
              'among them; frozen ones are.',
            response: { 200: tokens },
          },
        },
        async () => ({
          tokens: tokenList((await assets.list()).filter((it) => configured.has(it.network))),
        }),
      );
    }
  };
  return routes;
}

/** Alpaca's route: the account that has the shares of a symbol in custody. One account has those of all. */
export function custodyRoutes(assets: Assets, accountId: string): FastifyPluginAsync {
  const routes: FastifyPluginAsyncZod = async (app) => {
    app.get(
      '/tokenization/custody-accounts/:underlying_symbol',
      {
        schema: {
          operationId: 'getCustodyAccount',
          tags: ['alpaca'],
          summary: 'The account that has the shares of a symbol in custody',
          description: 'For every symbol that is tokenized on any network, disabled ones too.',
          params: custodyParams,
          response: { 200: custodyAccount },
          problems: ['asset_unknown'],
        },
      },
      async (request) => {
        const { underlying_symbol: underlying } = request.params;
        if ((await assets.list(underlying)).length === 0)
          throw new IssuanceError('asset_unknown', `${underlying} is not tokenized on any network`);
        return { account_id: accountId, underlying_symbol: underlying };
      },
    );
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
