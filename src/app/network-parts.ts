import type { Address } from 'viem';
import type { AssetReads } from '../asset/assets.ts';
import { createHints, type Hints } from '../chain/hints.ts';
import { createRpcClient } from '../chain/rpc/client.ts';
import type { RpcClient, RpcMetric } from '../chain/rpc/types.ts';
import type { Watcher } from '../chain/watcher/create-watcher.ts';
import { createWatcher } from '../chain/watcher/create-watcher.ts';
import type { Activity, LogConsumer, WatchedVault } from '../chain/watcher/types.ts';
import type { NetworkConfig } from '../config/config.ts';
import type { EventStore } from '../event-store/event-store.ts';
import type { Ledger } from '../event-store/ledger.ts';
import type { Ports } from '../ports/ports.ts';
import type { InventoryNetwork } from '../receipt/reconciliation.ts';
import type { Custodian } from '../signer/custodian.ts';
import type { Signer } from '../signer/signer.ts';
import type { Log } from '../telemetry/log.ts';
import type { AnyNetwork } from '../transaction/runtime.ts';
import { arrivalsFilter } from '../vault/filters.ts';

/** One configured network with its nodes. */
export interface NetworkParts {
  readonly config: NetworkConfig;
  readonly rpc: RpcClient;
  /** Every vault that serves or served on it; asked anew each time. */
  readonly vaults: () => Promise<readonly WatchedVault[]>;
}

export function createNetworkParts(
  config: NetworkConfig,
  shared: Pick<Ports, 'rpc' | 'timers' | 'random'> & { readonly onRequest: (metric: RpcMetric) => void },
  vaultsOf: AssetReads['vaults'],
): NetworkParts {
  const { network, chainId, rpcUrls, startBlock } = config;
  return {
    config,
    rpc: createRpcClient({ ...shared, network, chainId, urls: rpcUrls, transport: shared.rpc }),
    vaults: async () =>
      (await vaultsOf(network)).map(({ vault, receipt }) => ({ vault, receipt, startBlock })),
  };
}

export function laneNetworkOf({ config, rpc }: NetworkParts, signer: Signer | Custodian): AnyNetwork {
  const { network, chainId, confirmations, finality, inFlight, batchCount, batchGas } = config;
  const { maxFeeWei, repriceAfterMs, unhintedPollMs: pollMs } = config;
  const settings = {
    network,
    chainId,
    rpc,
    confirmations,
    finality,
    inFlight,
    batchCount,
    batchGas,
    maxFeeWei,
    repriceAfterMs,
    pollMs,
  };
  return signer.kind === 'fireblocks' ? { ...settings, signer } : { ...settings, signer };
}

export function inventoryNetworkOf(parts: NetworkParts, wallets: () => readonly Address[]): InventoryNetwork {
  const { network, chainId, confirmations } = parts.config;
  return { network, chainId, confirmations, rpc: parts.rpc, vaults: parts.vaults, wallets };
}

export function createNetworkWatcher(
  parts: NetworkParts,
  shared: {
    readonly ledger: Ledger;
    readonly store: EventStore;
    readonly log: Log;
    readonly timers: Ports['timers'];
    readonly wallets: () => readonly Address[];
    readonly consumers: readonly LogConsumer[];
    readonly activity: (network: string) => Activity;
    readonly isHinted: (network: string) => boolean;
    readonly wake: (ids: readonly string[]) => void;
  },
): Watcher {
  const { network, chainId, confirmations, finality, redemptionsFromBlock } = parts.config;
  const { unhintedPollMs: pollMs, pollMs: hintedPollMs } = parts.config;
  return createWatcher({
    ...shared,
    settings: { network, chainId, confirmations, finality, pollMs, hintedPollMs, redemptionsFromBlock },
    activity: () => shared.activity(network),
    isHinted: () => shared.isHinted(network),
    rpc: parts.rpc,
    vaults: parts.vaults,
  });
}

/** Hints of a network that has a WebSocket; null for one that has none. */
export function createNetworkHints(
  { config, vaults }: NetworkParts,
  shared: Pick<Ports, 'sockets' | 'timers' | 'random'> & {
    readonly log: Log;
    readonly wallets: () => readonly Address[];
    readonly activity: (network: string) => Activity;
    readonly onHint: (network: string) => void;
  },
): Hints | null {
  const { network, chainId, confirmations, wsUrl } = config;
  if (wsUrl === null) return null;
  return createHints({
    ...shared,
    network,
    chainId,
    confirmations,
    url: wsUrl,
    filter: async () => {
      const watched = await vaults();
      return arrivalsFilter({
        vaults: watched.map((it) => it.vault),
        receipts: watched.map((it) => it.receipt),
        wallets: shared.wallets(),
      });
    },
    isBusy: () => shared.activity(network) === 'moving',
    onHint: () => {
      shared.onHint(network);
    },
  });
}
