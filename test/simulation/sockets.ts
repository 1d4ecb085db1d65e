import type { Hex } from 'viem';
import type { PushSocket, SocketEvents } from '../../src/ports/ports.ts';
import type { Block } from './chain/chain.ts';
import { answer } from './chain/node.ts';
import type { Process } from './process.ts';
import type { SimulatedNetwork, World } from './world.ts';

/** A node that pushes what it sees over a WebSocket; all of it may come late, twice or never. */

/** Longest time one way, ms. */
const LATENCY_MS = 60;
/** How late a message may be, ms: some of them are overtaken by everything that they announce. */
const LATE_MS = 20_000;
/** Blocks that are announced at once, at most. */
const MOST_BLOCKS = 16;

interface Filter {
  readonly address: readonly string[];
  readonly topics: readonly (Hex | readonly Hex[] | null)[];
}

/** Opens a connection of a process to the first node of a network. */
export function openSocket(world: World, process: Process, url: string, events: SocketEvents): PushSocket {
  const { scheduler, plan } = world;
  const network = networkAt(world, url);
  const { chain } = network;
  const name = `${url}/${String(plan.attempt(url))}`;
  const subscriptions = new Map<string, Filter | 'heads'>();
  let announced: Block = chain.head();
  let isOpen = false;
  let isClosed = false;
  let messages = 0;

  const delay = (identity: string): number => 1 + Math.floor(LATENCY_MS * plan.fraction('push', identity));
  const end = (why: string): void => {
    if (isClosed) return;
    isClosed = true;
    network.listeners.delete(onBlock);
    if (process.alive) events.onClose(why);
  };
  const deliver = (message: unknown, afterMs: number): void => {
    scheduler.after(
      afterMs,
      `push ${name}`,
      () => {
        if (!isClosed) events.onMessage(JSON.stringify(message));
      },
      process,
    );
  };
  const push = (subscription: string, result: unknown, identity: string): void => {
    if (plan.happens('ws_lost', identity)) return;
    const params = { subscription, result };
    const message = { jsonrpc: '2.0', method: 'eth_subscription', params };
    const isLate = plan.happens('ws_late', identity);
    const afterMs = isLate ? Math.floor(plan.fraction('late', identity) * LATE_MS) : delay(identity);
    deliver(message, afterMs);
    if (plan.happens('ws_doubled', identity)) deliver(message, afterMs + delay(`${identity} again`));
  };
  const announce = (block: Block): void => {
    for (const [id, filter] of subscriptions) {
      const identity = `${name}/${id}/${block.hash}`;
      const at = `0x${block.number.toString(16)}`;
      if (filter === 'heads') {
        push(id, answer(chain, block, 'eth_getBlockByNumber', [at, false]), identity);
        continue;
      }
      const logs = answer(chain, block, 'eth_getLogs', [{ ...filter, fromBlock: at, toBlock: at }]);
      (logs as readonly unknown[]).forEach((it, index) => push(id, it, `${identity}/${String(index)}`));
    }
  };
  function onBlock(): void {
    if (!isOpen || isClosed) return;
    const fresh: Block[] = [];
    for (let block = chain.head(); block !== announced && fresh.length < MOST_BLOCKS;) {
      fresh.push(block);
      if (block.parent === null || chain.at(announced, block.parent.number) === block.parent) break;
      block = block.parent;
    }
    announced = chain.head();
    for (const block of fresh.toReversed()) announce(block);
    if (plan.happens('ws_closed', `${name}/${announced.hash}`)) end('the connection was reset');
  }
  const take = (text: string): void => {
    const { id, method, params } = JSON.parse(text) as {
      readonly id: number;
      readonly method: string;
      readonly params: readonly unknown[];
    };
    messages += 1;
    const identity = `${name}/answer ${String(messages)}`;
    const isLost = plan.happens('ws_lost', identity);
    const result = answerTo(network, subscriptions, `0x${messages.toString(16)}`, method, params);
    if (!isLost) deliver({ jsonrpc: '2.0', id, result }, delay(identity));
  };

  network.listeners.add(onBlock);
  process.onDeath(() => {
    isClosed = true;
    network.listeners.delete(onBlock);
  });
  scheduler.after(
    delay(name),
    `opens ${name}`,
    () => {
      if (isClosed) return;
      if (plan.happens('ws_closed', `${name}/open`)) {
        end('connection refused');
        return;
      }
      isOpen = true;
      announced = chain.head();
      events.onOpen();
    },
    process,
  );
  return {
    send(text) {
      if (isClosed) return;
      scheduler.after(delay(`${name}/there ${String(messages)}`), `told ${name}`, () => take(text), process);
    },
    close() {
      isClosed = true;
      network.listeners.delete(onBlock);
    },
  };
}

function answerTo(
  { chain }: SimulatedNetwork,
  subscriptions: Map<string, Filter | 'heads'>,
  id: Hex,
  method: string,
  [kind, filter]: readonly unknown[],
): unknown {
  if (method === 'eth_unsubscribe') return subscriptions.delete(String(kind));
  if (method !== 'eth_subscribe') return answer(chain, chain.head(), method, [kind, filter]);
  subscriptions.set(id, kind === 'newHeads' ? 'heads' : (filter as Filter));
  return id;
}

function networkAt({ networks }: World, url: string): SimulatedNetwork {
  const found = networks.find(({ place }) => socketUrl(place.network) === url);
  if (found === undefined) throw new RangeError(`no node at ${url}`);
  return found;
}

export function socketUrl(network: string): string {
  return `ws://${network}-0.sim`;
}
