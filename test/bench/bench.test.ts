import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { runScenario } from './run-scenario.ts';
import { scenarios } from './scenarios.ts';

/** That every scenario runs and gives its figures. How fast anything is, no test asks. */
describe('npm run bench', () => {
  test.each(scenarios)('$title', async (scenario) => {
    const { figures } = await runScenario(scenario, { quick: true, progress: () => {} });
    expect(Object.keys(figures).sort()).toEqual(scenario.figures.map(({ name }) => name).sort());
  });

  test('runs by itself, and gives programs the figures that they ask for', async () => {
    const main = join(import.meta.dirname, 'main.ts');
    const args = [main, '--quick', '--json', '--only', 'confirm_to_minted_ms_p50'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const printed = JSON.parse(stdout) as { readonly figures: Readonly<Record<string, number>> };
    expect(Object.keys(printed.figures)).toEqual(['confirm_to_minted_ms_p50']);
    expect(printed).toMatchObject({ date: expect.any(String), commit: expect.any(String) });
  });

  test('tells what it does not know as wrong use', async () => {
    const run = promisify(execFile)(process.execPath, [join(import.meta.dirname, 'main.ts'), '--only', 'x']);
    await expect(run).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('No figure is called x'),
    });
  });

  test('no name stands for two figures', () => {
    const names = scenarios.flatMap(({ figures }) => figures.map(({ name }) => name));
    expect(names).toEqual([...new Set(names)]);
  });
});
