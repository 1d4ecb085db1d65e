import { bootService } from '../../src/app/boot.ts';
import { CHAIN_FACTS } from '../../src/app/chain-facts.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createManualPorts } from '../../src/ports/manual-ports.ts';
import type { RpcTransport, Sockets } from '../../src/ports/ports.ts';
import { createRealPorts } from '../../src/ports/real-ports.ts';
import { createLog } from '../../src/telemetry/log.ts';

/** How far time moves at once: what an answer of the node sets off comes that much late, at most. */
const STEP_MS = 50;
/** Longest real wait for a node's announcement of a block. */
const ANNOUNCED_WITHIN_MS = 5_000;

/** The real service with real nodes and partners, and a clock that we move. */
export interface VirtualService {
  readonly url: string;
  /** Requests to nodes so far, over HTTP and over sockets, by method. */
  readonly requests: ReadonlyMap<string, number>;
  /** Moves time, with a block every `blockMs` made by `mine`; resolves when all that was set off has happened. */
  run(ms: number, blockMs: number, mine: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the service in this process. Its database is in memory: this is not for measuring commits. */
export async function startVirtualService(env: Readonly<Record<string, string>>): Promise<VirtualService> {
  const loaded = loadConfig(env, () => '', CHAIN_FACTS);
  if (!('config' in loaded)) throw new Error(`the settings are wrong: ${JSON.stringify(loaded.faults)}`);
  const { config } = loaded;
  const real = createRealPorts();
  const time = createManualPorts({ startMs: real.clock.nowMs() });
  const requests = new Map<string, number>();
  const count = (method: string): void => void requests.set(method, (requests.get(method) ?? 0) + 1);
  const counted = countingTransport(real.rpc, count);
  const announced = announcingSockets(real.sockets, count);
  const ports = { ...real, ...time, rpc: counted.rpc, sockets: announced.sockets };
  const log = createLog({ level: 'silent', format: 'json', clock: time.clock, write: () => {} });
  const { service, url } = await bootService({
    config,
    ports,
    log,
    migrate: true,
    restored: false,
    onFatal: (error) => {
      throw error;
    },
  });

  /** Nothing is under way with any node, and nothing is left to do without time moving. */
  const settle = async (): Promise<void> => {
    do {
      await counted.idle();
      await time.settle();
    } while (counted.underWay() > 0);
  };
  let sinceBlockMs = 0;
  return {
    url,
    requests,
    async run(ms, blockMs, mine) {
      for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
        sinceBlockMs += STEP_MS;
        if (sinceBlockMs >= blockMs) {
          sinceBlockMs = 0;
          const heard = announced.next();
          await mine();
          await heard;
        }
        await time.advance(STEP_MS);
        await settle();
      }
    },
    stop: () => service.stop(),
  };
}

function countingTransport(transport: RpcTransport, count: (method: string) => void) {
  let underWay = 0;
  let waiting: (() => void)[] = [];
  const rpc: RpcTransport = async (request) => {
    count(request.method);
    underWay += 1;
    try {
      return await transport(request);
    } finally {
      underWay -= 1;
      if (underWay === 0) for (const resolve of waiting.splice(0)) resolve();
    }
  };
  return {
    rpc,
    underWay: () => underWay,
    idle: (): Promise<void> =>
      underWay === 0 ? Promise.resolve() : new Promise((resolve) => (waiting = [...waiting, resolve])),
  };
}

/** Counts what is sent over sockets, and tells when a message comes in: a block is announced a moment after it. */
function announcingSockets(open: Sockets, count: (method: string) => void) {
  let listeners: (() => void)[] = [];
  let connections = 0;
  const sockets: Sockets = (url, events) => {
    const socket = open(url, {
      onOpen() {
        connections += 1;
        events.onOpen();
      },
      onMessage(text) {
        events.onMessage(text);
        for (const resolve of listeners.splice(0)) resolve();
      },
      onClose(reason) {
        connections -= 1;
        events.onClose(reason);
      },
    });
    return {
      send(text) {
        count((JSON.parse(text) as { readonly method: string }).method);
        socket.send(text);
      },
      close: () => {
        socket.close();
      },
    };
  };
  return {
    sockets,
    /** Resolves with the next message; at once without a connection. */
    next: (): Promise<void> =>
      connections === 0
        ? Promise.resolve()
        : new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
              reject(new Error('the node announced no block'));
            }, ANNOUNCED_WITHIN_MS);
            listeners = [
              ...listeners,
              () => {
                clearTimeout(timer);
                resolve();
              },
            ];
          }),
  };
}
