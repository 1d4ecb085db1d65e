import { hexToBigInt, isHex } from 'viem';
import type { PushSocket, Sockets } from '../ports/ports.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { WatchFilter } from '../vault/filters.ts';

/** Longest words of a node that are repeated. */
const LONGEST_WORDS = 160;

/** What comes out of one connection. Nothing of it is believed: it says when to look. */
export interface SessionEvents {
  /** The node is on the right chain and took all subscriptions. */
  readonly onReady: () => void;
  readonly onHead: (block: bigint) => void;
  /** `block` is null when the node did not tell which one. */
  readonly onLog: (block: bigint | null) => void;
  /** Comes once and last, unless it was ended from here. */
  readonly onEnd: (reason: string) => void;
}

/** One connection to a node that pushes. */
export interface HintSession {
  /** Replaces the log subscription; null for none. */
  watch(filter: WatchFilter | null): void;
  /** Asks for the height, so that a living node must say something; resolves with it. */
  height(): Promise<bigint>;
  /** Ends it; no event follows. */
  end(): void;
}

type Settle = (answer: { readonly result?: unknown; readonly error?: unknown }) => void;

/** Connects to a node, checks its chain, and subscribes to heads and to the logs of `filter`. */
export function openHintSession(
  options: {
    readonly url: string;
    readonly sockets: Sockets;
    readonly chainId: number;
    readonly filter: WatchFilter | null;
  },
  events: SessionEvents,
): HintSession {
  const waiting = new Map<number, Settle>();
  let lastId = 0;
  let ended = false;
  let logs: { readonly id: unknown } | null = null;
  /** Changes of the log subscription, one after the other. */
  let changing: Promise<void> = Promise.resolve();

  const socket: PushSocket = options.sockets(options.url, {
    onOpen: () => {
      begin().catch(fail);
    },
    onMessage: (text) => {
      if (!ended) take(text);
    },
    onClose: (reason) => {
      if (ended) return;
      ended = true;
      events.onEnd(reason);
    },
  });

  const fail = (error: unknown): void => {
    if (ended) return;
    ended = true;
    socket.close();
    events.onEnd(error instanceof Error ? error.message : String(error));
  };

  const ask = (method: string, params: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      lastId += 1;
      waiting.set(lastId, ({ result, error }) => {
        if (error === undefined) resolve(result);
        else reject(new IssuanceError('hint_refused', `${method}: ${wordsOf(error)}`));
      });
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: lastId, method, params }));
    });

  async function begin(): Promise<void> {
    const chain = numberOf(await ask('eth_chainId', []));
    if (chain !== BigInt(options.chainId)) {
      const expected = String(options.chainId);
      throw new IssuanceError('wrong_chain_id', `it is on chain ${String(chain)}, expected ${expected}`);
    }
    await ask('eth_subscribe', ['newHeads']);
    await subscribe(options.filter);
    events.onReady();
  }

  async function subscribe(filter: WatchFilter | null): Promise<void> {
    const before = logs;
    logs = null;
    if (filter !== null) {
      const wanted = { address: filter.addresses, topics: filter.topics };
      logs = { id: await ask('eth_subscribe', ['logs', wanted]) };
    }
    // After the new one, so that no block falls between them.
    if (before !== null) await ask('eth_unsubscribe', [before.id]);
  }

  const take = (text: string): void => {
    const message = parse(text);
    if (message === null) {
      fail(new IssuanceError('hint_unusable', 'a message is no JSON-RPC'));
      return;
    }
    const { id, result, error, params } = message;
    if (typeof id === 'number') {
      const settle = waiting.get(id);
      waiting.delete(id);
      settle?.(error === undefined ? { result } : { error });
      return;
    }
    // By their form and not by their subscription: one may come before we know the subscription's id.
    const pushed = isObject(params) && isObject(params['result']) ? params['result'] : {};
    if ('topics' in pushed) {
      events.onLog(numberOf(pushed['blockNumber']));
    } else {
      const head = numberOf(pushed['number']);
      if (head !== null) events.onHead(head);
    }
  };

  return {
    watch(filter) {
      changing = changing.then(() => subscribe(filter)).catch(fail);
    },
    async height() {
      const height = numberOf(await ask('eth_blockNumber', []));
      if (height === null) throw new IssuanceError('hint_unusable', 'eth_blockNumber: no number came');
      return height;
    },
    end() {
      ended = true;
      socket.close();
    },
  };
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    // The caller ends the connection over it.
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberOf(value: unknown): bigint | null {
  return isHex(value) && value.length > 2 && value.length <= 18 ? hexToBigInt(value) : null;
}

function wordsOf(error: unknown): string {
  const words = isObject(error) && typeof error['message'] === 'string' ? error['message'] : 'refused';
  return words.slice(0, LONGEST_WORDS);
}
