import type { Command } from 'commander';
import { withExample } from './example.ts';

interface Options {
  readonly json?: true;
}

export function addViewsCommands(program: Command): void {
  const views = withExample(
    program.command('views').description('tables that are a function of the log'),
    'issuer views verify',
  );
  withExample(
    views
      .command('verify')
      .description('compare every view with a replay of the log; status 1 when they differ')
      .option('--json', 'print as JSON'),
    'issuer views verify',
  ).action(async ({ json }: Options) => {
    const { verifyViews } = await import('./views.ts');
    await verifyViews(json === true);
  });
  withExample(
    views
      .command('rebuild')
      .description('fill the views anew from the log; refused while a service runs on the database')
      .argument('[tables...]', 'only these; all by default')
      .option('--json', 'print as JSON'),
    'issuer views rebuild operation',
  ).action(async (tables: readonly string[], { json }: Options) => {
    const { rebuildViews } = await import('./views.ts');
    await rebuildViews(tables, json === true);
  });
}
