import type { Accounts } from '../account/accounts.ts';
import { createAccounts } from '../account/accounts.ts';
import { createAlpacaClient } from '../alpaca/client.ts';
import { createKeyCredentials } from '../alpaca/credentials.ts';
import { createOauthCredentials } from '../alpaca/oauth-credentials.ts';
import type { AlpacaClient } from '../alpaca/types.ts';
import type { Assets } from '../asset/assets.ts';
import { createAssets } from '../asset/assets.ts';
import { createFreezeWorker } from '../asset/freeze-worker.ts';
import type { Holds } from '../asset/holds.ts';
import { createHolds } from '../asset/holds.ts';
import type { RpcClient } from '../chain/rpc/types.ts';
import type { Worker } from '../engine/work.ts';
import type { MintFeature } from '../mint/create-mint.ts';
import { createMint } from '../mint/create-mint.ts';
import type { TransferFeature } from '../custody/transfer/create-transfers.ts';
import { createTransfers, openTransfer } from '../custody/transfer/create-transfers.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { Inventory } from '../receipt/inventory.ts';
import { createInventory } from '../receipt/inventory.ts';
import type { Splits } from '../receipt/splits.ts';
import { createSplits } from '../receipt/splits.ts';
import type { RedemptionFeature } from '../redemption/create-redemption.ts';
import { createRedemption } from '../redemption/create-redemption.ts';
import type { TransactionDesk } from '../transaction/desk.ts';
import { laneId } from '../transaction/lane-id.ts';
import { createCatalog, createDirectory, createReservedAddress } from './directories.ts';
import { createReadVault } from './read-vault.ts';
import type { RefundFeature } from '../refund/create-refund.ts';
import { createRefund } from '../refund/create-refund.ts';
import type { SharedParts } from './shared-parts.ts';

export interface Features {
  readonly alpaca: AlpacaClient;
  readonly accounts: Accounts;
  readonly assets: Assets;
  readonly holds: Holds;
  /** Lets operations go on when a freeze ends. */
  readonly freezeWorker: Worker;
  readonly inventory: Inventory;
  readonly splits: Splits;
  readonly mint: MintFeature;
  readonly redemption: RedemptionFeature;
  readonly refund: RefundFeature;
  readonly transfers: TransferFeature;
}

/** Composes accounts, assets, mint and redemption. Nothing of it runs by itself. */
export function createFeatures(shared: SharedParts): Features {
  const { config, ports, log, store, ledger, inCharge, wallets, networks, wake } = shared;
  const { clock, random } = ports;
  const rpcs = new Map(networks.map((it) => [it.config.network, it.rpc]));
  const rpcOf = (network: string): RpcClient => {
    const rpc = rpcs.get(network);
    if (rpc !== undefined) return rpc;
    throw new IssuanceError('network_unknown', `network ${network} is in use and not configured here`);
  };
  const assets = createAssets({ ledger, store, readVault: createReadVault(rpcs) });
  const holds = createHolds({ ledger, store, clock, random });
  const reservedAddress = createReservedAddress(assets, () => wallets.all());
  const accounts = createAccounts({ ledger, store, clock, random, reservedAddress });
  const inventory = createInventory({ ledger, store, log });
  const common = {
    ledger,
    store,
    log,
    clock,
    rpcOf,
    inventory,
    splits: createSplits({ store, rpcOf }),
    directory: createDirectory(accounts),
    catalog: createCatalog(assets, holds, new Set(rpcs.keys())),
    alpaca: createClient(shared),
    wallets: wallets.of,
    desk: lateDesk(shared),
  };
  const { baseUrl, accountId } = config.alpaca;
  const redemption = createRedemption({
    ...common,
    engineWake: wake,
    standing: (chainId, wallet) => inCharge.standing(chainId, wallet),
    transfers: { open: (id, terms) => openTransfer(ledger, id, terms) },
  });
  return {
    alpaca: common.alpaca,
    accounts,
    assets,
    holds,
    freezeWorker: createFreezeWorker({ holds, store, clock, log, wake }),
    inventory,
    splits: common.splits,
    mint: createMint({
      ...common,
      alpacaAccount: { baseUrl, accountId },
      laneOf: (chainId) => laneId(chainId, inCharge.of(chainId)),
      lanes: () => networks.map(({ config: { chainId } }) => laneId(chainId, inCharge.of(chainId))),
    }),
    redemption,
    refund: createRefund({ ...common, book: redemption.refundBook }),
    transfers: createTransfers({ ...common, book: redemption.forwardBook }),
  };
}

/** What the features ask of transactions, by way of what exists only after them. */
function lateDesk({
  desk,
}: Pick<SharedParts, 'desk'>): Pick<TransactionDesk, 'cancel' | 'forgotten' | 'isQuarantined'> {
  return {
    cancel: (id, metadata) => desk().cancel(id, metadata),
    forgotten: (chainId, operationId) => desk().forgotten(chainId, operationId),
    isQuarantined: (lane) => desk().isQuarantined(lane),
  };
}

function createClient({
  config,
  ports,
  telemetry,
}: Pick<SharedParts, 'config' | 'ports' | 'telemetry'>): AlpacaClient {
  const { baseUrl, accountId, clientIdField, credentials: given } = config.alpaca;
  const { clock, timers } = ports;
  const { watchLimit, onCall } = telemetry.metrics.alpaca;
  const http = watchLimit(ports.http);
  const credentials =
    given.kind === 'key'
      ? createKeyCredentials(given.key.reveal(), given.secret.reveal())
      : createOauthCredentials({
          url: given.url,
          clientId: given.clientId,
          clientSecret: given.clientSecret.reveal(),
          http,
          clock,
          timers,
        });
  return createAlpacaClient({ baseUrl, accountId, clientIdField, credentials, http, clock, onCall });
}
