import type { FastifyInstance } from 'fastify';
import type { Address } from 'viem';
import { accountRoutes, connectRoutes } from '../account/routes.ts';
import { custodyRoutes, tokenRoutes } from '../asset/alpaca-routes.ts';
import type { AssetReads } from '../asset/assets.ts';
import { assetRoutes } from '../asset/routes.ts';
import { holdRoutes } from '../asset/hold-routes.ts';
import type { Config } from '../config/config.ts';
import type { Engine } from '../engine/engine.ts';
import { anyKind } from '../event-store/create-ledger.ts';
import type { AccessRule } from '../http/access.ts';
import { transferKind } from '../custody/transfer/transfer-kind.ts';
import { documentRoutes } from '../http/openapi/document-routes.ts';
import type { CreateServer } from '../http/server.ts';
import { traceRequests } from '../http/trace-requests.ts';
import { watchRequests } from '../http/watch-requests.ts';
import { mintKind } from '../mint/mint-kind.ts';
import { mintRoutes } from '../mint/routes.ts';
import { actionRoutes } from '../operation/action-routes.ts';
import type { Hindrances } from '../operation/hindrance.ts';
import { createOperations } from '../operation/operations.ts';
import { operationRoutes } from '../operation/routes.ts';
import { transactionRoutes } from '../operation/transaction-routes.ts';
import { invariant } from '../primitives/failures.ts';
import { redemptionKind } from '../redemption/redemption-kind.ts';
import { refundKind } from '../refund/refund-kind.ts';
import { inventoryRoutes } from './book-routes.ts';
import type { ChainWork } from './chain-work.ts';
import type { Features } from './features.ts';
import { custodyCheckRoutes } from './custody/custody-routes.ts';
import { checkWorkId } from './checks/check-kind.ts';
import type { Checks } from './checks/create-checks.ts';
import { createStuckGround } from './checks/stuck-ground.ts';
import { moveRoutes } from './custody/move-routes.ts';
import { laneRoutes } from './lane-routes.ts';
import { metricsRoute } from './metrics/scrape.ts';
import { createPastBooks } from './past-books.ts';
import type { Readiness } from './readiness.ts';
import type { SharedParts } from './shared-parts.ts';
import { stuckRoutes } from './stuck-routes.ts';
import { statusRoutes } from './status-routes.ts';

/** What tells how the service stands. */
interface Watchfulness {
  readonly readiness: Readiness;
  readonly hindrances: Hindrances;
  readonly dependencies: Engine['dependencies'];
  readonly checks: Pick<Checks, 'books' | 'differences'>;
}

/** Composes the HTTP side: who may call what. */
export function createEdge(
  { config, ports, log, telemetry, store, ledger, networks, wake }: SharedParts,
  { accounts, assets, holds, inventory, mint, redemption, refund, transfers }: Features,
  chainWork: ChainWork,
  { readiness, hindrances, dependencies, checks }: Watchfulness,
  createServer: CreateServer,
): FastifyInstance {
  const { lanes, watchers, reconciliation } = chainWork;
  const { clock, random, timers } = ports;
  const kinds = [anyKind(mintKind), anyKind(redemptionKind), anyKind(refundKind), anyKind(transferKind)];
  const operations = createOperations({
    store,
    ledger,
    kinds,
    clock,
    mintIds: (request) => mint.idsOf(request),
    hindrances,
  });
  const vaults: AssetReads['vaults'] = (network) => assets.vaults(network);
  const configured = new Set(networks.map((it) => it.config.network));
  return createServer({
    log,
    clock,
    timers,
    random,
    instrument: (server) => {
      watchRequests(server, { log, timers, onRequest: telemetry.metrics.http.onRequest });
      const { trustedProxies: proxies, internalIpRanges: internal } = config;
      traceRequests(server, telemetry.tracer, { proxies, internal });
    },
    trustedProxies: config.trustedProxies,
    alpaca: {
      ranges: config.alpacaIpRanges,
      keys: config.issuerApiKeys.map((key, at) => ({
        name: at === 0 ? 'alpaca' : `alpaca-${String(at + 1)}`,
        key: key.reveal(),
      })),
      ...signaturesOf(config),
    },
    internal: {
      ranges: config.internalIpRanges,
      keys: config.adminApiKeys.map(({ name, key }) => ({ name, key: key.reveal() })),
      forwardedOnlyBy: config.trustedProxies,
    },
    routes: {
      alpaca: [
        connectRoutes(accounts),
        tokenRoutes(assets, configured),
        custodyRoutes(assets, config.alpaca.accountId),
        mintRoutes(mint),
      ],
      internal: [
        accountRoutes(accounts, (wallet) => redemption.walletLinked(wallet as Address)),
        assetRoutes(assets, holds, () => {
          chainWork.vaultsChanged();
          // A new vault's supply is read before anything happens on it.
          wake([checkWorkId('books')]);
        }),
        holdRoutes(holds),
        operationRoutes(operations),
        actionRoutes(operations, {
          mint: mint.actions(chainWork.desk),
          redemption: redemption.actions(chainWork.desk, refund.opener),
          refund: refund.actions(chainWork.desk),
          transfer: transfers.actions(chainWork.desk),
        }),
        transactionRoutes(store),
        laneRoutes({ lanes, watchers }),
        stuckRoutes({
          lanes,
          operations,
          ground: createStuckGround({
            store,
            clock,
            dependencies,
            configured,
            movesUnderWay: () => chainWork.moves.underWay(),
          }),
        }),
        moveRoutes(chainWork.moves),
        custodyCheckRoutes({ ...checks, vaults }),
        inventoryRoutes({
          inventory,
          reconciliation,
          vaults,
          configured,
          past: createPastBooks({ store, ledger, clock, assets }),
        }),
      ],
      keyless: [metricsRoute(telemetry.prometheus), documentRoutes()],
      open: [statusRoutes(readiness)],
    },
  });
}

/** One scheme for one issuer: where keys for signatures are set, Alpaca signs, and keys in a header open nothing. */
function signaturesOf({ alpacaSigningKeys, publicUrl }: Config): Pick<AccessRule, 'signatures'> {
  if (alpacaSigningKeys.length === 0) return {};
  invariant(publicUrl !== null, 'the settings were checked for the URL that is signed');
  return { signatures: { publicUrl, keys: alpacaSigningKeys } };
}
