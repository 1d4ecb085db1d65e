import { describe, expect, test } from 'vitest';
import { createFakeChain, transferLog } from './fake-chain.ts';
import type { WatchTask } from './network.ts';
import type { Activity } from './types.ts';
import { createHarness, NETWORK, USER, vaultNumber, WALLET } from './watch-harness.ts';

const BLOCK_MS = 2000;
const HOUR_MS = 3_600_000;
const TASKS: readonly WatchTask[] = ['head', 'catch-up', 'final'];

/** Twenty vaults on a chain with blocks of two seconds, and the engine's clockwork of due times. */
async function open(given: { hinted?: boolean; blockMs?: number; finality?: number } = {}) {
  const chain = createFakeChain({ network: NETWORK });
  chain.mine(50);
  const state = { nowMs: 0, activity: 'idle' as Activity, hinted: given.hinted ?? false };
  const blockMs = given.blockMs ?? BLOCK_MS;
  const it = await createHarness({
    chain,
    vaults: Array.from({ length: 20 }, (_, n) => vaultNumber(n + 1)),
    settings: { confirmations: 20, finality: given.finality ?? 64 },
    timers: { monotonicMs: () => state.nowMs },
    activity: () => state.activity,
    isHinted: () => state.hinted,
  });
  const dueMs = new Map<WatchTask, number>(TASKS.map((task) => [task, 0]));
  let nextBlockMs = blockMs;
  let widest = 0n;
  return {
    ...it,
    chain,
    state,
    total: () => [...chain.requests.values()].reduce((sum, count) => sum + count, 0),
    /** Most blocks that any vault lay behind the confirmed head before a step. */
    widest: () => widest,
    hint() {
      it.watcher.hint();
      dueMs.set('head', state.nowMs);
    },
    async run(ms: number, until: () => Promise<boolean> = () => Promise.resolve(false)): Promise<void> {
      const endMs = state.nowMs + ms;
      for (; state.nowMs < endMs; state.nowMs += 250) {
        for (; nextBlockMs <= state.nowMs; nextBlockMs += blockMs) chain.mine(1);
        const behind = chain.head() - 20n - (await it.cursor(vaultNumber(1)));
        if (behind > widest && state.nowMs > 60_000) widest = behind;
        for (const task of TASKS) {
          if ((dueMs.get(task) ?? 0) > state.nowMs) continue;
          const row = await it.workRow(task);
          if (row === null) continue;
          const result = await it.watcher.step(row);
          dueMs.set(task, state.nowMs + (result.kind === 'later' ? result.delayMs : 0));
        }
        if (await until()) return;
      }
    },
  };
}

const arrival = (value: bigint) => transferLog(vaultNumber(7).vault, USER, WALLET, value);

describe('an idle network of twenty vaults', () => {
  test.each([
    // Looks at 4 s: 900; a reading of seven requests every two minutes: 210; a second one every five: 84.
    [false, 1_220],
    [true, 680],
  ])('costs few requests an hour (hints: %s)', async (hinted, most) => {
    const it = await open({ hinted });
    await it.run(60_000);
    const before = it.total();
    await it.run(HOUR_MS);
    expect(it.total() - before).toBeLessThanOrEqual(most);
    expect(it.total() - before).toBeGreaterThan(most / 2);
    expect(it.widest()).toBeLessThanOrEqual(66n);
  });

  test('is not let run away by a fast chain', async () => {
    const it = await open({ blockMs: 250 });
    await it.run(10 * 60_000);
    expect(it.widest()).toBeLessThanOrEqual(100n);
  });

  test.each([
    [false, 4_250],
    [true, 10_250],
  ])(
    'sees an arrival by itself, as soon as a poll after it is confirmed (hints: %s)',
    async (hinted, withinMs) => {
      const it = await open({ hinted });
      await it.run(5 * 60_000);
      it.chain.mine(1, [arrival(5n)]);
      const block = it.chain.head();
      let confirmedMs = 0;
      await it.run(120_000, async () => {
        if (confirmedMs === 0 && it.chain.head() >= block + 20n) confirmedMs = it.state.nowMs;
        return (await it.seen()).length > 0;
      });
      expect(await it.seen()).toEqual([5n]);
      expect(it.state.nowMs - confirmedMs).toBeLessThanOrEqual(withinMs);
    },
  );

  test('sees an arrival at once on a hint, and a false hint costs one reading', async () => {
    const it = await open({ hinted: true });
    await it.run(5 * 60_000);
    it.chain.mine(1, [arrival(6n)]);
    it.chain.mine(20);
    it.hint();
    await it.run(250);
    expect(await it.seen()).toEqual([6n]);
    await it.run(60_000);
    const [before, cursor] = [it.total(), await it.cursor(vaultNumber(1), 'final')];
    it.hint();
    await it.run(250);
    expect(it.total() - before).toBeLessThanOrEqual(7);
    expect(await it.seen()).toEqual([6n]);
    expect(await it.cursor(vaultNumber(1), 'final')).toBe(cursor);
  });

  test('reads everything again when a node refuses the question, or says something else', async () => {
    const it = await open();
    await it.run(5 * 60_000);
    const cursor = await it.cursor(vaultNumber(1));
    for (const node of it.chain.nodes) node.refusesLooks = true;
    await it.run(8_000);
    expect(await it.cursor(vaultNumber(1))).toBeGreaterThan(cursor);
  });

  test('reads what an operation left behind when it has ended', async () => {
    const it = await open();
    await it.run(5 * 60_000);
    it.state.activity = 'moving';
    await it.run(10_000);
    it.state.activity = 'idle';
    const ended = it.chain.head() - 20n;
    await it.run(5_000);
    expect(await it.cursor(vaultNumber(1))).toBeGreaterThanOrEqual(ended);
  });

  test('makes haste with the second reading when someone waits for it', async () => {
    const it = await open({ finality: 20 });
    await it.run(60_000);
    const before = it.woken.length;
    await it.watcher.scannedToFinal();
    await it.watcher.scannedToFinal();
    expect(it.woken.slice(before)).toEqual([`watch:${NETWORK}:final`]);
    expect(await it.watcher.scannedToFinal(vaultNumber(99).vault)).toBe(-1n);
  });
});
