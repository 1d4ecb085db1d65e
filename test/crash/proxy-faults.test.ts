import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import { startRpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import { expectInvariants } from '../e2e/invariants.ts';
import { mineUntil } from '../e2e/outsider.ts';
import type { World } from '../e2e/world.ts';
import { startWorld } from '../e2e/world.ts';
import type { Dice } from '../simulation/chance.ts';
import { createDice } from '../simulation/chance.ts';
import { startLoad } from './load.ts';

const TURNS = 60;
const TURN_MS = 250;
const SEED = Number(process.env['CRASH_SEED'] ?? 1);

/** One misbehaviour, until the node is reset. */
const FAULTS: readonly ((proxy: RpcProxy, dice: Dice) => unknown)[] = [
  (proxy, dice) => {
    proxy.lagHead(dice.whole(1, 4));
  },
  (proxy) => proxy.nullReceipts(),
  (proxy) => proxy.rateLimit(),
  (proxy) => {
    proxy.takeDown();
  },
  (proxy) => proxy.on('eth_sendRawTransaction', { kind: 'lose_answer' }),
  (proxy) => proxy.on('eth_sendRawTransaction', { kind: 'drop' }),
  (proxy) => proxy.on('eth_getTransactionCount', { kind: 'result', result: '0x0' }),
  (proxy) => proxy.on('eth_getTransactionByHash', { kind: 'result', result: null }),
  (proxy) => proxy.on('*', { kind: 'http', status: 502, body: '<html>bad gateway</html>' }),
  (proxy) =>
    proxy.on('eth_getLogs', {
      kind: 'error',
      code: -32_005,
      message: 'query returned more than 10000 results',
    }),
  (proxy) => proxy.on('eth_getBlockByNumber', { kind: 'result', result: null }),
  (proxy) =>
    proxy.on('eth_estimateGas', { kind: 'error', code: 3, message: 'execution reverted', data: '0x' }),
];

/** Of one node only: nothing could be promised of a chain whose logs every node hides. */
const HIDING: typeof FAULTS = [(proxy) => proxy.emptyLogs()];

describe('two nodes that take turns in every misbehaviour', () => {
  let world: World;
  const proxies: RpcProxy[] = [];
  beforeAll(async () => {
    world = await startWorld({
      alpaca: { mintAttempts: 100 },
      settings: async ({ networks }) => {
        const upstream = networks.get('base')?.chain.url ?? '';
        for (let at = 0; at < 2; at += 1) proxies.push(await startRpcProxy({ upstream }));
        return { CHAIN_BASE_RPC_URL: proxies.map((it) => it.url).join(',') };
      },
    });
  });
  afterAll(async () => {
    await world.stop();
    for (const proxy of proxies) await proxy.stop();
  });

  test('under load mints and burns each once', async () => {
    const dice = createDice(SEED, 'nodes');
    const load = startLoad(world, createDice(SEED, 'load'));
    for (let turn = 0; turn < TURNS; turn += 1) {
      // One misbehaves; now and then both do.
      const proxy = dice.pick(proxies);
      for (const it of proxies) if (it === proxy || dice.happens(0.5)) it.reset();
      dice.pick(proxy === proxies[0] ? [...FAULTS, ...HIDING] : FAULTS)(proxy, dice);
      await new Promise((resolve) => setTimeout(resolve, TURN_MS));
    }
    for (const proxy of proxies) proxy.reset();
    await load.stop();
    const isKnown = async (): Promise<boolean> => {
      const known = new Set((await world.operations('kind=redemption')).map((it) => it.tx_hash));
      return load.transfers.every((it) => known.has(it));
    };
    await mineUntil(world.network(), isKnown, 'every transfer to be found');
    // What a node hid is found by the second reading, which says so; what both hid is told of, and waited for.
    await expectInvariants(world, { errors: ['found what the first reading missed', 'nonce_user_unknown'] });
    const done = await world.operations('state=completed');
    expect(new Set(done.map((it) => it.kind))).toEqual(new Set(['mint', 'redemption']));
  });
});
