import { type Address, type Hex, padHex } from 'viem';
import type { Sockets } from '../../src/ports/ports.ts';
import type { LocalChain } from '../../src/sandbox/local-chain.ts';
import type { TestVault } from '../../src/sandbox/test-vault.ts';
import { eventTopics } from '../../src/vault/logs.ts';

/** Sees a vault's tokens arrive without asking again and again, which would cost the service processor time. */
export interface TransferWatch {
  /** Resolves at the next transfer to `holder`, with the time on `performance.now()`. */
  next(holder: Address): Promise<number>;
  readonly close: () => void;
}

interface Message {
  readonly result?: string;
  readonly params?: { readonly result: { readonly topics: readonly Hex[] } };
}

/** Resolves when the chain has taken the subscription. */
export async function watchTransfers(
  sockets: Sockets,
  chain: Pick<LocalChain, 'wsUrl'>,
  vault: Pick<TestVault, 'address'>,
): Promise<TransferWatch> {
  const waiting = new Map<Hex, ((atMs: number) => void)[]>();
  const subscribed = Promise.withResolvers<void>();
  const filter = { address: vault.address, topics: [eventTopics.Transfer] };
  const socket = sockets(chain.wsUrl, {
    onOpen() {
      socket.send(
        JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['logs', filter] }),
      );
    },
    onMessage(text) {
      const { result, params } = JSON.parse(text) as Message;
      if (result !== undefined) subscribed.resolve();
      const holder = params?.result.topics[2];
      if (holder === undefined) return;
      for (const resolve of waiting.get(holder) ?? []) resolve(performance.now());
      waiting.delete(holder);
    },
    onClose: (reason) => {
      subscribed.reject(new Error(`the chain's socket closed: ${reason}`));
    },
  });
  await subscribed.promise;
  return {
    next(holder) {
      const topic = padHex(holder.toLowerCase() as Hex, { size: 32 });
      return new Promise((resolve) => {
        waiting.set(topic, [...(waiting.get(topic) ?? []), resolve]);
      });
    },
    close() {
      socket.close();
    },
  };
}
