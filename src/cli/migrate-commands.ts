import type { Command } from 'commander';
import { SCHEMA } from '../app/schema.ts';
import { rebuild } from '../event-store/rebuild.ts';
import { readSchemaStatus } from '../event-store/sqlite/open-sqlite-store.ts';
import { CommandFailed } from './command-failed.ts';
import { withExample } from './example.ts';
import { createOutput } from './output/output.ts';
import { readDatabasePath } from './settings.ts';
import { withStore } from './with-store.ts';

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
  ).action(({ json }: Options) => {
    migrationStatus(json === true);
  });
  withExample(
    migrate
      .command('up')
      .description('bring the schema up to date; refused while a service runs on the database')
      .option('--json', 'print as JSON'),
    'issuer migrate up',
  ).action(({ json }: Options) => migrateUp(json === true));
}

function migrationStatus(json: boolean): void {
  const output = createOutput();
  const status = readSchemaStatus(readDatabasePath(), SCHEMA.tables);
  const { version, target, pending, rebuild: tables } = status;
  if (json) output.json(status);
  else {
    output.line(`schema version ${String(version)}, this program's is ${String(target)}`);
    for (const step of pending) output.line(`  pending: ${step}`);
    if (tables.length > 0) output.line(`  to rebuild: ${tables.join(', ')}`);
    if (pending.length === 0 && tables.length === 0) output.line('up to date');
  }
  if (pending.length > 0 || tables.length > 0) throw new CommandFailed(1);
}

async function migrateUp(json: boolean): Promise<void> {
  const output = createOutput();
  const {
    version: from,
    target: version,
    pending: applied,
  } = readSchemaStatus(readDatabasePath(), SCHEMA.tables);
  await withStore({ serve: true }, 'rebuilding views', async (store, onProgress) => {
    const rebuilt = store.rebuildNeeded ? await rebuild(store, SCHEMA, undefined, onProgress) : null;
    if (json) {
      output.json({ from, version, applied, rebuilt });
      return;
    }
    for (const step of applied) output.line(`  applied: ${step}`);
    if (rebuilt !== null) output.line(`  views rebuilt from ${String(rebuilt.events)} events`);
    output.line(`the schema is up to date, at version ${String(version)}`);
  });
}
