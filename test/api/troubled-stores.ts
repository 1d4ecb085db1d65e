import { DatabaseSync } from 'node:sqlite';
import type { FastifyPluginAsync } from 'fastify';
import type { Address } from 'viem';
import type { Accounts } from '../../src/account/accounts.ts';
import { createAccounts } from '../../src/account/accounts.ts';
import { accountRoutes } from '../../src/account/routes.ts';
import { createAssets } from '../../src/asset/assets.ts';
import { holdRoutes } from '../../src/asset/hold-routes.ts';
import { createHolds } from '../../src/asset/holds.ts';
import { MAX_STANDING } from '../../src/asset/underlying.ts';
import { underlyingKind } from '../../src/asset/underlying-kind.ts';
import { SCHEMA } from '../../src/app/schema.ts';
import { createLedger } from '../../src/event-store/create-ledger.ts';
import { change } from '../../src/event-store/ledger.ts';
import type { Ledger } from '../../src/event-store/ledger.ts';
import type { SqliteStore } from '../../src/event-store/sqlite/open-sqlite-store.ts';
import { IN_MEMORY, openSqliteStore } from '../../src/event-store/sqlite/open-sqlite-store.ts';
import { createServer } from '../../src/http/server.ts';
import { systemClock, systemRandom, systemTimers } from '../../src/ports/system.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import type { Answered } from './contract.ts';

const KEY = 'key-0123456789-0123456789-0123456789';

const PORTS = { clock: systemClock, random: systemRandom, timers: systemTimers };

interface Opened {
  readonly store: SqliteStore;
  readonly ledger: Ledger;
  readonly database: DatabaseSync;
}

/** What is asked, of which routes. */
interface Asked {
  readonly routes: FastifyPluginAsync;
  readonly target: string;
  readonly payload: object;
}

/**
 * What a caller reads when the disk is full. A process of its own ends at once then, before or after its answer; here
 * it stays to give it.
 */
export function answeredOnFullDisk(): Promise<Answered> {
  return answered(async (opened) => {
    const asked = await whitelisting(opened, opened.ledger);
    opened.database.exec(
      `CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk is full'); END`,
    );
    return asked;
  });
}

/** What a caller reads when somebody else always commits to the same account first. */
export function answeredInContention(): Promise<Answered> {
  return answered(async (opened) => {
    const { ledger, store } = opened;
    const others = accountsOn(store, ledger);
    let count = 0;
    const contended: Ledger = {
      ...ledger,
      async commit(commit) {
        const [clientId = ''] = commit.changes.map((it) => it.loaded.id);
        count += 1;
        await others.addWallet(clientId, walletAt(count), { actor: 'another' });
        return ledger.commit(commit);
      },
    };
    return whitelisting(opened, contended);
  });
}

/** What a caller reads who places one hold too many. */
export function answeredToOneHoldTooMany(): Promise<Answered> {
  return answered(async ({ ledger, store }) => {
    const vault = walletAt(1);
    const found = { chainId: 1, symbol: 'tAAPL', decimals: 18, receipt: walletAt(2) };
    const assets = createAssets({ ledger, store, readVault: () => Promise.resolve(found) });
    await assets.point({ underlying: 'AAPL', token: 'tAAPL', network: 'base', vault }, { actor: 'test' });
    const hold = { owner: 'desk', reason: 'to see', scope: 'new', fromMs: null, untilMs: null } as const;
    const placed = { ...hold, placedMs: systemClock.nowMs(), placedBy: 'test' };
    const events = Array.from({ length: MAX_STANDING }, (_, at) => ({
      type: 'HoldPlaced' as const,
      data: { ...placed, holdId: String(at) },
    }));
    const loaded = await ledger.load(underlyingKind, 'AAPL');
    await ledger.commit({ changes: [change(underlyingKind, loaded, events)], metadata: { actor: 'test' } });
    return {
      routes: holdRoutes(createHolds({ ledger, store, ...PORTS })),
      target: '/underlyings/AAPL/holds',
      payload: { owner: 'desk', reason: 'one more' },
    };
  });
}

function walletAt(count: number): Address {
  return `0x5${String(count).padStart(39, '0')}`;
}

function accountsOn(store: SqliteStore, ledger: Ledger): Accounts {
  return createAccounts({ ledger, store, ...PORTS, reservedAddress: () => Promise.resolve(null) });
}

/** The whitelisting of a wallet of a new account, by a service on this ledger. */
async function whitelisting({ store, ledger }: Opened, its: Ledger): Promise<Asked> {
  const registered = { email: 'desk@participant.example', alpacaAccountId: null };
  const { clientId } = await accountsOn(store, ledger).register(registered, { actor: 'test' });
  return {
    routes: accountRoutes(accountsOn(store, its), () => Promise.resolve()),
    target: `/accounts/${clientId}/wallets`,
    payload: { wallet: walletAt(0) },
  };
}

/** The answer of a server on a real store in memory. */
async function answered(prepare: (opened: Opened) => Promise<Asked>): Promise<Answered> {
  const databases: DatabaseSync[] = [];
  const store = await openSqliteStore({
    path: IN_MEMORY,
    tables: SCHEMA.tables,
    ...PORTS,
    onFatal: () => {},
    connect: (file, { readOnly, timeoutMs }) => {
      const database = new DatabaseSync(file, { readOnly, timeout: timeoutMs });
      databases.push(database);
      return database;
    },
  });
  const [database] = databases;
  if (database === undefined) throw new Error('the store opened no database');
  const { routes, target, payload } = await prepare({ store, ledger: createLedger(store, SCHEMA), database });
  const server = createServer({
    log: silentLog,
    ...PORTS,
    trustedProxies: [],
    alpaca: { ranges: [], keys: [] },
    internal: { ranges: [], keys: [{ name: 'ana', key: KEY }] },
    routes: { alpaca: [], internal: [routes], keyless: [], open: [] },
  });
  const headers = { 'x-api-key': KEY, 'content-type': 'application/json' };
  const answer = await server.inject({ method: 'POST', url: target, headers, payload });
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
