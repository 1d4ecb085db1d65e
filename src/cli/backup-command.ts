import type { Command } from 'commander';
import { withExample } from './example.ts';

export function addBackupCommand(program: Command): void {
  withExample(
    program
      .command('backup')
      .description('copy the database while it is in use; the copy knows that it is one')
      .argument('<file>', 'where to; must not exist')
      .option('--json', 'print as JSON'),
    'issuer backup /var/backups/issuance-2026-11-25.db',
  ).action(async (file: string, { json }: { readonly json?: true }) => {
    const { backup } = await import('./backup.ts');
    await backup(file, json === true);
  });
}
