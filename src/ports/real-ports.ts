import { createHttpClient } from './http-client.ts';
import type { Ports } from './ports.ts';
import { createRpcTransport } from './rpc-transport.ts';
import { systemClock, systemRandom, systemTimers } from './system.ts';
import { openWebSocket } from './web-socket.ts';

/** Creates the ports of a real process: the machine's clock, timers and randomness, and the network. */
export function createRealPorts(): Ports {
  const http = createHttpClient();
  return {
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    http,
    rpc: createRpcTransport(http),
    sockets: openWebSocket,
  };
}
