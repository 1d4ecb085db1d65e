import { SCHEMA } from '../app/schema.ts';
import { rebuild } from '../event-store/rebuild.ts';
import { readSchemaStatus } from '../event-store/sqlite/open-sqlite-store.ts';
import { CommandFailed } from './command-failed.ts';
import { createOutput } from './output/output.ts';
import { readDatabasePath } from './settings.ts';
import { withStore } from './with-store.ts';

/** Says what a migration would do, and does nothing. Status 1 when it would do anything. */
export function migrationStatus(json: boolean): void {
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

/** Applies what is pending, and rebuilds the views that it emptied. */
export async function migrateUp(json: boolean): Promise<void> {
  const output = createOutput();
  const {
    version: from,
    target: version,
    pending: applied,
  } = readSchemaStatus(readDatabasePath(), SCHEMA.tables);
  const rebuilt = await withStore({ serve: true }, 'rebuilding views', async (store, onProgress) =>
    store.rebuildNeeded ? await rebuild(store, SCHEMA, undefined, onProgress) : null,
  );
  if (json) {
    output.json({ from, version, applied, rebuilt });
    return;
  }
  for (const step of applied) output.line(`  applied: ${step}`);
  if (rebuilt !== null) output.line(`  views rebuilt from ${String(rebuilt.events)} events`);
  output.line(`the schema is up to date, at version ${String(version)}`);
}
