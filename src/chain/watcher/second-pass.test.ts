import { describe, expect, test } from 'vitest';
import { change } from '../../event-store/ledger.ts';
import { createFakeChain, type FakeChain, type FakeNode, transferLog } from './fake-chain.ts';
import { decideNetwork, networkKind } from './network.ts';
import { createHarness, NETWORK, USER, vaultNumber, WALLET } from './watch-harness.ts';

const a = vaultNumber(1);
const b = vaultNumber(2);
const sent = (value: bigint, vault = a) => transferLog(vault.vault, USER, WALLET, value);
const MISSED = 'reading final blocks again found what the first reading missed';
const STOPPED = 'the network is stopped: a reorg replaced blocks that were taken in';

function nodesOf(chain: FakeChain): readonly [FakeNode, FakeNode] {
  const [first, second] = chain.nodes;
  if (first === undefined || second === undefined) throw new Error('two nodes');
  return [first, second];
}

describe('the second pass', () => {
  test('an empty answer of a pruned node is caught from the other endpoint, with an alarm', async () => {
    const chain = createFakeChain({ network: NETWORK, nodes: 2 });
    chain.mine(20, [sent(1n)]);
    const [pruned] = nodesOf(chain);
    pruned.answer = () => [];
    const it = await createHarness({ chain, vaults: [a] });
    await it.settle('head');
    expect([await it.seen(), await it.cursor(a)]).toEqual([[], 18n]);
    await it.settle('final');
    expect([await it.seen(), await it.cursor(a, 'final')]).toEqual([[1n], 10n]);
    expect(it.alarms()).toEqual([MISSED]);
  });

  test('a partial answer is completed, and what is known already is no alarm', async () => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(20, [sent(1n), sent(2n)]);
    for (const node of chain.nodes) node.answer = (logs) => logs.slice(0, 1);
    const it = await createHarness({ chain, vaults: [a] });
    await it.settle('head');
    for (const node of chain.nodes) node.answer = (logs) => logs;
    await it.settle('final');
    expect(await it.seen()).toEqual([1n, 2n]);
    const again = await createHarness({ chain, vaults: [a] });
    await again.settle('head');
    await again.settle('final');
    expect(again.alarms()).toEqual([]);
  });

  test('it never runs ahead of the first pass', async () => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(10);
    const it = await createHarness({ chain, vaults: [a], settings: { confirmations: 5, finality: 0 } });
    await it.settle('head');
    chain.mine(10, [sent(1n)]);
    await it.settle('final');
    expect([await it.cursor(a, 'final'), await it.seen()]).toEqual([5n, []]);
  });

  test('how far everything was read finally is the least over all vaults, or the head without any', async () => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(400);
    const vaults = [vaultNumber(1, 300n), b];
    const it = await createHarness({ chain, vaults });
    await it.settle('head');
    await it.settle('final');
    expect(await it.watcher.scannedToFinal()).toBe(-1n);
    for (const task of ['catch-up', 'final', 'head', 'final'] as const) await it.settle(task);
    expect(await it.watcher.scannedToFinal()).toBe(390n);
    const none = await createHarness({ chain, vaults: [] });
    expect(await none.watcher.scannedToFinal()).toBe(398n);
  });
});

