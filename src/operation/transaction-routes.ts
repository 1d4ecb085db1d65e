import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { EventStore } from '../event-store/event-store.ts';
import { operationTransactions } from './operation-transactions.ts';
import { atQuery, upTo } from './point-in-time.ts';
import { unknownOperation } from './routes.ts';
import { idParams, transaction } from './wire.ts';

/** Internal routes: the transactions that carried an operation. */
export function transactionRoutes(store: Pick<EventStore, 'readStream'>): FastifyPluginAsync {
  const routes: FastifyPluginAsyncZod = async (app) => {
    app.get(
      '/operations/:id/transactions',
      {
        schema: {
          operationId: 'listOperationTransactions',
          tags: ['operations'],
          summary: 'The transactions that carried an operation, as they are or as they were',
          params: idParams,
          querystring: atQuery,
          response: { 200: z.array(transaction) },
          problems: ['operation_unknown'],
        },
      },
      async (request) => {
        const { id } = request.params;
        const then = upTo(request.query);
        const found = await operationTransactions(store, id, then);
        if (found === null) throw unknownOperation(id, then);
        return found.map(({ variants, custodian, ...it }) => ({
          ...it,
          variants: [...variants],
          custodian: custodian === null ? null : { ...custodian, hashes: [...custodian.hashes] },
        }));
      },
    );
  };
  return routes;
}
