import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { SCHEMA } from '../app/schema.ts';
import { rebuild } from '../event-store/rebuild.ts';
import type { VerifyReport } from '../event-store/verify.ts';
import { verify } from '../event-store/verify.ts';
import { CommandFailed } from './command-failed.ts';
import { withExample } from './example.ts';
import { createOutput } from './output/output.ts';
import { readDatabasePath } from './settings.ts';
import { withStore } from './with-store.ts';

interface Options {
  readonly json?: true;
}

/** Most differences that are printed for people; `--json` has as many as the report keeps. */
const SHOWN_DIFFERENCES = 20;

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
  ).action(({ json }: Options) => verifyViews(json === true));
  withExample(
    views
      .command('rebuild')
      .description('fill the views anew from the log; refused while a service runs on the database')
      .argument('[tables...]', 'only these; all by default')
      .option('--json', 'print as JSON'),
    'issuer views rebuild operation',
  ).action((tables: readonly string[], { json }: Options) => rebuildViews(tables, json === true));
}

async function verifyViews(json: boolean): Promise<void> {
  const output = createOutput();
  await withStore({ readOnly: true }, 'verifying', async (store, onProgress) => {
    const report = await verify(store, SCHEMA, onProgress);
    if (json) output.json(JSON.parse(cellText(report)));
    else output.lines(reportLines(report));
    if (report.differenceCount > 0) throw new CommandFailed(1);
  });
}

function reportLines(report: VerifyReport): readonly string[] {
  const { position, streams, rows, differences, differenceCount } = report;
  return [
    `replayed ${String(streams)} streams to position ${String(position)}: ${String(rows)} rows`,
    ...differences.slice(0, SHOWN_DIFFERENCES).map(({ problem, table, key, column, expected, found }) => {
      const cells =
        column === null ? '' : ` ${column}: expected ${cellText(expected)}, found ${cellText(found)}`;
      return `  ${problem} ${table} ${key}${cells}`;
    }),
    differenceCount === 0
      ? 'no differences'
      : `${String(differenceCount)} differences; \`issuer views rebuild\` fills the views anew while no service runs`,
  ];
}

/** JSON, with bigints as their digits. */
function cellText(value: unknown): string {
  return JSON.stringify(value, (_key, it: unknown) => (typeof it === 'bigint' ? String(it) : it));
}

async function rebuildViews(tables: readonly string[], json: boolean): Promise<void> {
  const output = createOutput();
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
  await withStore({ serve: true }, 'rebuilding views', async (store, onProgress) => {
    const report = await rebuild(store, SCHEMA, tables.length === 0 ? undefined : tables, onProgress);
    const { events, streams, rows } = report;
    if (json) output.json(report);
    else {
      output.line(
        `rebuilt from ${String(events)} events of ${String(streams)} streams: ${String(rows)} rows`,
      );
    }
  });
}
