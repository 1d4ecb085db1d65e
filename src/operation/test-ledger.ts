import { onTestFinished } from 'vitest';
import type { AlpacaAnswer, AlpacaClient, AlpacaRefusal, TokenizationRequest } from '../alpaca/types.ts';
import { readWorkRow, WORK_TABLE } from '../engine/work.ts';
import type { WorkRow } from '../engine/work.ts';
import { createLedger } from '../event-store/create-ledger.ts';
import type { EventStore, TableDefinition } from '../event-store/event-store.ts';
import type { DomainEvent, Ledger, Schema } from '../event-store/ledger.ts';
import { IN_MEMORY, openSqliteStore } from '../event-store/sqlite/open-sqlite-store.ts';
import { systemTimers } from '../ports/system.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { Catalog, Directory } from './directory.ts';
import { EFFECT_TABLE } from './effect-row.ts';
import { OPERATION_TABLE } from './operation-row.ts';

/** A real store in memory, and fakes of what mints and redemptions ask, for tests. */

export interface TestLedger {
  readonly store: EventStore;
  readonly ledger: Ledger;
  readonly clock: { nowMs(): number; readonly advance: (ms: number) => void };
  /** The row of work of an operation; null at its end. */
  readonly work: (id: string) => Promise<WorkRow | null>;
  /** Types of a stream's events, in order. */
  readonly types: (stream: string) => Promise<readonly string[]>;
}

export async function openTestLedger(
  kinds: Schema['kinds'],
  tables: readonly TableDefinition[] = [],
): Promise<TestLedger> {
  let nowMs = Date.UTC(2026, 10, 20);
  const clock = {
    nowMs: () => nowMs,
    advance: (ms: number) => {
      nowMs += ms;
    },
  };
  const schema: Schema = { kinds, tables: [WORK_TABLE, OPERATION_TABLE, EFFECT_TABLE, ...tables] };
  const store = await openSqliteStore({
    path: IN_MEMORY,
    tables: schema.tables,
    clock,
    timers: systemTimers,
    onFatal: (error) => {
      throw error;
    },
  });
  onTestFinished(() => store.close());
  return {
    store,
    ledger: createLedger(store, schema),
    clock,
    work: async (id) => {
      const [row] = await store.find({ table: WORK_TABLE.name, where: { id }, limit: 1 });
      return row === undefined ? null : readWorkRow(row);
    },
    types: async (stream) => (await store.readStream(stream)).map((it: DomainEvent) => it.type),
  };
}

/** Parties of the fakes; tests change them as they go. */
export interface TestWorld {
  /** Owner by wallet, now. */
  owners: Record<string, string>;
  /** Owner by wallet at any block's time; as now where absent. */
  ownersThen: Record<string, string | null> | null;
  linked: boolean;
  unavailable: string | null;
  disabled?: boolean;
  frozen: 'none' | 'new' | 'all' | 'unknown';
}

export function testDirectory(world: TestWorld): Directory {
  const client = (clientId: string) => ({ clientId, accountNumber: 'A-1', linked: world.linked });
  return {
    byClientId: async (id) => (id === 'client-1' || id === 'client-2' ? client(id) : null),
    byAlpacaAccount: async (id) => (id === 'alpaca-account-1' ? client('client-1') : null),
    walletOwner: async (wallet) => world.owners[wallet] ?? null,
    walletOwnerAt: async (wallet) => (world.ownersThen ?? world.owners)[wallet] ?? null,
  };
}

export function testCatalog(world: TestWorld, asset: TestAsset): Catalog {
  return {
    asset: async (underlying, token, network) => {
      const isKnown = underlying === asset.underlying && token === asset.token && network === asset.network;
      if (!isKnown || world.unavailable !== null) {
        return { kind: 'unknown', why: world.unavailable ?? 'no such asset' };
      }
      return { kind: world.disabled === true ? 'disabled' : 'enabled', requires: [], ...asset };
    },
    vault: async () => ({ ...asset, receipt: '0x00000000000000000000000000000000000000ee' }),
    freeze: async (_underlying, scope) => {
      if (world.frozen === 'unknown') throw new IssuanceError('store_closed', 'holds cannot be read');
      const isFrozen = world.frozen === 'all' || (world.frozen === 'new' && scope === 'new');
      return { by: isFrozen ? 'hold h-1 of ops' : null, requires: [] };
    },
  };
}

export interface TestAsset {
  readonly underlying: string;
  readonly token: string;
  readonly network: string;
  readonly chainId: number;
  readonly vault: `0x${string}`;
}

const refusal: AlpacaRefusal = { status: 404, code: 40410000, message: 'not found', requestId: 'r-1' };
export const notFound: AlpacaAnswer<never> = { kind: 'not_found', refusal };
/** A 2xx that is no JSON. */
export const unclear: AlpacaAnswer<never> = {
  kind: 'unclear',
  refusal: { ...refusal, status: 200, code: null, message: '<html>' },
};

export function refused(message: string, status = 422): AlpacaAnswer<never> {
  return { kind: 'refused', refusal: { ...refusal, status, message } };
}

export function ok<T>(value: T): AlpacaAnswer<T> {
  return { kind: 'ok', value, requestId: 'r-2' };
}

export function record(fields: Partial<TokenizationRequest>): AlpacaAnswer<TokenizationRequest> {
  return ok({
    tokenizationRequestId: 'tkr-1',
    status: 'pending',
    statusText: 'pending',
    type: null,
    issuerRequestId: null,
    underlying: null,
    token: null,
    quantity: null,
    network: null,
    wallet: null,
    transactionHash: null,
    clientExternalAccountId: null,
    clientAccountId: null,
    fees: null,
    createdAt: null,
    ...fields,
  });
}

type Scripted = 'mintCallback' | 'redeem' | 'getRequest' | 'findByIssuerRequestId';

/** An Alpaca that answers by script, and keeps what it was asked, in order. An unscripted call fails the test. */
export function testAlpaca(): {
  client: AlpacaClient;
  asked: { call: Scripted; args: readonly unknown[] }[];
  answer: (call: Scripted, ...answers: readonly (AlpacaAnswer<TokenizationRequest | null> | Error)[]) => void;
} {
  const asked: { call: Scripted; args: readonly unknown[] }[] = [];
  const answers: Record<Scripted, (AlpacaAnswer<TokenizationRequest | null> | Error)[]> = {
    mintCallback: [],
    redeem: [],
    getRequest: [],
    findByIssuerRequestId: [],
  };
  const take = async (call: Scripted, ...args: readonly unknown[]): Promise<never> => {
    asked.push({ call, args });
    const next = answers[call].shift();
    if (next === undefined) throw new Error(`nobody expected ${call}`);
    if (next instanceof Error) throw next;
    return next as never;
  };
  const unasked = (): Promise<never> => take('mintCallback');
  return {
    asked,
    answer: (call, ...next) => answers[call].push(...next),
    client: {
      mintCallback: (it) => take('mintCallback', it),
      redeemBody: (it) => JSON.stringify({ ...it, quantity: it.quantity.toString() }),
      redeem: (body, key) => take('redeem', body, key),
      getRequest: (it) => take('getRequest', it),
      findByIssuerRequestId: (it) => take('findByIssuerRequestId', it),
      listRequests: unasked,
      positions: unasked,
      journals: unasked,
    },
  };
}
