import { DatabaseSync } from 'node:sqlite';
import type { Address } from 'viem';
import type { Accounts } from '../../src/account/accounts.ts';
import { createAccounts } from '../../src/account/accounts.ts';
import { accountRoutes } from '../../src/account/routes.ts';
import { SCHEMA } from '../../src/app/schema.ts';
import { createLedger } from '../../src/event-store/create-ledger.ts';
import type { Ledger } from '../../src/event-store/ledger.ts';
import type { SqliteStore } from '../../src/event-store/sqlite/open-sqlite-store.ts';
import { IN_MEMORY, openSqliteStore } from '../../src/event-store/sqlite/open-sqlite-store.ts';
import { createServer } from '../../src/http/server.ts';
import { systemClock, systemRandom, systemTimers } from '../../src/ports/system.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import type { Answered } from './contract.ts';

const KEY = 'key-0123456789-0123456789-0123456789';

const PORTS = { clock: systemClock, random: systemRandom, timers: systemTimers };

interface Troubled {
  readonly store: SqliteStore;
  readonly ledger: Ledger;
  readonly database: DatabaseSync;
}

/**
 * What a caller reads when the disk is full. A process of its own ends at once then, before or after its answer; here
 * it stays to give it.
 */
export function answeredOnFullDisk(): Promise<Answered> {
  return answeredBy(async ({ ledger, database }) => {
    database.exec(
      `CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk is full'); END`,
    );
    return ledger;
  });
}

/** What a caller reads when somebody else always commits to the same account first. */
export function answeredInContention(): Promise<Answered> {
  return answeredBy(async ({ ledger, store }) => {
    const others = accountsOn(store, ledger);
    let count = 0;
    return {
      ...ledger,
      async commit(commit) {
        const [clientId = ''] = commit.changes.map((it) => it.loaded.id);
        count += 1;
        await others.addWallet(clientId, walletAt(count), { actor: 'another' });
        return ledger.commit(commit);
      },
    };
  });
}

function walletAt(count: number): Address {
  return `0x5${String(count).padStart(39, '0')}`;
}

function accountsOn(store: SqliteStore, ledger: Ledger): Accounts {
  return createAccounts({ ledger, store, ...PORTS, reservedAddress: () => Promise.resolve(null) });
}

/** The answer to a wallet's whitelisting, by a server on a ledger that is in trouble. */
async function answeredBy(trouble: (parts: Troubled) => Promise<Ledger>): Promise<Answered> {
  const opened: DatabaseSync[] = [];
  const store = await openSqliteStore({
    path: IN_MEMORY,
    tables: SCHEMA.tables,
    ...PORTS,
    onFatal: () => {},
    connect: (file, { readOnly, timeoutMs }) => {
      const database = new DatabaseSync(file, { readOnly, timeout: timeoutMs });
      opened.push(database);
      return database;
    },
  });
  const ledger = createLedger(store, SCHEMA);
  const registered = { email: 'desk@participant.example', alpacaAccountId: null };
  const { clientId } = await accountsOn(store, ledger).register(registered, { actor: 'test' });
  const [database] = opened;
  if (database === undefined) throw new Error('the store opened no database');
  const accounts = accountsOn(store, await trouble({ store, ledger, database }));
  const server = createServer({
    log: silentLog,
    ...PORTS,
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
  const target = `/accounts/${clientId}/wallets`;
  const answer = await server.inject({
    method: 'POST',
    url: target,
    headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
    payload: { wallet: walletAt(0) },
  });
  await server.close();
  await store.close();
  return {
    method: 'POST',
    target,
    status: answer.statusCode,
    type: String(answer.headers['content-type']),
    requestId: String(answer.headers['x-request-id']),
    body: answer.body,
  };
}
