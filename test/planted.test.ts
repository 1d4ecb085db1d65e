import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bugs } from './simulation/planted/bugs.ts';

const ROOT = join(import.meta.dirname, '..');

// Fast, so that whoever changes a module sees at once that a bug of the simulation has to change with it.
test('every bug that the simulation plants still finds its place in the product', () => {
  const misplaced = Object.entries(bugs).flatMap(([name, { edits }]) =>
    edits
      .filter(({ file, find }) => readFileSync(join(ROOT, file), 'utf8').split(find).length !== 2)
      .map(({ file, find }) => `${name}: ${file} does not hold once: ${find}`),
  );
  expect(misplaced).toEqual([]);
});
