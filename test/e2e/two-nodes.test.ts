import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startLocalChain } from '../../src/sandbox/local-chain.ts';
import type { RpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import { startRpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import { expectInvariants } from './invariants.ts';
import { reaches } from './outsider.ts';
import type { World } from './world.ts';
import { startWorld } from './world.ts';

describe('several nodes of one network, one of them on another chain', () => {
  let world: World;
  let first: RpcProxy;
  let second: RpcProxy;
  let wrong: RpcProxy;
  /** What was started, in that order: a set-up that fails half-way leaves nothing behind. */
  const started: { stop(): Promise<void> }[] = [];
  const start = async <Part extends { stop(): Promise<void> }>(starting: Promise<Part>): Promise<Part> => {
    const part = await starting;
    started.push(part);
    return part;
  };
  beforeAll(async () => {
    const stranger = await start(startLocalChain({ chainId: 4242 }));
    wrong = await start(startRpcProxy({ upstream: stranger.url }));
    world = await start(
      startWorld({
        settings: async ({ networks }) => {
          const upstream = networks.get('base')?.chain.url ?? '';
          first = await start(startRpcProxy({ upstream }));
          second = await start(startRpcProxy({ upstream }));
          return { CHAIN_BASE_RPC_URL: [wrong.url, first.url, second.url].join(',') };
        },
      }),
    );
  });
  afterAll(async () => {
    for (const part of started.toReversed()) await part.stop();
  });
  afterEach(() => {
    first.reset();
    second.reset();
  });
  const roundTrip = async (qty: string) => {
    const { issuerRequestId } = await world.orderMint(qty);
    await reaches(world, issuerRequestId ?? '', 'completed');
    const { id } = await world.operation(`kind=redemption&tx_hash=${await world.sendBack(qty)}`);
    return reaches(world, id, 'completed');
  };

  test('each serves while the other is gone, and nothing is asked of the wrong chain but its id', async () => {
    expect((await roundTrip('3')).burned).toBe('3');
    first.takeDown();
    expect((await roundTrip('4')).burned).toBe('4');
    first.bringUp();
    second.takeDown();
    expect((await roundTrip('5')).burned).toBe('5');
    second.bringUp();
    expect(new Set(wrong.requests().map((it) => it.method))).toEqual(new Set(['eth_chainId']));
    expect(await world.api.call('GET', '/ready')).toMatchObject({ networks: { base: { chain: 'ok' } } });
    await expectInvariants(world);
  });

  test('one that lags or hides receipts and logs does not decide anything', async () => {
    first.lagHead(3);
    first.nullReceipts();
    first.emptyLogs();
    const { issuerRequestId } = await world.orderMint('6');
    const id = issuerRequestId ?? '';
    await reaches(world, id, 'submitted');
    first.reset();
    expect((await reaches(world, id, 'completed')).shares).toBe('6');
    await expectInvariants(world);
  });
});
