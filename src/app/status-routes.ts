import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Watcher } from '../chain/watcher/create-watcher.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { formatQuantity } from '../primitives/quantity.ts';
import type { Inventory } from '../receipt/inventory.ts';
import type { Reconciliation } from '../receipt/reconciliation.ts';
import type { Lanes } from '../transaction/lanes.ts';
import type { Readiness } from './readiness.ts';

/** Routes for balancers and probes, without a key. */
export function statusRoutes(readiness: Readiness): FastifyPluginAsync {
  return async (app) => {
    app.get('/health', () => ({ status: 'ok' }));
    app.get('/ready', async (_request, reply) => {
      const { ready, ...report } = await readiness.report();
      return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', ...report });
    });
  };
}

const reasonBody = z.object({ reason: z.string().min(1).max(1000) });
const networkBody = z.object({ network: z.string().optional() });

/** Internal routes: lanes, stopped networks, inventory. */
export function laneRoutes(parts: {
  readonly lanes: Lanes;
  readonly watchers: readonly Watcher[];
  readonly inventory: Inventory;
  readonly reconciliation: Reconciliation;
}): FastifyPluginAsync {
  const { lanes, watchers, inventory, reconciliation } = parts;
  const routes: FastifyPluginAsyncZod = async (app) => {
    app.get('/lanes', async () => ({
      items: (await lanes.status()).map((lane) => ({
        lane: lane.lane,
        network: lane.network,
        chain_id: lane.chainId,
        signer: lane.signer,
        state: lane.state,
        why: lane.why,
        since: new Date(lane.sinceMs).toISOString(),
        next_nonce: lane.nextNonce,
        chain_nonce: lane.chainNonce,
        pending_nonce: lane.pendingNonce,
        pending: lane.pending,
        mined: lane.mined,
        balance: lane.balanceWei === null ? null : formatQuantity(lane.balanceWei),
        stopped_vaults: lane.stoppedVaults,
      })),
    }));

    app.post(
      '/networks/:network/resume',
      { schema: { params: z.object({ network: z.string() }), body: reasonBody } },
      async (request) => {
        const { network } = request.params;
        const { reason } = request.body;
        const watcher = watchers.find((it) => it.network === network);
        if (watcher === undefined) {
          throw new IssuanceError('not_found', `the network ${network} is not configured here`);
        }
        const wasStopped = (await watcher.status()).state === 'stopped';
        if (wasStopped) await watcher.resume({ actor: request.actor, reason, causation: request.id });
        const laneResumed = await lanes.resume(network, request.actor, reason);
        return { network, scan_resumed: wasStopped, lane_resumed: laneResumed };
      },
    );

    app.get('/inventory', async () => ({ items: plain(await inventory.listInventory()) }));

    app.post('/inventory/reconcile', { schema: { body: networkBody.optional() } }, async (request) => {
      const network = request.body?.network;
      if (network !== undefined && !watchers.some((it) => it.network === network)) {
        throw new IssuanceError(
          'network_unknown',
          `the network ${network.slice(0, 80)} is not configured here`,
        );
      }
      return { differences: plain(await reconciliation.reconcile(network)) };
    });
  };
  return routes;
}

/** Members that count something else than tokens. */
const PLAIN_NUMBERS = /^(receiptId|.*[bB]lock(Number)?)$/;

/** Names as on the wire, quantities as decimal strings of tokens, ids and blocks as plain integers. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return formatQuantity(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, it]: [string, unknown]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      typeof it === 'bigint' && PLAIN_NUMBERS.test(name) ? String(it) : plain(it),
    ]),
  );
}
