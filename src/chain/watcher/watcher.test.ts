import { describe, expect, test } from 'vitest';
import { RpcFailure } from '../../primitives/failures.ts';
import { createFakeChain, type FakeLog, transferLog } from './fake-chain.ts';
import { createHarness, createSeenConsumer, NETWORK, USER, vaultNumber, WALLET } from './watch-harness.ts';
import { createWatchWorker } from './watch-worker.ts';

const a = vaultNumber(1);
const b = vaultNumber(2);
const sent = (value: bigint, vault = a): FakeLog => transferLog(vault.vault, USER, WALLET, value);

describe('the head pass', () => {
  test('takes in confirmed logs of all vaults with three queries, and leaves the rest for later', async () => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(1, [sent(1n), sent(2n, b)]);
    chain.mine(3, [sent(3n)]);
    const it = await createHarness({ chain, vaults: [a, b] });
    await it.settle('head');
    expect(await it.seen()).toEqual([1n, 2n, 3n]);
    expect(chain.queries).toHaveLength(3);
    chain.mine(1, [sent(4n)]);
    await it.settle('head');
    expect(await it.seen()).not.toContain(4n);
    chain.mine(2);
    await it.settle('head');
    expect(await it.seen()).toContain(4n);
    expect(await it.cursor(a)).toBe(chain.head() - 2n);
  });

  test('detection and cursor are one commit: a crash between them loses and doubles nothing', async () => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(4, [sent(1n)]);
    const it = await createHarness({ chain, vaults: [a] });
    await it.step('head');
    const before = await it.cursor(a);
    // The last read before the commit fails: the consumers have decided, and nothing is stored.
    chain.onQuery = () => {
      chain.onQuery = () => undefined;
      chain.reorg(3);
      chain.mine(3, [sent(2n)]);
    };
    expect(await it.step('head')).toEqual({ kind: 'later', delayMs: 250 });
    expect([await it.seen(), await it.cursor(a)]).toEqual([[], before]);
    await it.settle('head');
    expect([await it.seen(), await it.cursor(a)]).toEqual([[1n, 2n], chain.head() - 2n]);
    await it.settle('head');
    expect(await it.seen()).toEqual([1n, 2n]);
  });

  test('the same stream decided elsewhere meanwhile: the batch is read again', async () => {
    const chain = createFakeChain({ network: NETWORK });
    const log = sent(1n);
    chain.mine(4, [log]);
    let rival = true;
    const it = await createHarness({
      chain,
      vaults: [a],
      consumers: (ledger) => [
        {
          name: 'rival',
          async consume(batch) {
            const outcome = await createSeenConsumer(ledger).consume(batch);
            if (rival) await ledger.commit({ ...outcome, metadata: { actor: 'rival' } });
            rival = false;
            return outcome;
          },
        },
      ],
    });
    await it.settle('head');
    expect([await it.seen(), await it.cursor(a)]).toEqual([[1n], chain.head() - 2n]);
  });

  test('duplicate and unordered logs come to the consumers once and in order', async () => {
    const chain = createFakeChain({ network: NETWORK });
    for (let n = 1n; n <= 5n; n += 1n) chain.mine(1, [sent(n), sent(n + 100n)]);
    chain.mine(2);
    for (const node of chain.nodes) node.answer = (logs) => [...logs, ...logs].toReversed();
    const it = await createHarness({ chain, vaults: [a] });
    await it.settle('head');
    expect(await it.seen()).toEqual([1n, 101n, 2n, 102n, 3n, 103n, 4n, 104n, 5n, 105n]);
  });

  test.each([
    ['taken back', { removed: true }],
    ['of two blocks of one height', { blockHash: `0x${'f'.repeat(64)}` as const }],
  ])('nothing advances on logs that are %s', async (_name, fault) => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(4, [sent(1n), sent(2n)]);
    for (const node of chain.nodes) {
      node.answer = (logs) => logs.map((log, at) => (at === 0 ? { ...log, ...fault } : log));
    }
    const it = await createHarness({ chain, vaults: [a] });
    await it.step('head');
    expect(await it.step('head')).toEqual({ kind: 'later', delayMs: 250 });
    expect([await it.seen(), await it.cursor(a)]).toEqual([[], -1n]);
    const looks = async () => {
      for (;;) await it.step('head');
    };
    await expect(looks()).rejects.toMatchObject({ code: 'unsettled_logs' });
  });

  test('a malformed log is kept aside with one alarm and blocks nothing', async () => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(14, [{ ...sent(1n), data: '0x12' }, sent(2n)]);
    const it = await createHarness({ chain, vaults: [a] });
    await it.settle('head');
    await it.settle('final');
    expect(await it.seen()).toEqual([2n]);
    expect(await it.store.find({ table: 'dead_letter', limit: 10 })).toMatchObject([{ data: '0x12' }]);
    expect(it.alarms()).toEqual(['a log of our contracts cannot be read']);
  });

  test('a consumer that fails stops the cursor, so that nothing is skipped', async () => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(4, [sent(1n)]);
    const consume = () => Promise.reject(new Error('cannot decide'));
    const it = await createHarness({ chain, vaults: [a], consumers: () => [{ name: 'failing', consume }] });
    await it.step('head');
    await expect(it.step('head')).rejects.toThrow(/cannot decide/);
    expect(await it.cursor(a)).toBe(-1n);
  });

  test('a range limit is found by halving, and blocks come once each', async () => {
    const chain = createFakeChain({ network: NETWORK });
    for (let n = 1n; n <= 30n; n += 1n) chain.mine(100, [sent(n)]);
    for (const node of chain.nodes) node.rangeLimit = 300n;
    const it = await createHarness({ chain, vaults: [a] });
    await it.settle('head');
    expect(await it.seen()).toEqual(Array.from({ length: 30 }, (_, at) => BigInt(at + 1)));
    expect(await it.cursor(a)).toBe(chain.head() - 2n);
    const refused = chain.queries.filter((query) => query.toBlock - query.fromBlock >= 300n);
    expect(refused.length).toBeLessThan(15);
  });

  test('a node whose head went backwards is waited for', async () => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(20);
    const it = await createHarness({ chain, vaults: [a] });
    await it.settle('head');
    for (const node of chain.nodes) node.lag = 9;
    await it.settle('head');
    expect([await it.cursor(a), it.alarms()]).toEqual([18n, []]);
  });

  test('an endpoint that is down is passed over; without any, the network is down as a dependency', async () => {
    const chain = createFakeChain({ network: NETWORK, nodes: 2 });
    chain.mine(4, [sent(1n)]);
    const it = await createHarness({ chain, vaults: [a] });
    await it.step('head');
    const [first, second] = chain.nodes;
    if (first === undefined || second === undefined) throw new Error('two nodes');
    first.down = true;
    await it.settle('head');
    expect(await it.seen()).toEqual([1n]);
    second.down = true;
    expect(await it.step('head')).toEqual({ kind: 'later', delayMs: 0 });
    await expect(it.step('head')).rejects.toMatchObject({ dependency: 'chain:base' });
  });

  test('the end block changing hands within the pass advances nothing', async () => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(4, [sent(1n)]);
    const it = await createHarness({ chain, vaults: [a] });
    await it.step('head');
    chain.onQuery = () => {
      for (const node of chain.nodes) node.lag = 4;
    };
    await it.step('head');
    expect([await it.seen(), await it.cursor(a)]).toEqual([[], -1n]);
  });
});

