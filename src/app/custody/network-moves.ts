import type { Moves } from '../../custody/move/create-moves.ts';
import { createMoves } from '../../custody/move/create-moves.ts';
import type { Reconciliation } from '../../receipt/reconciliation.ts';
import type { Lanes } from '../../transaction/lanes.ts';
import type { Features } from '../features.ts';
import type { SharedParts } from '../shared-parts.ts';

/** Composes the moves of all networks from one signer to another. */
export function createNetworkMoves(
  shared: SharedParts,
  {
    assets,
    mint,
    redemption,
    inventory,
    splits,
  }: Pick<Features, 'assets' | 'mint' | 'redemption' | 'inventory' | 'splits'>,
  { lanes, reconciliation }: { readonly lanes: Lanes; readonly reconciliation: Reconciliation },
): Moves {
  const { ledger, store, log, ports, networks, signer, keys, inCharge, wallets, wake } = shared;
  return createMoves({
    ledger,
    store,
    log,
    random: ports.random,
    timers: ports.timers,
    networks: networks.map(({ config, rpc }) => {
      const { network, chainId, confirmations } = config;
      return { network, chainId, confirmations, rpc };
    }),
    signer,
    keys,
    inCharge: (chainId) => inCharge.of(chainId),
    wallets: wallets.of,
    vaults: (network) => assets.vaults(network),
    lanes: () => lanes.status(),
    inventory,
    splits,
    reconcile: (network) => reconciliation.reconcile(network),
    handOver: (...what) => redemption.handOver(...what),
    moveMints: (network, chainId) => mint.moveStranded(network, chainId),
    wake,
  });
}
