import { describe, expect, test } from 'vitest';
import { runScenario } from './run-scenario.ts';
import { scenarios } from './scenarios.ts';

/** That every scenario runs and gives its figures. How fast anything is, no test asks. */
describe('npm run bench', () => {
  test.each(scenarios)('$title', async (scenario) => {
    const { figures } = await runScenario(scenario, { quick: true, progress: () => {} });
    expect(Object.keys(figures).sort()).toEqual(scenario.figures.map(({ name }) => name).sort());
  });

  test('no name stands for two figures', () => {
    const names = scenarios.flatMap(({ figures }) => figures.map(({ name }) => name));
    expect(names).toEqual([...new Set(names)]);
  });
});
