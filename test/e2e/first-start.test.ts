import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'issuance-first-start-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A checkout in which nothing was ever compiled. */
function newCheckout(): string {
  cpSync(join(ROOT, 'src'), join(folder, 'src'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== '.cache') symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  return join(folder, 'src', 'main.js');
}

test('the first start after a change goes on in the same process without the compiler, and later ones at once', () => {
  const program = newCheckout();
  const begun = join(folder, 'begun.txt');
  const notes = join(folder, 'notes.mjs');
  writeFileSync(
    notes,
    `import { appendFileSync } from 'node:fs';
     appendFileSync(${JSON.stringify(begun)}, process.pid + ' ' + process.argv.slice(2).join(' ') + '\\n');`,
  );
  const start = () => {
    rmSync(begun, { force: true });
    const env = { PATH: process.env['PATH'], NODE_OPTIONS: `--import ${notes}` };
    // Without settings it says so and ends.
    const { status, stderr } = spawnSync(process.execPath, [program, 'serve', '--no-migrate'], { env });
    const told = stderr.toString().split('\n');
    expect([status, told.filter((it) => it.includes('settings are wrong')).length]).toEqual([2, 1]);
    return readFileSync(begun, 'utf8').trim().split('\n');
  };
  const [first, second, ...more] = start();
  expect([first, more]).toEqual([second, []]);
  expect(first).toMatch(/^\d+ serve --no-migrate$/);
  expect(start()).toHaveLength(1);
});
