import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Readiness } from './readiness.ts';

const verdict = z.string().meta({ description: '`ok`, or what is wrong.', examples: ['ok'] });
const report = z.object({
  status: z.enum(['ready', 'not ready']),
  store: verdict,
  alpaca: verdict,
  assets: verdict.meta({ description: '`ok`, or how much is frozen or disabled.' }),
  networks: z.record(
    z.string(),
    z.object({
      chain: verdict,
      scan: verdict,
      scan_lag_blocks: z.number().int().nullable(),
      hints: verdict.meta({ description: 'Of new blocks: `ok`, or `polling: ` and why.' }),
      lane: verdict,
      signer: verdict,
    }),
  ),
});

/** Routes for balancers and probes, without a key. */
export function statusRoutes(readiness: Readiness): FastifyPluginAsync {
  const routes: FastifyPluginAsyncZod = async (app) => {
    app.get(
      '/health',
      {
        schema: {
          operationId: 'getHealth',
          tags: ['service'],
          summary: 'Whether the process runs',
          response: { 200: z.object({ status: z.literal('ok') }) },
        },
      },
      async () => ({ status: 'ok' }) as const,
    );
    app.get(
      '/ready',
      {
        schema: {
          operationId: 'getReadiness',
          tags: ['service'],
          summary: 'Whether the service may serve, and what is wrong',
          description:
            '503 only when the store fails or the service is stopping: an outage of a partner must not take it out ' +
            'of the balancer. The body tells of each network.',
          response: { 200: report, 503: report },
        },
      },
      async (_request, reply) => {
        const { ready, ...rest } = await readiness.report();
        return reply
          .code(ready ? 200 : 503)
          .send({ status: ready ? 'ready' : 'not ready', ...rest, networks: { ...rest.networks } });
      },
    );
  };
  return routes;
}
