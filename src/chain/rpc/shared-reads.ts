import type { PinnedRpc } from './types.ts';

/**
 * Joins a read that is under way instead of sending it again. For many that ask the same at the same time, and may be
 * told what was true a moment before they asked; never for what must be read after something else.
 */
export interface SharedReads {
  /** The endpoint's reads of blocks by number, of nonces and of the height, joined. All else goes by itself. */
  of(network: string, rpc: PinnedRpc): PinnedRpc;
}

export function createSharedReads(): SharedReads {
  const underWay = new Map<string, Promise<unknown>>();

  const join = <T>(key: string, read: () => Promise<T>): Promise<T> => {
    const known = underWay.get(key);
    if (known !== undefined) return known as Promise<T>;
    const reading = read().finally(() => {
      underWay.delete(key);
    });
    underWay.set(key, reading);
    return reading;
  };

  return {
    of(network, rpc) {
      const place = `${network}/${String(rpc.endpoint)}`;
      return {
        ...rpc,
        blockNumber: () => join(`${place}/height`, () => rpc.blockNumber()),
        getTransactionCount: (address, at) =>
          join(`${place}/count/${address}/${String(at)}`, () => rpc.getTransactionCount(address, at)),
        getBlock: ((at: bigint | 'latest', options?: { readonly transactions: true }) =>
          options === undefined
            ? join(`${place}/block/${String(at)}`, () => rpc.getBlock(at))
            : rpc.getBlock(at, options)) as PinnedRpc['getBlock'],
      };
    },
  };
}
