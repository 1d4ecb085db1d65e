import { expect, test } from 'vitest';
import { actionBody } from './action-wire.ts';

test('an action knows every member that it is given, so that a misspelled dry run does nothing', () => {
  expect(actionBody.parse({ reason: 'a look', dry_run: true })).toMatchObject({ dry_run: true });
  for (const misspelled of ['dryrun', 'dryRun', 'dry-run', 'expectedVersion']) {
    expect(actionBody.safeParse({ reason: 'a look', [misspelled]: true }).success).toBe(false);
  }
});

test('a reason of blanks is none', () => {
  expect(actionBody.safeParse({ reason: ' \t ' }).success).toBe(false);
  expect(actionBody.parse({ reason: ' a look ' }).reason).toBe('a look');
});