describe('a reorg', () => {
  test('within CONFIRMATIONS is invisible', async () => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(20);
    const it = await createHarness({ chain, vaults: [a] });
    await it.settle('head');
    chain.reorg(2);
    chain.mine(3, [sent(1n)]);
    await it.settle('head');
    expect([await it.seen(), it.alarms()]).toEqual([[1n], []]);
  });

  test('deeper than CONFIRMATIONS, agreed by both endpoints, stops the network until resumed', async () => {
    const chain = createFakeChain({ network: NETWORK, nodes: 2 });
    chain.mine(20);
    const it = await createHarness({ chain, vaults: [a] });
    await it.settle('head');
    await it.settle('final');
    chain.reorg(5);
    chain.mine(5, [sent(1n)]);
    expect(await it.step('head')).toEqual({ kind: 'advanced' });
    expect(it.alarms()).toEqual([STOPPED]);
    expect(await it.watcher.status()).toMatchObject({ state: 'stopped' });
    expect(await it.workRow('head')).toMatchObject({ waitingFor: 'resume', dueMs: null, dependency: null });
    await it.settle('head');
    expect(await it.seen()).toEqual([]);

    await it.watcher.resume({ actor: 'operator', reason: 'looked at it' });
    expect([await it.cursor(a), await it.workRow('head')]).toMatchObject([10n, { waitingFor: null }]);
    await it.settle('head');
    expect([await it.seen(), await it.cursor(a)]).toEqual([[1n], 23n]);
    await expect(it.watcher.resume({ actor: 'operator' })).rejects.toThrow(/not stopped/);
  });

  test('a rescan takes in what the new blocks hold and the old ones did not', async () => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(20);
    const it = await createHarness({ chain, vaults: [a] });
    await it.settle('head');
    chain.reorg(8);
    chain.mine(1);
    await it.settle('head');
    await it.settle('head');
    expect(await it.watcher.status()).toMatchObject({ state: 'stopped' });
    await it.watcher.resume({ actor: 'operator', reason: 'looked at it' });
    await it.settle('head');
    expect(await it.watcher.status()).toMatchObject({ state: 'open', scannedBlock: 19n });
  });

  test('that only one of two endpoints shows changes nothing', async () => {
    const chain = createFakeChain({ network: NETWORK, nodes: 2 });
    chain.mine(20);
    const it = await createHarness({ chain, vaults: [a] });
    await it.settle('head');
    const [forked] = nodesOf(chain);
    forked.forkFrom = 15n;
    chain.mine(5, [sent(1n)]);
    for (let looks = 0; looks < 3; looks += 1) await it.step('head');
    expect([await it.cursor(a), await it.seen(), it.alarms()]).toEqual([18n, [], []]);
    forked.forkFrom = null;
    await it.settle('head');
    expect(await it.seen()).toEqual([1n]);
  });

  test('said once by the only endpoint is not believed yet', async () => {
    const chain = createFakeChain({ network: NETWORK });
    chain.mine(20);
    const it = await createHarness({ chain, vaults: [a] });
    await it.settle('head');
    for (const node of chain.nodes) node.forkFrom = 15n;
    await it.step('head');
    for (const node of chain.nodes) node.forkFrom = null;
    await it.step('head');
    for (const node of chain.nodes) node.forkFrom = 15n;
    await it.step('head');
    expect(await it.watcher.status()).toMatchObject({ state: 'open' });
    await it.step('head');
    expect(await it.watcher.status()).toMatchObject({ state: 'stopped' });
  });

  test('of final blocks sends everything back to the beginning', async () => {
    const chain = createFakeChain({ network: NETWORK, nodes: 2 });
    chain.mine(20);
    const it = await createHarness({ chain, vaults: [a] });
    await it.settle('head');
    await it.settle('final');
    chain.reorg(15);
    chain.mine(3, [sent(1n)]);
    expect(await it.step('final')).toEqual({ kind: 'advanced' });
    await it.watcher.resume({ actor: 'operator', reason: 'looked at it' });
    expect([await it.cursor(a), await it.cursor(a, 'final')]).toEqual([-1n, -1n]);
    await it.settle('head');
    expect(await it.seen()).toEqual([1n]);
  });

  test('makes a pass that is under way when the network stops come to nothing', async () => {
    const chain = createFakeChain({ network: NETWORK });
    const late = vaultNumber(2);
    chain.mine(1000, [sent(1n, late)]);
    const vaults = [vaultNumber(1, 900n)];
    const it = await createHarness({ chain, vaults });
    await it.settle('head');
    vaults.push(late);
    chain.onQuery = async () => {
      chain.onQuery = () => undefined;
      const loaded = await it.ledger.load(networkKind, NETWORK);
      const events = decideNetwork({ type: 'stop', why: 'a test', rescan: 'final' }, loaded.state);
      await it.ledger.commit({
        changes: [change(networkKind, loaded, events)],
        metadata: { actor: 'test' },
      });
    };
    expect(await it.step('catch-up')).toMatchObject({ kind: 'later' });
    expect([await it.cursor(late), await it.seen()]).toEqual([-1n, []]);
  });
});
