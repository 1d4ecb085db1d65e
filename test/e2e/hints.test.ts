import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { expectInvariants } from './invariants.ts';
import type { World } from './world.ts';
import { eventually, startWorld, within } from './world.ts';

/** So seldom that what happens within a test's patience was seen because of a hint. */
const SELDOM_MS = '600000';

/** Stands before the chain's WebSocket: passes bytes, is gone, or takes them and says nothing. */
async function startSocketProxy(upstream: number) {
  const sockets = new Set<Socket>();
  const state: { mode: 'pass' | 'gone' | 'mute' } = { mode: 'pass' };
  const server = createServer((incoming) => {
    const keep = (socket: Socket): void => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    };
    keep(incoming);
    if (state.mode === 'gone') {
      incoming.destroy();
      return;
    }
    const outgoing = connect(upstream, '127.0.0.1');
    keep(outgoing);
    incoming.pipe(outgoing);
    outgoing.on('data', (bytes) => {
      if (state.mode === 'pass') incoming.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}/?key=a-secret-of-the-socket`,
    set(mode: typeof state.mode) {
      state.mode = mode;
      if (mode === 'gone') for (const socket of sockets) socket.destroy();
    },
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

let world: World;
let proxy: Awaited<ReturnType<typeof startSocketProxy>>;
beforeAll(async () => {
  world = await startWorld({
    settings: async ({ networks }) => {
      const [network] = [...networks.values()];
      if (network === undefined) throw new Error('there is no network');
      proxy = await startSocketProxy(Number(new URL(network.chain.wsUrl).port));
      return { CHAIN_BASE_WS_URL: proxy.url, CHAIN_BASE_POLL_MS: SELDOM_MS };
    },
  });
});
afterEach(() => {
  proxy.set('pass');
});
afterAll(async () => {
  await world.stop();
  await proxy.stop();
});

async function hintsAre(expected: RegExp): Promise<string> {
  return eventually(
    async () => {
      const answer = await fetch(`${world.issuer().url}/ready`);
      const { networks } = (await answer.json()) as { networks: { base: { hints: string } } };
      return expected.test(networks.base.hints) ? networks.base.hints : null;
    },
    `hints that are ${String(expected)}`,
  );
}

test('a transfer is seen by its hint, however seldom the chain is polled', async () => {
  await world.mint('5');
  // Nothing is left then of the quick looks that the mint brought with it.
  await world.restart();
  await hintsAre(/^ok$/);
  const transfer = await world.sendBack('2');
  const done = await world.operation(`kind=redemption&tx_hash=${transfer}`, (it) => it.state === 'completed');
  expect(done).toMatchObject({ burned: '2' });
  await expectInvariants(world);
});

test('without its socket the service says so, and what it missed is found when the socket is back', async () => {
  proxy.set('gone');
  expect(await hintsAre(/^polling: /)).not.toContain('secret');
  const transfer = await world.sendBack('1');
  proxy.set('pass');
  await hintsAre(/^ok$/);
  await world.operation(`kind=redemption&tx_hash=${transfer}`, (it) => it.state === 'completed');
  expect(world.issuer().output.join('\n')).not.toContain('a-secret-of-the-socket');
});

test('a stop does not wait for a socket that says nothing any more', async () => {
  await hintsAre(/^ok$/);
  proxy.set('mute');
  expect(await within(world.issuer().stop('SIGTERM'), 'the service to end', 20_000)).toBe(0);
  proxy.set('pass');
  await world.restart();
  await hintsAre(/^ok$/);
});
