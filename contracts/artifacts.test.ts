import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ARTIFACTS, artifactText, compileContracts } from './build.ts';

test('the artifacts are what the sources compile to; `npm run contracts` writes them', () => {
  const compiled = [...compileContracts()].map(([name, artifact]) => [
    `${name}.json`,
    artifactText(artifact),
  ]);
  const committed = readdirSync(ARTIFACTS).map((file) => [file, readFileSync(join(ARTIFACTS, file), 'utf8')]);
  expect(new Set(committed.map(([file]) => file))).toEqual(new Set(compiled.map(([file]) => file)));
  const stale = compiled.filter(([file, text]) => !committed.some((it) => it[0] === file && it[1] === text));
  expect(stale.map(([file]) => file)).toEqual([]);
});
