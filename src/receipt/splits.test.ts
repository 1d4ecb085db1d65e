import type { Hex } from 'viem';
import { encodeFunctionResult } from 'viem';
import { describe, expect, test } from 'vitest';
import { RpcFailure } from '../primitives/failures.ts';
import { vaultAbi } from '../vault/abi.ts';
import { CHAIN_ID, createBooks, stocked, vault } from './books-harness.ts';
import { createSplits } from './splits.ts';

const answerOf = (result: bigint): Hex =>
  encodeFunctionResult({ abi: vaultAbi, functionName: 'completedActionCount', result });
const refusal = (message: string, rpcCode = -32_000, data?: string) =>
  new RpcFailure(message, { kind: 'answered', method: 'eth_call', rpcCode, data });

async function open() {
  const books = await createBooks();
  books.chain.mine(2);
  await books.read();
  const splits = createSplits({ store: books.store, rpcOf: () => books.chain.rpc });
  const asked: unknown[] = [];
  /** A count from before a block, from an endpoint that answers so. */
  const before = (block: bigint, answer: Hex | Error) =>
    splits.before(
      {
        call: async (request) => {
          asked.push(request.block);
          if (answer instanceof Error) throw answer;
          return answer;
        },
      },
      CHAIN_ID,
      vault.vault,
      block,
    );
  return { ...books, splits: { ...splits, before }, told: books.splits, asked };
}

describe('the split count of a vault', () => {
  test('is read as soon as the vault is known, and again in turn', async () => {
    const { splits, told, read, later, chain, ...watcher } = await open();
    const first = await splits.lastKnown(CHAIN_ID, vault.vault);
    expect(first?.count).toBe(0n);
    told.count = 1n;
    chain.mine(2);
    await watcher.settle('head');
    later(60_000);
    await read();
    const second = await splits.lastKnown(CHAIN_ID, vault.vault);
    expect(second?.count).toBe(1n);
    expect(second?.blockNumber).toBeGreaterThan(first?.blockNumber ?? 0n);
  });

  test('is read now at the head of one endpoint', async () => {
    const { splits, told, chain } = await open();
    told.count = 4n;
    expect(await splits.now('base', vault.vault)).toEqual({ count: 4n, blockNumber: chain.head() });
    told.count = null;
    expect(await splits.now('base', vault.vault)).toMatchObject({ count: null });
  });

  test('before a block is what stood right before it', async () => {
    const { splits, asked } = await open();
    expect(await splits.before(7n, answerOf(2n))).toEqual({ count: 2n, blockNumber: 6n });
    expect(await splits.before(7n, refusal('execution reverted', 3, '0x'))).toMatchObject({ count: null });
    expect(asked).toEqual([6n, 6n]);
  });

  test.each([
    ['has that state no more', refusal('missing trie node')],
    ['had no contract there then', '0x' as const],
  ])('of a node that %s is the last known, if that is old enough', async (_name, answer) => {
    const { splits } = await open();
    const known = await splits.lastKnown(CHAIN_ID, vault.vault);
    expect(known).not.toBeNull();
    expect(await splits.before((known?.blockNumber ?? 0n) + 1n, answer)).toEqual(known);
    expect(await splits.before(known?.blockNumber ?? 0n, answer)).toBeNull();
  });

  test('is not guessed when the endpoint does not serve', async () => {
    const { splits } = await open();
    const gone = new RpcFailure('gone', { kind: 'unreachable', method: 'eth_call' });
    await expect(splits.before(7n, gone)).rejects.toBe(gone);
  });
});

describe('after a split', () => {
  test('every receipt of the vault is read anew, told once and not as an alarm', async () => {
    const amounts = Array.from({ length: 150 }, () => 100n);
    const books = await stocked(...amounts);
    await books.read();
    for (let rounds = 0; rounds < 3; rounds += 1) {
      books.later(60_000);
      await books.read();
    }
    amounts.forEach((amount, at) => books.holds(BigInt(at + 1), amount * 2n));
    books.splits.count = 1n;
    books.later(60_000);
    await books.read();
    expect(await books.available()).toBe(150n * 200n);
    expect(books.log.entries.filter((it) => it.level === 'warn').map((it) => it.message)).toEqual([
      'a vault split: its balances are read anew',
    ]);
    expect(books.alarms()).toEqual([]);
  });

  test('a vault whose count cannot be read leaves the books of its receipts alone', async () => {
    const books = await stocked(100n);
    const { onCall } = books.chain;
    books.chain.onCall = (to, data, block) => {
      if (to === vault.vault && data.length === 10) throw refusal('missing trie node');
      return onCall(to, data, block);
    };
    books.holds(1n, 90n);
    books.later(60_000);
    await books.read();
    expect(await books.available()).toBe(90n);
  });
});
