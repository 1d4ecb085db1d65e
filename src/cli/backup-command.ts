import type { Command } from 'commander';
import { systemClock } from '../ports/system.ts';
import { withExample } from './example.ts';
import { momentText } from './output/moments.ts';
import { createOutput } from './output/output.ts';
import { withStore } from './with-store.ts';

export function addBackupCommand(program: Command): void {
  withExample(
    program
      .command('backup')
      .description('copy the database while it is in use; the copy knows that it is one')
      .argument('<file>', 'where to; must not exist')
      .option('--json', 'print as JSON'),
    'issuer backup /var/backups/issuance-2026-11-25.db',
  ).action((file: string, { json }: { readonly json?: true }) => backup(file, json === true));
}

async function backup(file: string, json: boolean): Promise<void> {
  const output = createOutput();
  await withStore({ readOnly: true }, 'copying', async (store, onProgress) => {
    const stamp = await store.backup(file, onProgress);
    const taken = new Date(stamp.takenMs).toISOString();
    if (json) output.json({ file, taken, last_position: stamp.lastPosition });
    else {
      output.line(
        `${file}: taken ${momentText(taken, systemClock.nowMs())}, log up to position ${String(stamp.lastPosition)}`,
      );
    }
  });
}
