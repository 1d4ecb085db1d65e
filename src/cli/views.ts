import { existsSync } from 'node:fs';
import { SCHEMA } from '../app/schema.ts';
import { rebuild } from '../event-store/rebuild.ts';
import type { VerifyReport } from '../event-store/verify.ts';
import { verify } from '../event-store/verify.ts';
import { CommandFailed } from './command-failed.ts';
import { createOutput } from './output/output.ts';
import { readDatabasePath } from './settings.ts';
import { withStore } from './with-store.ts';

/** Most differences that are printed for people; `--json` has as many as the report keeps. */
const SHOWN_DIFFERENCES = 20;

/** Compares the views with a replay of the log. Status 1 when they differ. */
export async function verifyViews(json: boolean): Promise<void> {
  const output = createOutput();
  const report = await withStore({ readOnly: true }, 'verifying', (store, onProgress) =>
    verify(store, SCHEMA, onProgress),
  );
  if (json) output.json(JSON.parse(cellText(report)));
  else output.lines(reportLines(report));
  if (report.differenceCount > 0) throw new CommandFailed(1);
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

/** Fills views anew; all of them unless some are named. */
export async function rebuildViews(tables: readonly string[], json: boolean): Promise<void> {
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
  const report = await withStore({ serve: true }, 'rebuilding views', (store, onProgress) =>
    rebuild(store, SCHEMA, tables.length === 0 ? undefined : tables, onProgress),
  );
  const { events, streams, rows } = report;
  if (json) output.json(report);
  else {
    output.line(`rebuilt from ${String(events)} events of ${String(streams)} streams: ${String(rows)} rows`);
  }
}
