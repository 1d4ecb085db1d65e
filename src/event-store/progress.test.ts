import { expect, test } from 'vitest';
import type { Progress } from './progress.ts';
import { createCounter } from './progress.ts';

test('tells of the start and of every thousand, and never of more than there is', () => {
  const told: Progress[] = [];
  const count = createCounter('events', 2_500, (it) => told.push(it));
  for (let at = 0; at < 30; at += 1) count(100);
  expect(told.map(({ done, total }) => [done, total])).toEqual([
    [0, 2_500],
    [1_000, 2_500],
    [2_000, 2_500],
    [3_000, 3_000],
  ]);
});
