import {
  defaultConfirmations,
  EVM_NETWORK_NAMES,
  isEvmNetworkName,
  LOCAL_CHAIN_ID,
} from '../chain/networks.ts';
import type { ChainFacts } from '../config/config.ts';

/** What settings need to know of chains. */
export const CHAIN_FACTS: ChainFacts = {
  names: EVM_NETWORK_NAMES,
  // A name that is not ours never gets this far; as on a local chain nothing is waited for.
  defaultConfirmations: (name, chainId) =>
    isEvmNetworkName(name)
      ? defaultConfirmations(name, chainId)
      : defaultConfirmations('base', LOCAL_CHAIN_ID),
};
