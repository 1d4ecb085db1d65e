import { DatabaseSync } from 'node:sqlite';
import { createAccounts } from '../../src/account/accounts.ts';
import { accountRoutes } from '../../src/account/routes.ts';
import { SCHEMA } from '../../src/app/schema.ts';
import { createLedger } from '../../src/event-store/create-ledger.ts';
import { IN_MEMORY, openSqliteStore } from '../../src/event-store/sqlite/open-sqlite-store.ts';
import { createServer } from '../../src/http/server.ts';
import { systemClock, systemRandom, systemTimers } from '../../src/ports/system.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import type { Answered } from './contract.ts';

const KEY = 'key-0123456789-0123456789-0123456789';

/**
 * What a caller reads when the disk is full. A process of its own ends at once then, before or after its answer; here
 * it stays to give it.
 */
export async function answeredOnFullDisk(): Promise<Answered> {
  const opened: DatabaseSync[] = [];
  const store = await openSqliteStore({
    path: IN_MEMORY,
    tables: SCHEMA.tables,
    clock: systemClock,
    timers: systemTimers,
    onFatal: () => {},
    connect: (file, { readOnly, timeoutMs }) => {
      const database = new DatabaseSync(file, { readOnly, timeout: timeoutMs });
      opened.push(database);
      return database;
    },
  });
  const ports = { clock: systemClock, random: systemRandom, timers: systemTimers };
  const reservedAddress = () => Promise.resolve(null);
  const accounts = createAccounts({ ledger: createLedger(store, SCHEMA), store, ...ports, reservedAddress });
  const server = createServer({
    log: silentLog,
    ...ports,
    trustedProxies: [],
    alpaca: { ranges: [], keys: [] },
    internal: { ranges: [], keys: [{ name: 'ana', key: KEY }] },
    routes: {
      alpaca: [],
      internal: [accountRoutes(accounts, () => Promise.resolve())],
      keyless: [],
      open: [],
    },
  });
  for (const it of opened) {
    it.exec(`CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk is full'); END`);
  }
  const answer = await server.inject({
    method: 'POST',
    url: '/accounts',
    headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
    payload: { email: 'desk@participant.example' },
  });
  await server.close();
  await store.close();
  return {
    method: 'POST',
    target: '/accounts',
    status: answer.statusCode,
    type: String(answer.headers['content-type']),
    requestId: String(answer.headers['x-request-id']),
    body: answer.body,
  };
}
