import { InvalidQuery } from '../errors.ts';
import type { ImpliedRow } from '../ledger.ts';
import type { RebuildReport, RebuildTarget } from '../rebuild.ts';
import type { Table } from '../table.ts';
import type { Connection } from './connection.ts';
import type { EventReader } from './event-reader.ts';
import { readTablesToRebuild, writeTablesToRebuild } from './meta.ts';
import type { RowWriter } from './row-writer.ts';
import { createEmpty, restoreOperational, setAside } from './stale-tables.ts';

type RowsOf = Parameters<RebuildTarget['rebuildTables']>[1];

/**
 * Refills log tables from the log; belongs inside a transaction of the caller. Tables that an earlier migration
 * emptied stop being reported as waiting for it.
 */
export function rebuildTables(
  context: {
    readonly connection: Connection;
    readonly tables: ReadonlyMap<string, Table>;
    readonly reader: EventReader;
    readonly writer: RowWriter;
  },
  names: readonly string[],
  rowsOf: RowsOf,
): RebuildReport {
  const { connection, reader } = context;
  const targets = new Map([...new Set(names)].map((name) => [name, logTable(context.tables, name)]));
  for (const table of targets.values()) {
    setAside(connection, table.name);
    createEmpty(connection, table);
  }
  let [streams, events, rows] = [0, 0, 0];
  for (const [stream, ofStream] of reader.byStream()) {
    streams += 1;
    events += ofStream.length;
    const implied = rowsOf(stream, ofStream).filter((it) => targets.has(it.table));
    for (const row of implied) insert(context.writer, row);
    rows += implied.length;
  }
  for (const table of targets.values()) restoreOperational(connection, table);
  const waiting = readTablesToRebuild(connection).filter((it) => !targets.has(it));
  writeTablesToRebuild(connection, waiting);
  return { streams, events, rows };
}

function insert(writer: RowWriter, { table, row, reset }: ImpliedRow): void {
  writer.run(writer.prepare({ op: 'insert', table, row: { ...row, ...reset } }));
}

function logTable(tables: ReadonlyMap<string, Table>, name: string): Table {
  const table = tables.get(name);
  if (table?.definition.source !== 'log') {
    throw new InvalidQuery(name, 'it is not a log table, so no log can rebuild it');
  }
  return table;
}
