import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { EventStore } from '../event-store/event-store.ts';
import { operationTransactions } from './operation-transactions.ts';
import { idParams, moment, unknownOperation, upTo } from './routes.ts';

/** Internal routes: the transactions that carried an operation. */
export function transactionRoutes(store: Pick<EventStore, 'readStream'>): FastifyPluginAsync {
  const routes: FastifyPluginAsyncZod = async (app) => {
    app.get(
      '/operations/:id/transactions',
      { schema: { params: idParams, querystring: moment, response: { 200: z.array(transaction) } } },
      async (request) => {
        const { id } = request.params;
        const found = await operationTransactions(store, id, upTo(request.query));
        if (found === null) throw unknownOperation(id);
        return found.map((it) => ({ ...it, variants: [...it.variants] }));
      },
    );
  };
  return routes;
}

const signedBytes = z.object({
  hash: z.string(),
  body: z.string(),
  why: z.string().nullable(),
  gas: z.string(),
  max_fee_per_gas: z.string(),
  max_priority_fee_per_gas: z.string(),
  signed_at: z.string(),
});
const transaction = z.object({
  id: z.string(),
  network: z.string(),
  chain_id: z.number().int(),
  signer: z.string(),
  nonce: z.number().int(),
  phase: z.enum(['pending', 'mined', 'final']),
  outcome: z.string().nullable(),
  hash: z.string(),
  block_number: z.string().nullable(),
  operations: z.number().int(),
  greatest_cost: z.string(),
  signed_at: z.string(),
  mined_at: z.string().nullable(),
  final_at: z.string().nullable(),
  variants: z.array(signedBytes),
});
