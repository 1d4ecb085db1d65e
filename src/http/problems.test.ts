import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { IssuanceError } from '../primitives/failures.ts';
import { PROBLEMS, problemOf } from './problems.ts';

test('the documentation has every code with its status and title, and no other', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'problems.md'), 'utf8');
  const documented = [...text.matchAll(/^\| `(\w+)` \| (\d+) \| (.+?) \|/gm)].map(
    ([, code, status, title]) => ({
      code,
      status: Number(status),
      title,
    }),
  );
  const actual = Object.entries(PROBLEMS).map(([code, { status, title }]) => ({ code, status, title }));
  expect(documented).toEqual(actual);
});

test('what nobody foresaw shows neither its words nor its code', () => {
  for (const error of [new Error('at /srv/x'), new IssuanceError('invariant', 'at /srv/x'), 'text', null]) {
    expect(problemOf(error)).toMatchObject({ status: 500, code: 'internal' });
    expect(JSON.stringify(problemOf(error))).not.toContain('srv');
  }
});
