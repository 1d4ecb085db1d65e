import type { Address } from 'viem';
import type { Assets } from '../asset/assets.ts';
import { createRpcClient } from '../chain/rpc/client.ts';
import type { RpcClient } from '../chain/rpc/types.ts';
import type { Watcher } from '../chain/watcher/create-watcher.ts';
import { createWatcher } from '../chain/watcher/create-watcher.ts';
import type { LogConsumer, WatchedVault } from '../chain/watcher/types.ts';
import type { NetworkConfig } from '../config/config.ts';
import type { EventStore } from '../event-store/event-store.ts';
import type { Ledger } from '../event-store/ledger.ts';
import type { Ports } from '../ports/ports.ts';
import type { InventoryNetwork } from '../receipt/reconciliation.ts';
import type { Signer } from '../signer/signer.ts';
import type { Log } from '../telemetry/log.ts';
import type { LaneNetwork } from '../transaction/runtime.ts';

/** One configured network with its nodes. */
export interface NetworkParts {
  readonly config: NetworkConfig;
  readonly rpc: RpcClient;
  /** Every vault that serves or served on it; asked anew each time. */
  readonly vaults: () => Promise<readonly WatchedVault[]>;
}

export function createNetworkParts(
  config: NetworkConfig,
  { rpc: transport, timers, random }: Pick<Ports, 'rpc' | 'timers' | 'random'>,
  assets: () => Assets,
): NetworkParts {
  const { network, chainId, rpcUrls, startBlock } = config;
  return {
    config,
    rpc: createRpcClient({ network, chainId, urls: rpcUrls, transport, timers, random }),
    vaults: async () =>
      (await assets().vaults(network)).map(({ vault, receipt }) => ({ vault, receipt, startBlock })),
  };
}

export function laneNetworkOf({ config, rpc }: NetworkParts, signer: Signer): LaneNetwork {
  const { network, chainId, confirmations, finality, inFlight, batchCount, batchGas } = config;
  const { maxFeeWei, repriceAfterMs, pollMs } = config;
  return {
    network,
    chainId,
    rpc,
    signer,
    confirmations,
    finality,
    inFlight,
    batchCount,
    batchGas,
    maxFeeWei,
    repriceAfterMs,
    pollMs,
  };
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
    readonly wallets: () => readonly Address[];
    readonly consumers: readonly LogConsumer[];
    readonly isBusy: () => boolean;
    readonly wake: (ids: readonly string[]) => void;
  },
): Watcher {
  const { network, chainId, confirmations, finality, pollMs, redemptionsFromBlock } = parts.config;
  return createWatcher({
    ...shared,
    settings: { network, chainId, confirmations, finality, pollMs, redemptionsFromBlock },
    rpc: parts.rpc,
    vaults: parts.vaults,
  });
}