describe('opening', () => {
  test('the head of the first start is where redemptions begin, and a restart keeps it', async () => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(7);
    for (const node of chain.nodes) node.down = true;
    const it = await createHarness({ chain, vaults: [a], settings: { redemptionsFromBlock: null } });
    await expect(it.step('head')).rejects.toThrow(/refused/);
    for (const node of chain.nodes) node.down = false;
    expect(await it.step('head')).toEqual({ kind: 'advanced' });
    chain.mine(5);
    await it.watcher.start();
    await it.settle('head');
    expect(await it.store.find({ table: 'network', limit: 1 })).toMatchObject([
      { network: NETWORK, chain_id: 31_337, state: 'open', redemptions_from_block: 7 },
    ]);
  });

  test('work of a network that is not in the settings fails visibly', async () => {
    const chain = createFakeChain({ network: NETWORK });
    const it = await createHarness({ chain, vaults: [] });
    const row = await it.workRow('head');
    if (row === null) throw new Error('no work');
    await expect(createWatchWorker([]).step(row)).rejects.toMatchObject({ code: 'network_not_configured' });
    await expect(createWatchWorker([it.watcher]).step(row)).resolves.toEqual({ kind: 'advanced' });
  });

  test('a failure that is an answer is left to the engine', async () => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(4);
    const it = await createHarness({ chain, vaults: [a] });
    await it.step('head');
    chain.onQuery = () => {
      throw new RpcFailure('no state', { kind: 'answered', method: 'eth_getLogs', rpcCode: -32_000 });
    };
    await expect(it.step('head')).rejects.toThrow(/no state/);
  });
});
