import { expect, test } from 'vitest';
import { NETWORK_TABLE, watchWorkId } from '../../chain/watcher/network.ts';
import type { DependencyState } from '../../engine/dependencies.ts';
import type { Row } from '../../event-store/event-store.ts';
import { openTestLedger } from '../../operation/test-ledger.ts';
import { OPENING_BOUND_MS } from './overdue.ts';
import { createStuckGround } from './stuck-ground.ts';

async function open(dependencies: readonly DependencyState[] = []) {
  const { store, clock } = await openTestLedger([], [NETWORK_TABLE]);
  const insert = (table: string, row: Row) =>
    store.commit({
      appends: [],
      writes: () => [{ op: 'insert', table, row }],
      metadata: { actor: 'test' },
    });
  const network = (name: string, state: string, more: Row = {}) =>
    insert(NETWORK_TABLE.name, {
      network: name,
      chain_id: name.length,
      state,
      since_ms: clock.nowMs(),
      ...more,
    });
  const work = (id: string, more: Row) =>
    insert('work', { id, kind: 'watch', phase: 'head', since_ms: clock.nowMs(), attempts: 0, ...more });
  const ground = createStuckGround({
    store,
    clock,
    dependencies: () => dependencies,
    configured: new Set(['base', 'ethereum']),
  });
  return { clock, network, work, ground };
}

test('a stopped network says why and since when, and waits for an operator', async () => {
  const { clock, network, work, ground } = await open();
  await network('base', 'stopped', { why: 'a reorg of 40 blocks' });
  await network('polygon', 'stopped', { why: 'it is not configured any more' });
  await work(watchWorkId('base', 'head'), { waiting_for: 'resume' });
  expect(await ground.networks()).toEqual([
    {
      network: 'base',
      state: 'stopped',
      why: 'a reorg of 40 blocks',
      since: new Date(clock.nowMs()).toISOString(),
      waiting_for: 'resume',
      last_error: null,
      next_attempt_at: null,
    },
  ]);
});

test('a network that no node has ever answered for is shown after its bound, with the last failure', async () => {
  const { clock, network, work, ground } = await open();
  const error = { code: 'rpc_unreachable', message: 'connection refused', atMs: clock.nowMs() };
  await network('base', 'opening');
  await work(watchWorkId('base', 'head'), { dependency: 'chain:base', last_error: error, due_ms: 1_000 });
  clock.advance(OPENING_BOUND_MS - 1);
  expect(await ground.networks()).toEqual([]);
  clock.advance(1);
  expect(await ground.networks()).toMatchObject([
    {
      state: 'opening',
      why: 'connection refused',
      waiting_for: 'chain:base',
      last_error: { code: 'rpc_unreachable' },
      next_attempt_at: '1970-01-01T00:00:01.000Z',
    },
  ]);
});

test('an open network is shown once its nodes have failed for ten minutes', async () => {
  const downMs = Date.UTC(2026, 10, 20);
  const { clock, network, ground } = await open([
    {
      name: 'chain:base',
      state: 'down',
      reason: { code: 'rpc_unreachable', message: 'no node answers', atMs: downMs },
      sinceMs: downMs,
      nextProbeMs: null,
    },
  ]);
  await network('base', 'open');
  await network('ethereum', 'open');
  clock.advance(10 * 60_000 - 1);
  expect(await ground.networks()).toEqual([]);
  clock.advance(1);
  expect(await ground.networks()).toMatchObject([
    { network: 'base', state: 'open', why: 'no node answers', since: new Date(downMs).toISOString() },
  ]);
});

test('so is one whose watcher fails again and again although nodes answer', async () => {
  const { clock, network, work, ground } = await open();
  await network('base', 'open');
  const error = { code: 'unexpected', message: 'answers nonsense', atMs: clock.nowMs() };
  await work(watchWorkId('base', 'head'), { attempts: 20, last_error: error });
  expect(await ground.networks()).toMatchObject([{ network: 'base', why: 'answers nonsense' }]);
});

test('transactions are shown that are not mined, or not final, in time', async () => {
  const { clock, work, ground } = await open();
  await work('8453/0x01/1', { kind: 'transaction', phase: 'mined', network: 'base' });
  clock.advance(90 * 60_000);
  await work('8453/0x01/2', { kind: 'transaction', phase: 'pending', network: 'base' });
  clock.advance(30 * 60_000);
  const found = await ground.transactions();
  expect(found.map((it) => [it.id, it.phase])).toEqual([
    ['8453/0x01/2', 'pending'],
    ['8453/0x01/1', 'mined'],
  ]);
});
