import { expect, test } from 'vitest';
import type { DependencyState } from '../engine/dependencies.ts';
import type { WorkRow } from '../engine/work.ts';
import type { LaneStatus } from '../transaction/lane-status.ts';
import { createHindrances } from './hindrances.ts';

const row = (id: string, more: Partial<WorkRow>): WorkRow => ({
  id,
  kind: 'mint',
  phase: 'minted',
  sinceMs: 1,
  waitingFor: null,
  dependency: null,
  lane: null,
  network: 'base',
  underlying: 'AAPL',
  version: 1,
  dueMs: 2,
  attempts: 0,
  lastError: null,
  ...more,
});

const outage = (name: string, message: string): DependencyState => ({
  name,
  state: 'down',
  reason: { code: 'down', message, atMs: 3 },
  sinceMs: 3,
  nextProbeMs: 9,
});

function open(dependencies: readonly DependencyState[], lanes: readonly Partial<LaneStatus>[] = []) {
  return createHindrances({
    dependencies: () => dependencies,
    lanes: { status: async () => lanes as readonly LaneStatus[] },
    clock: { nowMs: () => 7 },
  });
}

test('what needs a partner that is down shows its words, and when it is asked again', async () => {
  const hindrances = open([outage('alpaca', 'Alpaca answered 503'), { ...outage('x', ''), state: 'up' }]);
  const found = await hindrances([row('one', { dependency: 'alpaca' }), row('two', { dependency: 'x' })]);
  expect([...found]).toEqual([
    ['one', { error: { code: 'down', message: 'Alpaca answered 503', atMs: 3 }, nextMs: 9 }],
  ]);
});

test('what waits for a transaction or a lane waits for its chain', async () => {
  const hindrances = open([outage('chain:base', 'no node answers')]);
  const found = await hindrances([
    row('signed', { waitingFor: 'transaction' }),
    row('ready', { lane: '8453/0x01', waitingFor: 'lane' }),
    row('elsewhere', { waitingFor: 'transaction', network: 'ethereum' }),
    row('journal', { waitingFor: 'journal' }),
  ]);
  expect([...found.keys()]).toEqual(['signed', 'ready']);
});

test('what is ready for a lane that does not sign shows why it does not', async () => {
  const why = { code: 'stopped', message: 'a stranger touched the vault' };
  const hindrances = open([], [{ lane: '8453/0x01', why }]);
  const found = await hindrances([row('ready', { lane: '8453/0x01' }), row('other', { lane: '1/0x01' })]);
  expect([...found]).toEqual([['ready', { error: { ...why, atMs: 7 }, nextMs: null }]]);
});
