import { expect, test } from 'vitest';
import { createDice } from '../chance.ts';
import { takeSteps } from './steps.ts';
import { startTwins } from './twins.ts';

const SEEDS = [1, 2, 3];
const STEPS = 200;

/** What must have happened in one of them, or the comparison proves little. */
const NEEDED = [
  'new accepted',
  'new insufficient_funds',
  'again already_known',
  'again nonce_too_low',
  'again accepted',
  'off accepted',
  'replacement underpriced',
  'replacement accepted',
  'dropped',
  'reorg',
  ...[
    'mints',
    'burn',
    'redemption',
    'transfer',
    'receipts',
    'deposit',
    'redeem',
    'split',
    'freeze',
    'grant',
  ].flatMap((what) => [`${what} returns`, `${what} reverts`]),
];

const happened = new Set<string>();

test.each(SEEDS)('the simulated chain says what a real one with the contracts says: %d', async (seed) => {
  const twins = await startTwins();
  try {
    const { real, model, kinds } = await takeSteps(twins, createDice(seed, 'twins'), STEPS);
    expect(model).toEqual(real);
    for (const kind of kinds.keys()) happened.add(kind);
  } finally {
    await twins.stop();
  }
});

test('everything that can be compared was', () => {
  expect(NEEDED.filter((it) => !happened.has(it))).toEqual([]);
});
