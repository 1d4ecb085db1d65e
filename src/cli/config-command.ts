import type { Command } from 'commander';
import { CHAIN_FACTS } from '../app/chain-facts.ts';
import { effectiveSettings } from '../config/describe.ts';
import { environment, readSecretFile, readSettings } from './settings.ts';

export function addConfigCommand(program: Command): void {
  program
    .command('config')
    .description('print the effective settings with secrets masked, or every fault in them')
    .option('--json', 'print as JSON')
    .action(({ json }: { json?: true }) => {
      const env = environment();
      readSettings(env);
      const effective = effectiveSettings(env, readSecretFile, CHAIN_FACTS);
      if (json === true) console.log(JSON.stringify(effective, null, 2));
      else for (const { name, value, from } of effective) console.log(`${name}=${value ?? ''}  # ${from}`);
    });
}
