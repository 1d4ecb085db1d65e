import { IssuanceError } from '../primitives/failures.ts';

/** What is known of an EVM network by its wire name at Alpaca. */
export interface EvmNetwork {
  readonly name: EvmNetworkName;
  /** Chain id of its main network, as in the public chain lists. */
  readonly chainId: number;
  /** Blocks on top before we act outward, unless set otherwise. */
  readonly confirmations: number;
}

/**
 * Depths cover the reorgs seen in practice, not the worst that is possible, which FINALITY is for: Ethereum
 * and Base as exchanges use them; the rollups with faster blocks about as long as Base in time (Arbitrum and
 * Robinhood at 0.1 to 0.25 s); BNB Chain's fast finality; Cronos and HyperEVM finalise each block by BFT, so
 * one block on top suffices.
 */
const EVM_NETWORKS = {
  arbitrum: { chainId: 42_161, confirmations: 120 },
  base: { chainId: 8453, confirmations: 20 },
  binance: { chainId: 56, confirmations: 15 },
  cronos: { chainId: 25, confirmations: 1 },
  ethereum: { chainId: 1, confirmations: 12 },
  hyperevm: { chainId: 999, confirmations: 1 },
  mantle: { chainId: 5000, confirmations: 20 },
  robinhood: { chainId: 4663, confirmations: 200 },
} as const;

/** Wire names of the networks that this service can serve. */
export type EvmNetworkName = keyof typeof EVM_NETWORKS;

/** Wire names that Alpaca knows and that are no EVM chains. */
const OTHER_NETWORKS: readonly string[] = ['hypercore', 'solana', 'ton', 'tron'];

/** Chain id of the local chains of Anvil and Hardhat. */
export const LOCAL_CHAIN_ID = 31_337;

/** All EVM wire names, sorted. */
export const EVM_NETWORK_NAMES = Object.keys(EVM_NETWORKS) as readonly EvmNetworkName[];

/** True for the wire names of EVM networks, in lower case as Alpaca writes them. */
export function isEvmNetworkName(name: string): name is EvmNetworkName {
  return Object.hasOwn(EVM_NETWORKS, name);
}

/**
 * What is known of a network. Fails with `unsupported_network` for a known one that is no EVM chain, and with
 * `unknown_network` for any other name.
 */
export function evmNetwork(name: string): EvmNetwork {
  if (isEvmNetworkName(name)) return { name, ...EVM_NETWORKS[name] };
  const known = EVM_NETWORK_NAMES.join(', ');
  if (OTHER_NETWORKS.includes(name)) {
    throw new IssuanceError(
      'unsupported_network',
      `network ${name} is not an EVM chain; use one of ${known}`,
    );
  }
  throw new IssuanceError(
    'unknown_network',
    `network ${JSON.stringify(name)} is unknown; use one of ${known}`,
  );
}

/**
 * CONFIRMATIONS where none is set. 0 on a local chain, whatever network it plays, since nothing is mined
 * there on its own.
 */
export function defaultConfirmations(name: EvmNetworkName, chainId: number): number {
  return chainId === LOCAL_CHAIN_ID ? 0 : EVM_NETWORKS[name].confirmations;
}
