import { expect, test } from 'vitest';
import { roundTrip } from './round-trip.ts';
import { runSchedule } from './run.ts';

test('a mint and a redemption complete in simulated time', async () => {
  const { faults, summary } = await runSchedule(roundTrip);
  expect(faults).toEqual([]);
  expect(summary.operations).toEqual([
    'mint base tAAPL 10000000000000000000 10000000000000000000 completed',
    'redemption base tAAPL 2500000000000000000 2500000000100000000 completed',
  ]);
  expect(summary.balances.slice(0, 2)).toEqual(['custody AAPL 7.5', 'base tAAPL supply 7.5']);
});
