import type { StatementSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SCHEMA } from '../../src/app/schema.ts';
import { createLedger } from '../../src/event-store/create-ledger.ts';
import { openSqliteStore } from '../../src/event-store/sqlite/open-sqlite-store.ts';
import type { OperationFilters } from '../../src/operation/operation-filters.ts';
import { listOf } from '../../src/operation/operation-filters.ts';
import { noHindrances } from '../../src/operation/hindrance.ts';
import { createOperations } from '../../src/operation/operations.ts';
import { systemClock, systemTimers } from '../../src/ports/system.ts';
import { writeCursor } from '../../src/primitives/wire.ts';
import { SimulatedDisk } from './disk.ts';
import { drawSpec } from './draw.ts';
import { roundTrip } from './round-trip.ts';
import { runSchedule } from './run.ts';

/** Tables with a row for what an operator sets up; all others grow with every operation. */
const SMALL = new Set([
  'account',
  'asset',
  'categories',
  'cursor',
  'hold',
  'lane',
  'meta',
  'network',
  'overdue',
  'difference',
  'supply_opening',
  'looked_to',
  'split_count',
  'vault',
  'vault_balance',
  'wallet',
  'wallet_span',
]);

/** Schedules whose queries are looked at, beside those of a round trip without faults. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

/** What the program asked of the databases of its processes, judges and templates not among it. */
const asked = new Set<string>();
const prepare = Reflect.get(SimulatedDisk.prototype, 'prepare');

beforeAll(() => {
  SimulatedDisk.prototype.prepare = function record(this: SimulatedDisk, sql: string): StatementSync {
    if (!isOfJudges()) asked.add(sql);
    return prepare.call(this, sql);
  };
});

afterAll(() => {
  SimulatedDisk.prototype.prepare = prepare;
});

/** Oracles read whole tables on purpose, and so do `verify` and rebuilds. */
function isOfJudges(): boolean {
  return /oracles|verify\.ts|rebuild|template|migrations\.ts|outward\.ts/.test(
    new Error('who asks').stack ?? '',
  );
}

async function openRecorded() {
  const nothing = (): void => {};
  const disk = new SimulatedDisk(null, { beforeCommit: nothing, afterCommit: nothing });
  const store = await openSqliteStore({
    path: ':memory:',
    tables: SCHEMA.tables,
    clock: systemClock,
    timers: systemTimers,
    connect: () => disk,
    onFatal: (error) => {
      throw error;
    },
  });
  return { store, disk };
}

/** Every way in which a list of operations can be asked for. */
async function listEverything(store: Awaited<ReturnType<typeof openRecorded>>['store']): Promise<void> {
  const operations = createOperations({
    store,
    ledger: createLedger(store, SCHEMA),
    kinds: SCHEMA.kinds,
    clock: systemClock,
    mintIds: async (request) => [request],
    hindrances: noHindrances,
  });
  const values = {
    kind: 'mint',
    state: 'held',
    underlying: 'AAPL',
    network: 'base',
    clientId: 'client',
    transactionHash: '0x1',
    tokenizationRequestId: 'request',
    stuck: true,
  };
  const names = Object.keys(values) as (keyof typeof values)[];
  for (let bits = 0; bits < 2 ** names.length; bits += 1) {
    const chosen = names.filter((_, at) => (bits >> at) % 2 === 1);
    const filters: OperationFilters = Object.fromEntries(chosen.map((name) => [name, values[name]]));
    await operations.list(filters, { limit: 10 });
    await operations.list(filters, { limit: 10, cursor: writeCursor(listOf(filters, null), [1, 'id']) });
  }
}

test('no query of the program reads a table from end to end that grows', async () => {
  await runSchedule(roundTrip);
  for (const seed of SEEDS) await runSchedule(drawSpec(seed));
  const { store, disk } = await openRecorded();
  await listEverything(store);
  const statements = [...asked].filter((sql) => /^\s*(SELECT|UPDATE|DELETE)\b/.test(sql));
  expect(statements.length).toBeGreaterThan(100);
  const faults = statements.flatMap((sql) => {
    const why = faultOf(planOf(disk, sql), sql);
    return why === null ? [] : [`${why}\n  ${sql.replace(/^SELECT .*? FROM "/s, 'SELECT … FROM "')}`];
  });
  expect(faults).toEqual([]);
  await store.close();
});

function planOf(disk: SimulatedDisk, sql: string): readonly string[] {
  const rows = prepare.call(disk, `EXPLAIN QUERY PLAN ${sql}`).all();
  return rows.map((it) => String(it['detail']));
}

function faultOf(plan: readonly string[], sql: string): string | null {
  const isCut = /\bLIMIT \+\?\s*\)?$/.test(sql) || sql.includes('LIMIT 1');
  for (const step of plan) {
    const table = /^SCAN (\w+)/.exec(step)?.[1];
    if (table === undefined || SMALL.has(table) || !SCHEMA_TABLES.has(table)) continue;
    // The first page of everything walks along an index and ends with the page.
    if (isCut && !/ WHERE [("]/.test(sql) && !plan.some(sorts)) continue;
    return step;
  }
  // The engine asks at every turn.
  if (sql.includes('"lane" IS NULL') && plan.some(sorts)) return `sorts: ${plan.join('; ')}`;
  if (!sql.includes('FROM "operation"')) return null;
  if (sql.includes('"id" IN')) {
    // A few by their ids: no other index may come first, which might find most of the table.
    return plan.some((it) => it.includes('USING INTEGER PRIMARY KEY'))
      ? null
      : `not by id: ${plan.join('; ')}`;
  }
  // To sort, every row that was found is read; those of a list may be most of the table.
  return plan.some(sorts) ? `sorts: ${plan.join('; ')}` : null;
}

const sorts = (step: string): boolean => step.startsWith('USE TEMP B-TREE');

const SCHEMA_TABLES = new Set(['names', 'events', ...SCHEMA.tables.map((it) => it.name)]);
