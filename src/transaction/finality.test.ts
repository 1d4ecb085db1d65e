import { describe, expect, test } from 'vitest';
import { createTestChain } from './test-chain.ts';
import { CHAIN_ID, createWorld, toyId } from './test-world.ts';

describe('a block on its way to finality', () => {
  test('is not taken for final when it is replaced between the reads of one look', async () => {
    const chain = createTestChain({ chainId: CHAIN_ID });
    let afterHashRead: (() => void) | null = null;
    const rpc: typeof chain.rpc = {
      ...chain.rpc,
      pinned: () =>
        new Proxy(chain.rpc.pinned(), {
          get: (node, name) => {
            const read: unknown = Reflect.get(node, name);
            if (name !== 'getBlock' || typeof read !== 'function') return read;
            return async (...args: readonly unknown[]): Promise<unknown> => {
              const block: unknown = await Reflect.apply(read, node, args);
              if (typeof args[0] !== 'bigint') return block;
              const then = afterHashRead;
              afterHashRead = null;
              then?.();
              return block;
            };
          },
        }),
    };
    const world = await createWorld({ chain, network: { rpc } });
    await world.add(1);
    await world.step('lane');
    chain.failing.add(toyId(1));
    chain.mine();
    await world.step('transaction');
    expect(await world.transaction(0)).toMatchObject({ phase: 'mined', mined: { status: 0 } });
    // Another branch, as deep as allowed, on which it would succeed, arrives right after its block was looked at.
    afterHashRead = () => {
      chain.failing.delete(toyId(1));
      chain.reorg(1);
      chain.mine(5);
    };
    await world.step('transaction');
    await world.rounds(10);
    expect(chain.effects(toyId(1))).toBe(1);
    expect(await world.toy(1)).toBe('done');
  });
});
