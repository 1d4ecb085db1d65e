import { describe, expect, test } from 'vitest';
import { createSharedReads } from './shared-reads.ts';
import type { PinnedRpc } from './types.ts';

/** An endpoint that answers when told to. */
function node(endpoint = 0) {
  const asked: { what: string; settle: (value: unknown) => void; fail: (error: unknown) => void }[] = [];
  const ask = (what: string) =>
    new Promise((resolve, reject) => {
      asked.push({ what, settle: resolve, fail: reject });
    });
  const rpc = {
    endpoint,
    blockNumber: () => ask('height'),
    getTransactionCount: (address: string, at: unknown) => ask(`count ${address} ${String(at)}`),
    getBlock: (at: unknown, options?: object) =>
      ask(`block ${String(at)}${options === undefined ? '' : ' whole'}`),
    getTransactionReceipt: (hash: string) => ask(`receipt ${hash}`),
  } as unknown as PinnedRpc;
  return { rpc, asked, what: () => asked.map((it) => it.what) };
}

describe('shared reads', () => {
  test('that are the same and under way are sent once, and answered alike', async () => {
    const { rpc, asked, what } = node();
    const shared = createSharedReads();
    const both = [shared.of('base', rpc).getBlock(7n), shared.of('base', rpc).getBlock(7n)];
    expect(what()).toEqual(['block 7']);
    asked[0]?.settle('seven');
    expect(await Promise.all(both)).toEqual(['seven', 'seven']);
  });

  test('that come after an answer, or after a failure, are sent anew', async () => {
    const { rpc, asked, what } = node();
    const shared = createSharedReads().of('base', rpc);
    const first = shared.blockNumber();
    asked[0]?.settle(1n);
    await first;
    const second = shared.blockNumber();
    asked[1]?.fail(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    void shared.blockNumber();
    expect(what()).toEqual(['height', 'height', 'height']);
  });

  test('of other networks, endpoints, accounts, blocks or kinds are kept apart', () => {
    const [one, other] = [node(0), node(1)];
    const shared = createSharedReads();
    for (const network of ['base', 'ethereum']) {
      void shared.of(network, one.rpc).getTransactionCount('0x01', 'latest');
      void shared.of(network, other.rpc).getTransactionCount('0x01', 'latest');
    }
    void shared.of('base', one.rpc).getTransactionCount('0x02', 'latest');
    void shared.of('base', one.rpc).getTransactionCount('0x01', 'pending');
    void shared.of('base', one.rpc).getBlock('latest');
    void shared.of('base', one.rpc).getBlock('latest', { transactions: true });
    void shared.of('base', one.rpc).getTransactionReceipt('0x7a');
    void shared.of('base', one.rpc).getTransactionReceipt('0x7a');
    expect(one.asked).toHaveLength(8);
    expect(other.asked).toHaveLength(2);
  });
});
