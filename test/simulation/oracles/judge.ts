import { SCHEMA } from '../../../src/app/schema.ts';
import type { Row } from '../../../src/event-store/event-store.ts';
import type { SqliteStore } from '../../../src/event-store/sqlite/open-sqlite-store.ts';
import { verify } from '../../../src/event-store/verify.ts';
import { formatQuantity } from '../../../src/primitives/quantity.ts';
import type { FaultKind } from '../plan.ts';
import { openImage } from '../images.ts';
import { issuerKey } from '../places.ts';
import type { Simulation } from '../simulation.ts';
import type { World } from '../world.ts';
import type { ChainBooks, VaultBooks } from './books.ts';
import { readBooks } from './books.ts';
import {
  arrivalFaults,
  arrivalsById,
  burnFaults,
  claimFaults,
  heldFaults,
  mayBeGone,
  isCopied,
  mayBeShort,
  mintFaults,
  refundFaults,
} from './effects.ts';
import { cell, rowText } from './rows.ts';
import { splitFaults, splitVaults } from './splits.ts';
import { custodyFaults, inventoryFaults, walletFaults } from './sums.ts';

/** How things stand at the end, without what differs between runs that end the same. */
export interface Summary {
  /** State of each operation, by kind and by what it was for. */
  readonly operations: readonly string[];
  /** Shares at Alpaca and tokens on chain. */
  readonly balances: readonly string[];
}

export interface Judgement {
  /** What must hold and does not, each with the number of its rule. */
  readonly faults: readonly string[];
  readonly summary: Summary;
}

/** What waits for somebody else than the service, and says so. */
const WAITS: ReadonlySet<string> = new Set(['wallet_unknown', 'receipts_short', 'signer_retired', 'frozen']);

/** Kinds of work that come to an end. */
const OPERATIONS = ['mint', 'redemption', 'refund', 'transaction'];

/** Whether nothing is under way any more that the service alone must bring to an end. */
export async function isSettled(simulation: Simulation): Promise<boolean> {
  const { world } = simulation;
  const process = simulation.serving();
  if (process === null || process.server === null || process.store === null) return false;
  const { store } = process;
  if (world.networks.some(({ chain }) => chain.pool().length > 0)) return false;
  const isAwaited = world.alpaca.state.requests.some((it) => it.journal?.status === 'pending');
  if (isAwaited || world.persisting > 0) return false;
  if (await isFrozen(store)) return false;
  const arrivals = arrivalsById(readBooks(world));
  const work = await store.find({ table: 'work', where: { kind: { in: OPERATIONS } }, limit: 10_000 });
  if (work.some((row) => !mayStayOpen(world, row))) return false;
  if ((await store.count({ table: 'receipt', where: { reading_due: true } })) > 0) return false;
  // A split is told by no log: the sweep finds it, and has its time.
  const isSplit = splitVaults(world).size > 0;
  if (isSplit && (await inventoryFaults(store, readBooks(world), work)).length > 0) return false;
  const known = await store.find({ table: 'operation', where: { kind: 'redemption' }, limit: 10_000 });
  const ids = new Set(known.map((row) => cell(row, 'id')));
  return [...arrivals.keys()].every((id) => ids.has(id));
}

/** Whether a hold stands that an operator will lift yet. */
async function isFrozen(store: SqliteStore): Promise<boolean> {
  return (await store.count({ table: 'hold', where: { lifted_ms: null } })) > 0;
}

/** Whether a row of work waits for others, and shows it. */
function mayStayOpen(world: World, row: Row): boolean {
  const phase = cell(row, 'phase');
  if (['held', 'rejected', 'unrequested'].includes(phase) || WAITS.has(cell(row, 'waiting_for'))) return true;
  // As long as its refund is held; that has a row of its own.
  if (phase === 'refunding') return true;
  // Promised twice by two processes, or before a split was found: whoever has none left says so, and an alarm tells.
  if (mayBeShort(world) && cell(row, 'last_error').includes('"receipts_short"')) return true;
  if (mayBeGone(world) && phase === 'detected' && cell(row, 'last_error').includes('"transfer_not_on_chain"'))
    return true;
  if (cell(row, 'kind') !== 'mint' || phase !== 'requested') return false;
  // Alpaca did not journal it, or has told a database that is gone: nothing of ours moves it.
  const request = world.alpaca.state.requests.find((it) => it.issuerRequestId === cell(row, 'id'));
  return request?.journal?.status !== 'executed' || world.forgotten.has(cell(row, 'id'));
}

