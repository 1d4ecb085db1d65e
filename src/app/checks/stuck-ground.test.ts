import { expect, test } from 'vitest';
import type { RpcClient } from '../../chain/rpc/types.ts';
import { NETWORK_TABLE, watchWorkId } from '../../chain/watcher/network.ts';
import { custodyKind, custodyStreamId } from '../../custody/custody-kind.ts';
import { readMovesUnderWay } from '../../custody/move/read-status.ts';
import type { MoveView } from '../../custody/move/step-move.ts';
import type { CustodyEvent } from '../../custody/state.ts';
import type { DependencyState } from '../../engine/dependencies.ts';
import { anyKind } from '../../event-store/create-ledger.ts';
import type { Row } from '../../event-store/event-store.ts';
import { change } from '../../event-store/ledger.ts';
import { openTestLedger } from '../../operation/test-ledger.ts';
import { OPENING_BOUND_MS } from './overdue.ts';
import { createStuckGround } from './stuck-ground.ts';

const BASE = { network: 'base', chainId: 8453, confirmations: 0, finality: 0, rpc: {} as RpcClient };
const OLD = `0x${'aa'.repeat(20)}` as const;
const NEW = `0x${'bb'.repeat(20)}` as const;
const ONE = '0d5f3c2e-0000-4000-8000-000000000001';
const TWO = '0d5f3c2e-0000-4000-8000-000000000002';
const HOUR_MS = 3_600_000;

async function open(dependencies: readonly DependencyState[] = []) {
  const { store, clock, ledger } = await openTestLedger([anyKind(custodyKind)], [NETWORK_TABLE]);
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
  const view: MoveView = new Map();
  const ground = createStuckGround({
    store,
    clock,
    dependencies: () => dependencies,
    configured: new Set(['base', 'ethereum']),
    movesUnderWay: () => readMovesUnderWay({ ledger, networks: [BASE] }, view),
  });
  const custody = async (...events: readonly CustodyEvent[]) => {
    const loaded = await ledger.load(custodyKind, custodyStreamId(BASE.chainId));
    const changes = [change(custodyKind, loaded, events)];
    await ledger.commit({ changes, metadata: { actor: 'test' } });
  };
  return { clock, network, work, ground, view, custody };
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

test('so are calls of a custodian that nobody takes, or that nothing comes of, and at once what is held', async () => {
  const { clock, work, ground } = await open();
  const phases = ['requested', 'refused', 'pending', 'mined', 'held'];
  for (const phase of phases) await work(`8453/0x01/${phase}/1`, { kind: 'call', phase, network: 'base' });
  const shown = async () => (await ground.transactions()).map((it) => it.phase).toSorted();
  expect(await shown()).toEqual(['held']);
  clock.advance(10 * 60_000);
  expect(await shown()).toEqual(['held', 'refused', 'requested']);
  clock.advance(2 * HOUR_MS);
  expect(await shown()).toEqual(phases.toSorted());
});

test('a move to another key is shown past the bound of its phase, with what it waits for', async () => {
  const error = { code: 'rpc_unreachable', message: 'no node answers', atMs: 7 };
  const down = { name: 'chain:base', state: 'down', reason: error, sinceMs: 7, nextProbeMs: null } as const;
  const { clock, ground, view, custody } = await open([down]);
  const took = { network: 'base', chainId: BASE.chainId, signer: OLD, from: null, why: 'the first one' };
  await custody({ type: 'SignerTookCharge', data: took });
  clock.advance(9 * HOUR_MS);
  expect(await ground.moves()).toEqual([]);
  await custody({ type: 'MoveBegun', data: { moveId: ONE, from: OLD, to: NEW, found: [] } });
  clock.advance(4 * HOUR_MS - 1);
  expect(await ground.moves()).toEqual([]);
  const begunMs = clock.nowMs() - 4 * HOUR_MS + 1;
  clock.advance(1);
  view.set(BASE.chainId, { waits: ['1 transfers of tAAPL under way', 'a final block'], isAlarmed: false });
  expect(await ground.moves()).toEqual([
    {
      network: 'base',
      move_id: ONE,
      from: OLD,
      to: NEW,
      phase: 'moving',
      since: new Date(begunMs).toISOString(),
      waiting_for: '1 transfers of tAAPL under way; a final block',
      last_error: expect.objectContaining({ message: 'no node answers' }) as unknown,
      next_attempt_at: new Date(begunMs).toISOString(),
    },
  ]);
  // One that turns it round has only begun.
  await custody(
    { type: 'MoveEnded', data: { why: 'turned round' } },
    { type: 'MoveBegun', data: { moveId: TWO, from: NEW, to: OLD, found: [] } },
  );
  expect(await ground.moves()).toEqual([]);
  clock.advance(4 * HOUR_MS);
  expect(await ground.moves()).toMatchObject([{ move_id: TWO, to: OLD }]);
});
