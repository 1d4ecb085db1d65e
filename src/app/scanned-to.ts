import { CURSOR_TABLE } from '../chain/watcher/cursors.ts';
import type { Watcher } from '../chain/watcher/create-watcher.ts';
import type { EventStore } from '../event-store/event-store.ts';
import type { LanesOptions } from '../transaction/runtime.ts';

/** Tells lanes how far the second, final reading of a network or of one of its vaults has come. */
export function createScannedTo(
  store: EventStore,
  chains: readonly { readonly network: string; readonly chainId: number }[],
  watcherOf: (network: string) => Pick<Watcher, 'scannedToFinal'> | undefined,
): LanesOptions['scannedTo'] {
  return async (network, vault) => {
    if (vault === undefined) return (await watcherOf(network)?.scannedToFinal()) ?? null;
    const chain = chains.find((it) => it.network === network);
    if (chain === undefined) return null;
    const where = { chain_id: chain.chainId, vault, pass: 'final' };
    const [cursor] = await store.find({ table: CURSOR_TABLE.name, where, limit: 1 });
    return cursor === undefined ? null : BigInt(cursor['block'] as number);
  };
}
