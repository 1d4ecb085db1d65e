import { expect, test } from 'vitest';
import { listQuery } from './wire.ts';

const isTaken = (query: object): boolean => listQuery.safeParse(query).success;

test.each([
  [{ state: 'held' }, { state: 'hold' }],
  [{ state: 'dismissed' }, { state: 'none' }],
  [{ tx_hash: `0x${'Ab'.repeat(32)}` }, { tx_hash: `0x${'ab'.repeat(31)}` }],
  [{ tx_hash: `0x${'0'.repeat(64)}` }, { tx_hash: 'ab'.repeat(32) }],
  [{ at: '2026-11-25T09:30:00+01:00' }, { at: '2026-11-25T09:30:00 01:00' }],
])('a list can be asked for with %j, and not with %j, which would find nothing', (right, wrong) => {
  expect(isTaken(right)).toBe(true);
  expect(isTaken(wrong)).toBe(false);
});
