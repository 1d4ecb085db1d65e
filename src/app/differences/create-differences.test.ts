import { expect, test } from 'vitest';
import { openTestLedger } from '../../operation/test-ledger.ts';
import { recordingLog } from '../../telemetry/log.ts';
import { createDifferences } from './create-differences.ts';
import type { Difference } from './difference.ts';
import { DIFFERENCE_TABLE } from './difference.ts';

const difference = (subject: string, found = 5n): Difference => ({
  kind: 'supply',
  subject,
  underlying: 'AAPL',
  network: 'base',
  vault: '0xcc',
  receiptId: null,
  transactionHash: null,
  expected: 4n,
  found,
});

async function open() {
  const { store, clock } = await openTestLedger([], [DIFFERENCE_TABLE]);
  const log = recordingLog();
  const told: string[] = [];
  const start = () => createDifferences({ store, clock, log, onTold: (kind) => told.push(kind) });
  const lines = (level: string) => log.entries.filter((it) => it.level === level);
  return { start, clock, lines, told };
}

test('what is found twice in a row is told once, named, and since when', async () => {
  const { start, clock, lines, told } = await open();
  const differences = start();
  const sinceMs = clock.nowMs();
  expect(await differences.record('supply', 'all', [difference('one')])).toBe(true);
  expect([lines('error'), await differences.standing()]).toEqual([[], []]);
  clock.advance(5_000);
  expect(await differences.record('supply', 'all', [difference('one')])).toBe(false);
  await differences.record('supply', 'all', [difference('one', 6n)]);
  expect(lines('error')).toHaveLength(1);
  expect(lines('error')[0]?.fields).toMatchObject({
    difference: 'supply',
    underlying: 'AAPL',
    network: 'base',
    vault: '0xcc',
    expected: 4n,
    found: 5n,
    since: new Date(sinceMs).toISOString(),
  });
  expect(told).toEqual(['supply']);
  expect(await differences.standing()).toMatchObject([{ subject: 'one', found: 6n, sinceMs, told: true }]);
});

test('it is not told again after a restart, and is told anew when it comes back', async () => {
  const { start, lines } = await open();
  const look = (found: readonly Difference[]) => start().record('supply', 'all', found);
  await look([difference('one')]);
  await look([difference('one')]);
  await look([difference('one')]);
  expect(lines('error')).toHaveLength(1);
  await look([]);
  expect(lines('info').map((it) => it.message)).toEqual(['a difference is gone']);
  expect(await start().standing()).toEqual([]);
  await look([difference('one')]);
  await look([difference('one')]);
  expect(lines('error')).toHaveLength(2);
});

test('what was found once and is gone is told of by nobody', async () => {
  const { start, lines } = await open();
  await start().record('supply', 'all', [difference('one')]);
  await start().record('supply', 'all', []);
  expect([...lines('error'), ...lines('info')]).toEqual([]);
  expect(await start().known('supply')).toEqual([]);
});

test('what was not looked at stays as it is, and other kinds too', async () => {
  const { start } = await open();
  const differences = start();
  for (const kind of ['supply', 'supply', 'custody', 'custody'] as const)
    await differences.record(kind, 'all', [{ ...difference('one'), kind }]);
  await differences.record('supply', new Set(['two']), []);
  expect((await differences.standing()).map((it) => it.kind).toSorted()).toEqual(['custody', 'supply']);
  await differences.record('supply', new Set(['one']), []);
  expect((await differences.standing()).map((it) => it.kind)).toEqual(['custody']);
});