/** Everything that must hold, by the chain's and Alpaca's own books against ours. */
export async function judge(simulation: Simulation): Promise<Judgement> {
  const { world } = simulation;
  const image = simulation.halt() ?? simulation.image();
  if (image === null) throw new Error('no process ever served');
  const store = await openImage(image);
  try {
    const operations = await store.find({ table: 'operation', limit: 10_000, orderBy: [['id', 'asc']] });
    const work = await store.find({ table: 'work', limit: 10_000, orderBy: [['id', 'asc']] });
    const effects = await store.find({ table: 'effect', limit: 10_000 });
    const books = readBooks(world);
    const { differences } = await verify(store, SCHEMA);
    const faults = [
      ...world.complaints,
      ...mintFaults(world, books, operations),
      ...burnFaults(world, books, operations),
      ...refundFaults(world, books, operations),
      ...claimFaults(books, effects),
      ...heldFaults(world, operations),
      ...missedFaults(world),
      ...arrivalFaults(world, books, operations),
      ...custodyFaults(world, books),
      ...walletFaults(world, books, operations),
      ...(await inventoryFaults(store, books, work)),
      ...(await splitFaults(world, store)),
      ...differences.slice(0, 5).map((it) => `6: a row differs from a replay: ${rowText(it)}`),
      ...endFaults(world, work),
      ...world.alpaca.state.complaints,
    ];
    return { faults, summary: summarize(world, books, operations) };
  } finally {
    await store.close();
  }
}

/** What makes a first reading miss something. */
const BLINDING: readonly FaultKind[] = ['rpc_no_logs', 'rpc_some_logs', 'rpc_stale', 'reorg'];

/** 3: the second reading of final blocks is for what nodes hid, and finds nothing that the service itself lost. */
function missedFaults(world: World): readonly string[] {
  const { alarms, spec } = world;
  if (BLINDING.some((kind) => spec.rates[kind] !== undefined)) return [];
  if (isCopied(world)) return [];
  return alarms
    .filter((it) => it.message.startsWith('reading final blocks again found'))
    .map((it) => `3: the first reading missed what every node showed: ${it.text}`);
}

/** 7: whatever is open waits for somebody else, and says for whom. */
function endFaults(world: World, work: readonly Row[]): readonly string[] {
  return work
    .filter((row) => OPERATIONS.includes(cell(row, 'kind')) && !mayStayOpen(world, row))
    .map(
      (row) =>
        `7: ${cell(row, 'kind')} ${cell(row, 'id')} is ${cell(row, 'phase')} for ever: ${rowText(row)}`,
    );
}

/** 8: what must be the same however often the service crashed. */
function summarize(world: World, books: readonly ChainBooks[], operations: readonly Row[]): Summary {
  const columns = ['kind', 'network', 'token', 'qty', 'shares', 'state'];
  return {
    operations: operations.map((row) => columns.map((column) => cell(row, column)).join(' ')).sort(),
    balances: [
      ...world.alpaca.state.custody.map((it) => `custody ${it.symbol} ${formatQuantity(it.quantity)}`),
      ...books.flatMap(({ network, vaults }) => vaults.flatMap((it) => balancesOf(it, network))),
    ],
  };
}

function balancesOf({ place, shares, supply }: VaultBooks, network: string): readonly string[] {
  const name = `${network} ${place.token}`;
  const holders = [...shares]
    .filter(([holder, value]) => value > 0n && holder !== issuerKey.address)
    .map(([holder, value]) => `${name} ${holder} ${formatQuantity(value)}`);
  return [`${name} supply ${formatQuantity(supply)}`, ...holders.sort()];
}
