import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { SCHEMA } from '../app/schema.ts';
import { rebuild } from '../event-store/rebuild.ts';
import type { SqliteStore } from '../event-store/sqlite/open-sqlite-store.ts';
import { openSqliteStore, readSchemaStatus } from '../event-store/sqlite/open-sqlite-store.ts';
import { verify } from '../event-store/verify.ts';
import { systemClock, systemTimers } from '../ports/system.ts';
import { CommandFailed } from './command-failed.ts';
import { readDatabasePath } from './settings.ts';

/** Most differences that are printed for people; `--json` has as many as the report keeps. */
const SHOWN_DIFFERENCES = 20;

/** Commands on the database beside the service: what only reads may run while it serves. */
export function addDatabaseCommands(program: Command): void {
  const migrate = program.command('migrate').description('the database’s schema');
  migrate
    .command('status')
    .description('say what would be migrated; status 1 when something would')
    .option('--json', 'print as JSON')
    .action(({ json }: { json?: true }) => {
      migrationStatus(json === true);
    });
  migrate
    .command('up')
    .description('bring the schema up to date; refused while a service runs on the database')
    .action(migrateUp);

  const views = program.command('views').description('tables that are a function of the log');
  views
    .command('verify')
    .description('compare every view with a replay of the log; status 1 when they differ')
    .option('--json', 'print as JSON')
    .action(({ json }: { json?: true }) => verifyViews(json === true));
  views
    .command('rebuild')
    .description('fill the views anew from the log; refused while a service runs on the database')
    .argument('[tables...]', 'only these; all by default')
    .action(rebuildViews);

  program
    .command('backup')
    .description('copy the database while it is in use; the copy knows that it is one')
    .argument('<file>', 'where to; must not exist')
    .option('--json', 'print as JSON')
    .action((file: string, { json }: { json?: true }) => backup(file, json === true));
}

function migrationStatus(json: boolean): void {
  const status = readSchemaStatus(readDatabasePath(), SCHEMA.tables);
  const { version, target, pending, rebuild: tables } = status;
  if (json) console.log(JSON.stringify(status));
  else {
    console.log(`schema version ${String(version)}, this program's is ${String(target)}`);
    for (const step of pending) console.log(`  pending: ${step}`);
    if (tables.length > 0) console.log(`  to rebuild: ${tables.join(', ')}`);
    if (pending.length === 0 && tables.length === 0) console.log('up to date');
  }
  if (pending.length > 0 || tables.length > 0) throw new CommandFailed(1);
}

async function migrateUp(): Promise<void> {
  await withStore({ serve: true }, async (store) => {
    if (store.rebuildNeeded) await rebuild(store, SCHEMA);
    console.log('the schema is up to date');
  });
}

async function verifyViews(json: boolean): Promise<void> {
  await withStore({ readOnly: true }, async (store) => {
    const report = await verify(store, SCHEMA);
    if (json) {
      console.log(cellText(report));
    } else {
      const { position, streams, rows, differenceCount } = report;
      console.log(
        `replayed ${String(streams)} streams to position ${String(position)}: ${String(rows)} rows`,
      );
      for (const it of report.differences.slice(0, SHOWN_DIFFERENCES)) {
        const cells =
          it.column === null
            ? ''
            : ` ${it.column}: expected ${cellText(it.expected)}, found ${cellText(it.found)}`;
        console.log(`  ${it.problem} ${it.table} ${it.key}${cells}`);
      }
      console.log(differenceCount === 0 ? 'no differences' : `${String(differenceCount)} differences`);
    }
    if (report.differenceCount > 0) throw new CommandFailed(1);
  });
}

/** JSON, with bigints as their digits. */
function cellText(value: unknown): string {
  return JSON.stringify(value, (_key, it: unknown) => (typeof it === 'bigint' ? String(it) : it));
}

async function rebuildViews(tables: readonly string[]): Promise<void> {
  const known = SCHEMA.tables.filter((it) => it.source === 'log').map((it) => it.name);
  const stranger = tables.find((it) => !known.includes(it));
  if (stranger !== undefined) {
    console.error(`issuer: there is no view ${stranger}; there are ${known.join(', ')}`);
    throw new CommandFailed(2);
  }
  // Opening it for writing would create an empty one, and a slip in DATABASE_URL would look like success.
  if (!existsSync(readDatabasePath())) {
    console.error(`issuer: there is no database ${readDatabasePath()}: check DATABASE_URL`);
    throw new CommandFailed(1);
  }
  await withStore({ serve: true }, async (store) => {
    const report = await rebuild(store, SCHEMA, tables.length === 0 ? undefined : tables);
    console.log(
      `rebuilt from ${String(report.events)} events of ${String(report.streams)} streams: ${String(report.rows)} rows`,
    );
  });
}

async function backup(file: string, json: boolean): Promise<void> {
  await withStore({ readOnly: true }, async (store) => {
    const stamp = await store.backup(file);
    const taken = new Date(stamp.takenMs).toISOString();
    if (json) console.log(JSON.stringify({ file, taken, last_position: stamp.lastPosition }));
    else console.log(`${file}: taken ${taken}, log up to position ${String(stamp.lastPosition)}`);
  });
}

async function withStore(
  how: { readonly serve?: boolean; readonly readOnly?: boolean },
  task: (store: SqliteStore) => Promise<void>,
): Promise<void> {
  const store = await openSqliteStore({
    path: readDatabasePath(),
    tables: SCHEMA.tables,
    clock: systemClock,
    timers: systemTimers,
    onFatal: (error) => {
      console.error(`issuer: the store stopped for good: ${error.message}`);
      process.exit(1);
    },
    ...how,
  });
  try {
    await task(store);
  } finally {
    await store.close();
  }
}
