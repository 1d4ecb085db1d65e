import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { IssuanceError } from '../primitives/failures.ts';
import type { ProblemCode } from './problems.ts';
import { PROBLEMS, problemOf } from './problems.ts';
import { REMEDIES } from './remedies.ts';

test('the documentation has every code with its status, title and remedy, and no other', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'problems.md'), 'utf8');
  const documented = [...text.matchAll(/^\| `(\w+)` \| (\d+) \| (.+?) \| (.+) \|$/gm)].map(
    ([, code, status, title, remedy]) => ({
      code,
      status: Number(status),
      title,
      remedy,
    }),
  );
  const actual = Object.entries(PROBLEMS).map(([code, { status, title }]) => ({
    code,
    status,
    title,
    remedy: REMEDIES[code as ProblemCode],
  }));
  expect(documented).toEqual(actual);
});

test('what nobody foresaw shows neither its words nor its code', () => {
  for (const error of [new Error('at /srv/x'), new IssuanceError('invariant', 'at /srv/x'), 'text', null]) {
    expect(problemOf(error)).toMatchObject({ status: 500, code: 'internal' });
    expect(JSON.stringify(problemOf(error))).not.toContain('srv');
  }
});
