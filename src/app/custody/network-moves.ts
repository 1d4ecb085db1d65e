import type { Moves } from '../../custody/move/create-moves.ts';
import { createMoves } from '../../custody/move/create-moves.ts';
import type { Reconciliation } from '../../receipt/reconciliation.ts';
import type { Custodian } from '../../signer/custodian.ts';
import type { Signer } from '../../signer/signer.ts';
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
  {
    lanes,
    reconciliation,
    signers,
  }: {
    readonly lanes: Lanes;
    readonly reconciliation: Reconciliation;
    readonly signers: readonly (Signer | Custodian)[];
  },
): Moves {
  const { ledger, store, log, ports, networks, signer, keys, inCharge, wallets, wake } = shared;
  return createMoves({
    ledger,
    store,
    log,
    random: ports.random,
    timers: ports.timers,
    networks: networks.map(({ config, rpc }) => {
      const { network, chainId, confirmations, finality } = config;
      return { network, chainId, confirmations, finality, rpc };
    }),
    signer,
    keys,
    inCharge: (chainId) => inCharge.of(chainId),
    wallets: wallets.of,
    vaults: (network) => assets.vaults(network),
    lanes: () => lanes.status(),
    whyNotCalled: async (address, chainId, contracts) => {
      const found = signers.find((it) => it.address === address);
      return found?.kind === 'fireblocks' ? found.whyNotCalled(chainId, contracts) : [];
    },
    inventory,
    splits,
    reconcile: (network) => reconciliation.reconcile(network),
    handOver: (...what) => redemption.handOver(...what),
    moveMints: (network, chainId) => mint.moveStranded(network, chainId),
    wake,
  });
}
