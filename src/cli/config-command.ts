import type { Command } from 'commander';
import { CHAIN_FACTS } from '../app/chain-facts.ts';
import { effectiveSettings } from '../config/describe.ts';
import { withExample } from './example.ts';
import { createOutput } from './output/output.ts';
import { environment, readSecretFile, readSettings } from './settings.ts';

export function addConfigCommand(program: Command): void {
  withExample(
    program
      .command('config')
      .description('print the effective settings with secrets masked, or every fault in them')
      .option('--json', 'print as JSON'),
    'issuer config',
  ).action(({ json }: { json?: true }) => {
    const output = createOutput();
    const env = environment();
    readSettings(env);
    const effective = effectiveSettings(env, readSecretFile, CHAIN_FACTS);
    if (json === true) output.json(effective);
    else output.lines(effective.map(({ name, value, from }) => `${name}=${value ?? ''}  # ${from}`));
  });
}
