import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Hex } from 'viem';
import { hexToNumber } from 'viem';
import { createHttpClient } from '../../src/ports/http-client.ts';
import type { RpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import { startRpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import type { World } from './world.ts';
import { eventually } from './world.ts';

/** Ends the service as a power cut would, and leaves it ended; `world.restart()` starts it again. */
export async function kill(world: World): Promise<void> {
  await world.issuer().stop('SIGKILL');
}

/** Puts a scriptable endpoint between the service and its chain, and starts the service anew behind it. */
export async function behindProxy(world: World): Promise<RpcProxy> {
  const { network, chain } = world.network();
  const proxy = await startRpcProxy({ upstream: chain.url });
  world.env[`CHAIN_${network.toUpperCase()}_RPC_URL`] = proxy.url;
  await world.restart();
  return proxy;
}

/** How many transactions of the issuer the chain has taken into blocks, and how many wait besides. */
export async function nonces(world: World): Promise<{ readonly mined: number; readonly waiting: number }> {
  const { chain } = world.network();
  const count = async (tag: string): Promise<number> =>
    hexToNumber((await chain.rpc('eth_getTransactionCount', [world.partners.issuerAddress, tag])) as Hex);
  const mined = await count('latest');
  return { mined, waiting: (await count('pending')) - mined };
}

/** Resolves when so many transactions of the issuer wait for a block. */
export async function untilWaiting(world: World, transactions: number): Promise<void> {
  await eventually(
    async () => (await nonces(world)).waiting === transactions,
    `${String(transactions)} transactions to wait for a block`,
  );
}

/** Stands between Alpaca and the service, and loses an answer that the service has already given. */
export interface Relay {
  /** The service acts on the next call and its answer is lost; resolves with the answer's status. */
  loseNextAnswer(): Promise<number>;
  stop(): Promise<void>;
}

/** Makes Alpaca call the service through a relay, until the service starts anew. */
export async function relayed(world: World): Promise<Relay> {
  const http = createHttpClient();
  const { url } = world.issuer();
  let losing: ((status: number) => void) | null = null;
  const relay = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const answer = await http({
      method: 'POST',
      url: `${url}${incoming.url ?? ''}`,
      headers: { 'x-api-key': String(incoming.headers['x-api-key']), 'content-type': 'application/json' },
      body: Buffer.concat(chunks).toString('utf8'),
      timeoutMs: 30_000,
    });
    if (losing !== null) {
      losing(answer.status);
      losing = null;
      throw new Error('the answer is lost');
    }
    outgoing.writeHead(answer.status, { 'content-type': 'application/json' });
    outgoing.end(answer.body);
  };
  const server = createServer((incoming, outgoing) => {
    // Whatever fails is a broken connection to Alpaca.
    relay(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const { alpaca, keys } = world.partners;
  alpaca.setIssuer({ url: `http://127.0.0.1:${String(port)}`, apiKey: keys.alpaca });
  return {
    loseNextAnswer: () =>
      new Promise((resolve) => {
        losing = resolve;
      }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
