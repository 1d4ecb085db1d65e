import { describe, expect, test } from 'vitest';
import { createManualPorts } from '../ports/manual-ports.ts';
import { createManualSockets, type ManualSocket } from '../ports/manual-sockets.ts';
import { recordingLog } from '../telemetry/log.ts';
import type { WatchFilter } from '../vault/filters.ts';
import { createHints } from './hints.ts';

const URL_WITH_KEY = 'wss://user:pass-word@node.example.com:8443/v2/path-key?token=query-key';
const SECRETS = ['pass-word', 'path-key', 'query-key'];
const FILTER: WatchFilter = {
  addresses: ['0x00000000000000000000000000000000000000a1'],
  topics: [['0x01'], null, ['0x02']],
};
const OTHER: WatchFilter = { ...FILTER, addresses: ['0x00000000000000000000000000000000000000a2'] };

interface Request {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

function createWorld(given: { confirmations?: number } = {}) {
  const ports = createManualPorts();
  const { sockets, all } = createManualSockets();
  const log = recordingLog();
  const world = { filter: FILTER as WatchFilter | null, busy: false, hints: 0, height: '0x64' };
  const hints = createHints({
    network: 'base',
    url: URL_WITH_KEY,
    chainId: 8453,
    confirmations: given.confirmations ?? 0,
    sockets,
    timers: ports.timers,
    random: ports.random,
    log,
    filter: () => Promise.resolve(world.filter),
    isBusy: () => world.busy,
    onHint: () => {
      world.hints += 1;
    },
  });
  const answered = new Set<string>();
  /** Answers what the newest connection was asked; `overrule` says otherwise for one method. */
  async function answer(overrule: Record<string, object | null> = {}): Promise<void> {
    for (let rounds = 0; rounds < 6; rounds += 1) {
      await ports.settle();
      const socket = all.at(-1);
      for (const text of socket?.sent ?? []) {
        const { id, method } = JSON.parse(text) as Request;
        const key = `${String(all.length)} ${String(id)}`;
        if (answered.has(key)) continue;
        answered.add(key);
        const usual =
          { eth_chainId: '0x2105', eth_blockNumber: world.height }[method] ?? `0xsub${String(id)}`;
        const said = method in overrule ? overrule[method] : { result: usual };
        if (said !== null) socket?.push({ jsonrpc: '2.0', id, ...said });
      }
    }
  }
  return {
    ports,
    world,
    hints,
    log,
    all,
    answer,
    last(): ManualSocket {
      const socket = all.at(-1);
      if (socket === undefined) throw new Error('nothing was connected');
      return socket;
    },
    requests: () => all.at(-1)?.sent.map((text) => JSON.parse(text) as Request) ?? [],
    async connect(overrule: Record<string, object | null> = {}) {
      await ports.settle();
      all.at(-1)?.open();
      await answer(overrule);
    },
    /** Lets the burst that hints are collected in go by, and forgets the hints until now. */
    async forget() {
      await ports.advance(300);
      world.hints = 0;
    },
    head(block: number) {
      const result = { number: `0x${block.toString(16)}`, parentHash: '0x00' };
      all.at(-1)?.push({ method: 'eth_subscription', params: { subscription: '0x1', result } });
    },
    arrival(block: number | null) {
      const blockNumber = block === null ? null : `0x${block.toString(16)}`;
      const result = { blockNumber, topics: ['0x01'] };
      all.at(-1)?.push({ method: 'eth_subscription', params: { subscription: '0x2', result } });
    },
    changes: () => log.entries.filter((it) => it.level !== 'debug').map((it) => it.message),
  };
}

async function connected(given: { confirmations?: number } = {}) {
  const it = createWorld(given);
  it.hints.start();
  await it.connect();
  await it.forget();
  return it;
}

describe('hints of a network', () => {
  test('come after the chain was checked and both subscriptions were taken', async () => {
    const it = createWorld();
    expect(it.hints.status()).toBe('polling: not connected yet');
    it.hints.start();
    await it.connect({ eth_subscribe: null });
    expect(it.hints.isAlive()).toBe(false);
    await it.ports.advance(15_000);
    await it.ports.advance(1_000);
    await it.connect();
    expect([it.hints.isAlive(), it.hints.status()]).toEqual([true, 'ok']);
    const logs = { address: FILTER.addresses, topics: FILTER.topics };
    expect(it.requests().map(({ method, params }) => [method, ...params])).toEqual([
      ['eth_chainId'],
      ['eth_subscribe', 'newHeads'],
      ['eth_subscribe', 'logs', logs],
    ]);
    expect(it.world.hints).toBe(1);
  });

  test('are only arrivals while nothing is open, and every head while something is', async () => {
    const it = await connected();
    for (let block = 101; block < 200; block += 1) it.head(block);
    expect(it.world.hints).toBe(0);
    it.arrival(200);
    expect(it.world.hints).toBe(1);
    await it.forget();
    it.world.busy = true;
    it.head(201);
    expect(it.world.hints).toBe(1);
  });

  test('wait until an arrival is confirmed, and look again two blocks later', async () => {
    const it = await connected({ confirmations: 20 });
    it.head(100);
    it.arrival(100);
    for (let block = 101; block < 120; block += 1) it.head(block);
    expect(it.world.hints).toBe(0);
    it.head(120);
    expect(it.world.hints).toBe(1);
    await it.ports.advance(300);
    it.head(121);
    expect(it.world.hints).toBe(1);
    it.head(122);
    await it.ports.advance(300);
    it.head(123);
    expect(it.world.hints).toBe(2);
  });

  test('are at most four a second, whatever the socket claims', async () => {
    const it = await connected();
    for (let n = 0; n < 50_000; n += 1) it.arrival(n % 2 === 0 ? null : n);
    await it.ports.advance(1000);
    expect(it.world.hints).toBeLessThanOrEqual(4);
    expect(it.world.hints).toBeGreaterThan(0);
  });

  test('end with the connection, tell so once, and come back after a pause that grows', async () => {
    const it = await connected();
    it.last().cut(`gone from ${URL_WITH_KEY} and /v2/path-key?token=query-key`);
    expect(it.hints.isAlive()).toBe(false);
    expect(it.world.hints).toBe(1);
    const waits: number[] = [];
    for (let failures = 0; failures < 10; failures += 1) {
      const before = it.all.length;
      let waitedMs = 0;
      while (it.all.length === before && waitedMs <= 60_000) {
        await it.ports.advance(500);
        waitedMs += 500;
      }
      waits.push(waitedMs);
      it.last().cut('ECONNREFUSED');
    }
    expect(waits[0]).toBeLessThanOrEqual(1_000);
    expect(Math.min(...waits.slice(7))).toBeGreaterThanOrEqual(30_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_000);
    expect(it.hints.status()).toBe('polling: ECONNREFUSED');
    await it.ports.advance(60_000);
    await it.connect();
    expect(it.hints.status()).toBe('ok');
    expect(it.changes()).toEqual([
      'hints of new blocks come in',
      'no hints of new blocks: polling instead',
      'hints of new blocks come in',
    ]);
    const told = JSON.stringify([it.log.entries, it.hints.status()]);
    expect(told).toContain('wss://node.example.com:8443');
    for (const secret of SECRETS) expect(told).not.toContain(secret);
  });

  test('need the right chain, and a node that takes the subscriptions', async () => {
    const it = createWorld();
    it.hints.start();
    await it.connect({ eth_chainId: { result: '0x1' } });
    expect(it.hints.status()).toBe('polling: it is on chain 1, expected 8453');
    expect(it.last().isClosed()).toBe(true);
    await it.ports.advance(1_000);
    const error = { code: -32_601, message: 'no such method for path-key' };
    await it.connect({ eth_subscribe: { error } });
    expect(it.hints.status()).toBe('polling: eth_subscribe: no such method for path-key');
    await it.ports.advance(2_000);
    await it.connect();
    it.last().push('no JSON');
    expect(it.hints.status()).toBe('polling: a message is no JSON-RPC');
    expect(it.last().isClosed()).toBe(true);
  });

  test('survive a quiet chain, and leave a connection that is silent when asked', async () => {
    const it = await connected();
    it.head(100);
    for (let seconds = 0; seconds < 600; seconds += 5) {
      await it.ports.advance(5_000);
      await it.answer();
    }
    expect([it.all.length, it.hints.status()]).toEqual([1, 'ok']);
    let status = it.hints.status();
    for (let seconds = 0; seconds < 75 && status === 'ok'; seconds += 1) {
      await it.ports.advance(1_000);
      status = it.hints.status();
    }
    expect(status).toBe('polling: it fell silent');
    expect(it.all[0]?.isClosed()).toBe(true);
  });

  test('leave a connection whose heads stopped while the chain went on', async () => {
    const it = await connected();
    it.head(100);
    it.world.height = '0x80';
    await it.ports.advance(60_000);
    it.arrival(100);
    await it.ports.advance(5_000);
    await it.answer();
    expect(it.hints.status()).toBe('polling: the chain is at block 128, and no heads came since 100');
  });

  test('follow the vaults: one new subscription, and then the old one ends', async () => {
    const it = await connected();
    it.hints.vaultsChanged();
    await it.answer();
    expect(it.requests()).toHaveLength(3);
    it.world.filter = OTHER;
    it.hints.vaultsChanged();
    await it.answer();
    it.world.filter = null;
    await it.ports.advance(30_000);
    await it.answer();
    const after = it.requests().slice(3);
    expect(after.map(({ method, params }) => [method, params[0]])).toEqual([
      ['eth_subscribe', 'logs'],
      ['eth_unsubscribe', '0xsub3'],
      ['eth_unsubscribe', '0xsub4'],
    ]);
    expect(it.hints.status()).toBe('ok');
  });

  test('leave nothing behind when stopped, in any state', async () => {
    const never = createWorld();
    never.hints.start();
    never.hints.stop();
    await never.ports.settle();
    expect([never.all.length, never.ports.armedTimers()]).toEqual([0, 0]);
    const alive = await connected();
    alive.arrival(null);
    alive.arrival(null);
    alive.hints.stop();
    expect([alive.last().isClosed(), alive.ports.armedTimers()]).toEqual([true, 0]);
    const down = await connected();
    down.last().cut('gone');
    down.hints.stop();
    await down.ports.advance(120_000);
    expect([down.all.length, down.ports.armedTimers(), down.hints.isAlive()]).toEqual([1, 0, false]);
  });
});
