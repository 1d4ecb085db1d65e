import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { describeCommit, describeMachine } from './machine.ts';
import { type Result, asJson, asMarkdown, asTable, formatTarget } from './report.ts';
import { runScenario } from './run-scenario.ts';
import { scenarios } from './scenarios.ts';

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'benchmarks.md');

interface Options {
  readonly json?: true;
  readonly list?: true;
  readonly quick?: true;
  readonly only?: readonly string[];
}

const tell = (text: string): void => void process.stderr.write(`${text}\n`);

const command = new Command('npm run bench --')
  .description(
    'Measures the figures of docs/benchmarks.md, prints them, and writes that page when all were taken.',
  )
  .option('--json', 'print the figures for a program instead of a table')
  .option('--list', 'print the names of the figures with their targets, and measure nothing')
  .option('--only <names>', 'measure these figures only, comma-separated; the page stays as it is', readNames)
  .option(
    '--quick',
    'tiny sizes, to see that everything runs: the values mean nothing; the page stays as it is',
  )
  .exitOverride()
  .action(bench);
try {
  await command.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has printed help or what is wrong; only asked-for help is a success.
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}

async function bench({ json, list, quick, only }: Options): Promise<void> {
  if (list === true) {
    for (const spec of scenarios.flatMap(({ figures }) => figures)) {
      process.stdout.write(`${spec.name.padEnd(28)} ${formatTarget(spec).padEnd(18)} ${spec.what}\n`);
    }
    return;
  }
  const results = await measure(only ?? null, quick === true);
  const run = {
    machine: describeMachine(),
    commit: describeCommit(),
    date: new Date().toISOString(),
    results,
  };
  process.stdout.write(json === true ? asJson(run) : asTable(run));
  if (only !== undefined || quick === true || process.exitCode !== undefined) return;
  writeFileSync(PAGE, asMarkdown(run));
  tell(`written to ${PAGE}`);
}

/** Every scenario in turn; one that fails is told, costs the exit status, and stops no other. */
async function measure(only: readonly string[] | null, quick: boolean): Promise<readonly Result[]> {
  const results: Result[] = [];
  const wanted = scenarios.filter(
    ({ figures }) => only === null || figures.some(({ name }) => only.includes(name)),
  );
  for (const [at, scenario] of wanted.entries()) {
    const label = `[${String(at + 1)}/${String(wanted.length)}]`;
    tell(`${label} ${scenario.title}`);
    try {
      const measured = await runScenario(scenario, { quick, progress: (text) => tell(`${label}   ${text}`) });
      const asked = Object.entries(measured.figures).filter(([name]) => only === null || only.includes(name));
      results.push({ scenario, measured: { ...measured, figures: Object.fromEntries(asked) } });
      for (const note of measured.notes) tell(`${label}   ${note}`);
    } catch (error) {
      console.error(label, 'failed:', error);
      process.exitCode = 1;
    }
  }
  return results;
}

function readNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  const known = scenarios.flatMap(({ figures }) => figures.map(({ name }) => name));
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new InvalidArgumentError(`No figure is called ${unknown.join(', ')}; --list names them all.`);
  }
  return names;
}
