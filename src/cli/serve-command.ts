import type { Command } from 'commander';
import { withExample } from './example.ts';

export function addServeCommand(program: Command): void {
  withExample(
    program
      .command('serve')
      .description('run the service, with the settings of the environment and of .env')
      .option('--no-migrate', 'refuse to start on an older schema, instead of bringing it up to date')
      .option(
        '--restored',
        'the database is a backup or a copy, and no other serves: read from the chain what it forgot before signing',
      ),
    'issuer serve',
  ).action(async (options: { migrate: boolean; restored?: true }) => {
    const { serve } = await import('./serve.ts');
    await serve({ migrate: options.migrate, restored: options.restored === true });
  });
}
