import { describe, expect, test } from 'vitest';
import { createTestChain } from './test-chain.ts';
import { CHAIN_ID, createWorld, toyId } from './test-world.ts';

describe('a block on its way to finality', () => {
  test('is not taken for final when it is replaced between the reads of one look', async () => {
    const chain = createTestChain({ chainId: CHAIN_ID });
    let afterHashRead: (() => void) | null = null;
    const { pinned } = chain.rpc;
    const rpc: typeof chain.rpc = {
      ...chain.rpc,
      pinned() {
        const node = pinned();
        const getBlock = node.getBlock as (...args: readonly unknown[]) => Promise<unknown>;
        const moving = async (...args: readonly unknown[]): Promise<unknown> => {
          const block = await getBlock(...args);
          if (typeof args[0] === 'bigint' && afterHashRead !== null) {
            const then = afterHashRead;
            afterHashRead = null;
            then();
          }
          return block;
        };
        return { ...node, getBlock: moving as typeof node.getBlock };
      },
    };
    const world = await createWorld({ chain, network: { rpc } });
    chain.failing.add(toyId(1));
    await world.add(1);
    chain.failing.delete(toyId(1));
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
