import type { Command } from 'commander';
import { withExample } from './example.ts';

interface Options {
  readonly json?: true;
}

export function addMigrateCommands(program: Command): void {
  const migrate = withExample(
    program.command('migrate').description('the database’s schema'),
    'issuer migrate status',
  );
  withExample(
    migrate
      .command('status')
      .description('say what would be migrated; status 1 when something would')
      .option('--json', 'print as JSON'),
    'issuer migrate status',
  ).action(async ({ json }: Options) => {
    const { migrationStatus } = await import('./migrate.ts');
    migrationStatus(json === true);
  });
  withExample(
    migrate
      .command('up')
      .description('bring the schema up to date; refused while a service runs on the database')
      .option('--json', 'print as JSON'),
    'issuer migrate up',
  ).action(async ({ json }: Options) => {
    const { migrateUp } = await import('./migrate.ts');
    await migrateUp(json === true);
  });
}
