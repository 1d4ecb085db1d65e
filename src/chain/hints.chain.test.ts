import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type Address, concatHex, padHex, zeroAddress } from 'viem';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRealPorts } from '../ports/real-ports.ts';
import { type LocalChain, startLocalChain } from '../sandbox/local-chain.ts';
import { type LogEntry, silentLog } from '../telemetry/log.ts';
import { arrivalsFilter } from '../vault/filters.ts';
import { eventTopics } from '../vault/logs.ts';
import { createHints, type Hints } from './hints.ts';

const { sockets, timers, random } = createRealPorts();
const WALLET: Address = '0x00000000000000000000000000000000000000b0';
const VAULT: Address = '0x00000000000000000000000000000000000000a1';
const SECOND: Address = '0x00000000000000000000000000000000000000a2';
const RECEIPT: Address = '0x00000000000000000000000000000000000000e1';

/** A contract that emits an empty `Transfer` to the wallet whenever it is called. */
function emitter(to: Address) {
  const [wallet, from] = [padHex(to, { size: 32 }), padHex(zeroAddress, { size: 32 })];
  return concatHex(['0x7f', wallet, '0x7f', from, '0x7f', eventTopics.Transfer, '0x5f5fa300']);
}

/** Something that is counted, and waited for by its number. */
function createCounter() {
  let count = 0;
  let waiting: { readonly least: number; readonly resolve: () => void }[] = [];
  return {
    count: () => count,
    add() {
      count += 1;
      for (const it of waiting.filter(({ least }) => least <= count)) it.resolve();
      waiting = waiting.filter(({ least }) => least > count);
    },
    reached: (least: number) =>
      new Promise<void>((resolve) => {
        if (count >= least) resolve();
        else waiting.push({ least, resolve });
      }),
  };
}

describe('hints of a local chain', () => {
  let chain: LocalChain;
  let hints: Hints;
  let world: { vaults: Address[]; busy: boolean };
  let came: ReturnType<typeof createCounter>;
  let alive: ReturnType<typeof createCounter>;
  let lost: ReturnType<typeof createCounter>;

  function start(url: string): void {
    const told = (level: LogEntry['level']) => () => {
      if (level === 'info') alive.add();
      if (level === 'warn') lost.add();
    };
    const log = { ...silentLog, info: told('info'), warn: told('warn') };
    hints = createHints({
      network: 'base',
      url,
      chainId: chain.chainId,
      confirmations: 0,
      sockets,
      timers,
      random,
      log: { ...log, child: () => log },
      filter: async () => arrivalsFilter({ vaults: world.vaults, receipts: [RECEIPT], wallets: [WALLET] }),
      isBusy: () => world.busy,
      onHint: () => {
        came.add();
      },
    });
    hints.start();
  }

  const touch = async (to: Address): Promise<void> => {
    await chain.rpc('eth_sendTransaction', [{ from: chain.accounts[0]?.address, to, gas: '0x30000' }]);
  };

  beforeEach(async () => {
    chain = await startLocalChain();
    await chain.setCode(VAULT, emitter(WALLET));
    await chain.setCode(SECOND, emitter(WALLET));
    world = { vaults: [VAULT], busy: false };
    [came, alive, lost] = [createCounter(), createCounter(), createCounter()];
  });
  afterEach(async () => {
    hints.stop();
    await chain.stop();
  });

  test('come for arrivals, and for every block while something is open', async () => {
    start(chain.wsUrl);
    await alive.reached(1);
    await chain.mine(3);
    await touch(SECOND);
    await touch(VAULT);
    // The first was for the connection itself.
    await came.reached(2);
    world.busy = true;
    await chain.mine();
    await came.reached(3);
    expect(hints.status()).toBe('ok');
  });

  test('follow a vault that is added', async () => {
    start(chain.wsUrl);
    await alive.reached(1);
    await came.reached(1);
    world.vaults = [VAULT, SECOND];
    hints.vaultsChanged();
    // The node answers in order: once this hint is there, the new subscription stands.
    const before = came.count();
    while (came.count() === before) {
      await touch(SECOND);
      await Promise.race([came.reached(before + 1), new Promise((resolve) => setTimeout(resolve, 100))]);
    }
    expect(came.count()).toBeGreaterThan(before);
  });

  test('end with the node and come back with it', async () => {
    const { port } = new URL(chain.wsUrl);
    start(chain.wsUrl);
    await alive.reached(1);
    await chain.stop();
    await lost.reached(1);
    expect([hints.isAlive(), hints.status().startsWith('polling: ')]).toEqual([false, true]);
    chain = await startLocalChain({ port: Number(port) });
    await chain.setCode(VAULT, emitter(WALLET));
    await alive.reached(2);
    const before = came.count();
    await touch(VAULT);
    await came.reached(before + 1);
    expect(lost.count()).toBe(1);
  });

  test('survive a connection that is cut on the way', async () => {
    const proxy = await startTcpProxy(Number(new URL(chain.wsUrl).port));
    start(`ws://127.0.0.1:${String(proxy.port)}/?key=a-secret`);
    await alive.reached(1);
    proxy.cut();
    await lost.reached(1);
    await alive.reached(2);
    const before = came.count();
    await touch(VAULT);
    await came.reached(before + 1);
    expect([lost.count(), hints.status()]).toEqual([1, 'ok']);
    await proxy.stop();
  });

  test('are refused from a node of another chain', async () => {
    const other = await startLocalChain({ chainId: 4242 });
    start(other.wsUrl);
    await lost.reached(1);
    expect(hints.status()).toBe(`polling: it is on chain 4242, expected ${String(chain.chainId)}`);
    await other.stop();
  });
});

/** Passes bytes both ways, until they are cut. */
async function startTcpProxy(upstream: number) {
  const pairs = new Set<Socket>();
  const server: Server = createServer((incoming) => {
    const outgoing = connect(upstream, '127.0.0.1');
    for (const socket of [incoming, outgoing]) {
      pairs.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => pairs.delete(socket));
    }
    incoming.pipe(outgoing).pipe(incoming);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of pairs) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}
