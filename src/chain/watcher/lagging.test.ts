import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createChunkSize } from './chunk-size.ts';
import { createFakeChain, transferLog } from './fake-chain.ts';
import { createHarness, NETWORK, USER, vaultNumber, WALLET } from './watch-harness.ts';

const a = vaultNumber(1);
const sent = (value: bigint, vault = a) => transferLog(vault.vault, USER, WALLET, value);

describe('vaults that lag', () => {
  test('a new vault catches up alone, in chunks with a checkpoint each, while the level ones go on', async () => {
    const chain = createFakeChain({ network: NETWORK });
    const late = vaultNumber(2);
    for (let n = 1n; n <= 10n; n += 1n) chain.mine(1000, [sent(n, late)]);
    const level = vaultNumber(1, 9900n);
    const vaults = [level];
    const it = await createHarness({ chain, vaults });
    await it.settle('head');
    vaults.push(late);
    chain.queries.length = 0;

    await it.step('catch-up');
    expect(await it.cursor(late)).toBe(1999n);
    chain.mine(3, [sent(100n)]);
    await it.settle('head');
    expect(await it.seen()).toEqual([1n, 2n, 100n]);
    expect(chain.queries.filter((query) => query.addresses.includes(a.vault)).every(isShort)).toBe(true);

    await it.settle('catch-up');
    expect(await it.cursor(late)).toBe(await it.cursor(level));
    chain.queries.length = 0;
    chain.mine(3, [sent(200n), sent(201n, late)]);
    await it.settle('head');
    expect(chain.queries).toHaveLength(3);
    expect((await it.seen()).toSorted((x, y) => Number(x - y))).toEqual([
      ...Array.from({ length: 10 }, (_, at) => BigInt(at + 1)),
      100n,
      200n,
      201n,
    ]);
  });

  test('several of them take turns', async () => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(9000);
    const vaults = [vaultNumber(1, 8900n), vaultNumber(2), vaultNumber(3)];
    const it = await createHarness({ chain, vaults });
    await it.settle('head');
    const cursors = async () => Promise.all(vaults.map((vault) => it.cursor(vault)));
    await it.step('catch-up');
    await it.step('catch-up');
    const [, second = 0n, third = 0n] = await cursors();
    expect([second > 0n, third > 0n]).toEqual([true, true]);
    await it.settle('catch-up');
    await it.settle('head');
    expect(await cursors()).toEqual([8998n, 8998n, 8998n]);
  });

  test('after a long outage level vaults are read together', async () => {
    const chain = createFakeChain({ network: NETWORK });
    const b = vaultNumber(2);
    chain.mine(10);
    const it = await createHarness({ chain, vaults: [a, b] });
    await it.settle('head');
    chain.mine(1000, [sent(1n), sent(2n, b)]);
    chain.queries.length = 0;
    await it.settle('head');
    await it.settle('catch-up');
    expect([await it.seen(), chain.queries.length]).toEqual([[1n, 2n], 3]);
  });

  test('a vault added at run time is watched from the next pass on, and a hint makes that now', async () => {
    const chain = createFakeChain({ network: NETWORK });
    const added = vaultNumber(2, 5n);
    chain.mine(10);
    const vaults = [a];
    const it = await createHarness({ chain, vaults });
    await it.settle('head');
    chain.mine(3, [sent(1n, added)]);
    vaults.push(added);
    it.watcher.hint();
    expect(it.woken).toEqual(['watch:base:head', 'watch:base:catch-up']);
    await it.settle('head');
    expect([await it.seen(), await it.cursor(added)]).toEqual([[1n], 11n]);
  });

  test('a node that lags moves no cursor back', async () => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(22);
    const vaults = [a];
    const it = await createHarness({ chain, vaults });
    await it.settle('head');
    vaults.push(vaultNumber(2));
    for (const node of chain.nodes) node.lag = 10;
    await it.settle('head');
    expect(await Promise.all(vaults.map((vault) => it.cursor(vault)))).toEqual([20n, 10n]);
  });

  test('a vault that begins in the future holds nobody up', async () => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(10, [sent(1n)]);
    const it = await createHarness({ chain, vaults: [a, vaultNumber(2, 5000n)] });
    await it.settle('head');
    await it.settle('catch-up');
    expect([await it.seen(), await it.cursor(a)]).toEqual([[1n], 8n]);
  });
});

function isShort(query: { readonly fromBlock: bigint; readonly toBlock: bigint }): boolean {
  return query.toBlock - query.fromBlock < 10n;
}

test('a chunk comes to more than a quarter of any limit, and refusals become rare', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 20_000n }), (limit) => {
      const chunk = createChunkSize();
      let refusals = 0;
      for (let query = 0; query < 500; query += 1) {
        const blocks = chunk.blocks();
        if (blocks > limit) refusals += chunk.refused(blocks) ? 1 : Infinity;
        else chunk.served(blocks);
      }
      const most = limit < 10_000n ? limit : 10_000n;
      expect(chunk.blocks() * 4n > most).toBe(true);
      expect(refusals).toBeLessThan(25);
    }),
  );
});
