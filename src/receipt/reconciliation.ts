import type { Address } from 'viem';
import { confirmedHead } from '../chain/finality.ts';
import type { PinnedRpc, RpcClient } from '../chain/rpc/types.ts';
import { readCursors } from '../chain/watcher/cursors.ts';
import { inventoryWorkId, networkKind } from '../chain/watcher/network.ts';
import type { WatchedVault } from '../chain/watcher/types.ts';
import { DependencyDown } from '../engine/dependency-down.ts';
import type { StepResult, Worker } from '../engine/work.ts';
import { GuardConflict, VersionConflict } from '../event-store/errors.ts';
import type { Committed, EventStore } from '../event-store/event-store.ts';
import type { Ledger } from '../event-store/ledger.ts';
import { MAX_ATTEMPTS } from '../event-store/transact.ts';
import type { Timers } from '../ports/ports.ts';
import { IssuanceError, RpcFailure } from '../primitives/failures.ts';
import type { Log } from '../telemetry/log.ts';
import { checkShares, type OwedShares, type SharesDifference } from './check-shares.ts';
import { eachRow } from './list-inventory.ts';
import { ReadingUnsettled, RECEIPTS_PER_CALL } from './read-balances.ts';
import type { ReceiptEvent } from './receipt.ts';
import { parseReceiptStreamId, receiptKind, RECEIPT_TABLE } from './receipt-kind.ts';
import { type ReadingPlace, recordBalances, type ReceiptDifference } from './record-balances.ts';
import { createSweep } from './sweep.ts';
import { createSplitWatch } from './watch-splits.ts';

/** A network whose receipts are kept. */
export interface InventoryNetwork {
  readonly network: string;
  readonly chainId: number;
  readonly confirmations: number;
  readonly rpc: RpcClient;
  readonly vaults: () => Promise<readonly WatchedVault[]>;
  /** Our signers, retired ones too, in lower case. */
  readonly wallets: () => readonly Address[];
}

/** A vault that could not be compared now, since its logs are not read up to the head yet. */
interface NotCompared {
  readonly kind: 'not_compared';
  readonly network: string;
  readonly chainId: number;
  readonly vault: Address;
}

export type Difference = ReceiptDifference | SharesDifference | NotCompared;

export interface Reconciliation {
  /** Reads balances when something happened to a receipt, and all of them in turn. */
  readonly worker: Worker;
  /**
   * Compares all receipts and shares with the chain now, corrects the books, and gives what differed.
   *
   * @throws IssuanceError `network_not_configured`; rejects with `RpcFailure` when a node does not serve.
   */
  reconcile(network?: string): Promise<readonly Difference[]>;
  /** Reads now what must be known at once: vaults were added, or the process has started. */
  hint(): void;
  /** Stops listening to the store. */
  close(): void;
}

export interface ReconciliationOptions {
  readonly ledger: Ledger;
  readonly store: EventStore;
  readonly log: Log;
  readonly timers: Pick<Timers, 'monotonicMs'>;
  readonly networks: readonly InventoryNetwork[];
  readonly owedShares: OwedShares;
  /** Makes rows of work due now, as the engine's `wake` does. */
  readonly wake: (ids: readonly string[]) => void;
}

/** Events after which a balance must be read. */
const ASKS_FOR_READING: ReadonlySet<string> = new Set<ReceiptEvent['type']>([
  'ReceiptDeposited',
  'DepositReplaced',
  'ReceiptMoved',
  'ReservationReleased',
  'ReceiptBurned',
  'BurnUndone',
  'ReceiptHandedOver',
  'HandOverUndone',
]);
/** A reading waits for the watcher to get to the block that it must be of. */
const DUE_PAUSE_MS = 500;
/**
 * Nodes without an archive keep the states of the last 128 blocks: vaults further behind are read when
 * level.
 */
const READABLE_WITHIN_BLOCKS = 100n;

/**
 * How far below the last reading a network that was resumed may have lost blocks. Finality is a few minutes away
 * everywhere; a reorg deeper than this is no chain of ours any more.
 */
const DEEPEST_REORG_BLOCKS = 1_000n;

/** Creates what keeps the books of receipts equal to the chain. */
export function createReconciliation(options: ReconciliationOptions): Reconciliation {
  const { store, log, timers, owedShares, wake } = options;
  const networks = new Map(options.networks.map((it) => [it.network, it]));
  const byChain = new Map(options.networks.map((it) => [it.chainId, it.network]));
  const sweeps = new Map(options.networks.map((it) => [it.network, createSweep(store, it.chainId)]));

  const splits = new Map(
    options.networks.map((it) => [it.network, createSplitWatch({ store, log }, it.chainId)]),
  );

  /**
   * Networks of which blocks may be gone that receipts were read at: at the start nothing tells, and a deposit that a
   * deep reorg took away leaves no log that would ask for a reading.
   */
  const unproven = new Set(networks.keys());
  /** Those of which blocks are known to be gone: receipts that seemed empty there are looked at too. */
  const reorganized = new Set<string>();

  const unsubscribe = store.onCommitted((committed) => {
    const resumed = resumedNetworks(committed);
    for (const name of resumed) {
      unproven.add(name);
      reorganized.add(name);
    }
    const ids = new Set([...resumed, ...chainsToRead(committed).map((chainId) => byChain.get(chainId))]);
    const due = [...ids].filter((it) => it !== undefined).map(inventoryWorkId);
    if (due.length > 0) wake(due);
  });

  function configured(name: string | null): InventoryNetwork {
    const network = networks.get(name ?? '');
    if (network !== undefined) return network;
    throw new IssuanceError('network_not_configured', `network ${name} is not in the settings`);
  }

  async function step(network: InventoryNetwork): Promise<StepResult> {
    const { chainId } = network;
    const sweep = sweeps.get(network.network) ?? createSweep(store, chainId);
    const moreSplits = await readNewSplits(network);
    const dueWhere = { chain_id: chainId, reading_due: true };
    const due = await store.count({ table: RECEIPT_TABLE.name, where: dueWhere });
    const nowMs = timers.monotonicMs();
    if (due === 0 && nowMs < sweep.nextMs() && !unproven.has(network.network)) {
      return { kind: 'later', delayMs: moreSplits ? 0 : sweep.nextMs() - nowMs };
    }
    const { places, behind } = await readingPlaces(network, store);
    let more = moreSplits;
    if (due > 0) for (const place of places) more = (await readDue(place)) || more;
    if (unproven.has(network.network)) {
      // A reading of an older block than the last one counts for nothing.
      const lastRead = BigInt(await newestReading(chainId));
      const isRewound = places.length === 0 && behind.length > 0;
      if (isRewound || places.some((place) => place.at.number < lastRead)) {
        return { kind: 'later', delayMs: DUE_PAUSE_MS };
      }
      if (reorganized.has(network.network)) {
        for (const place of places) await readEmptied(place, lastRead - DEEPEST_REORG_BLOCKS);
        reorganized.delete(network.network);
      }
      unproven.delete(network.network);
      sweep.restart();
    }
    if (nowMs >= sweep.nextMs()) {
      for (const place of await sweep.vaults(places)) await lookAtVault(network, place);
      for (const { place, receiptIds } of await sweep.receipts(places)) {
        for (const it of await recordBalances(options, place, receiptIds)) tell(log, it);
      }
      sweep.done(nowMs);
    }
    if (more) return { kind: 'later', delayMs: 0 };
    const left = await store.count({ table: RECEIPT_TABLE.name, where: dueWhere });
    return { kind: 'later', delayMs: left > 0 ? DUE_PAUSE_MS : Math.max(0, sweep.nextMs() - nowMs) };
  }

  /** Reads the vault's receipts that no longer counted, and were read at this block or later. */
  async function readEmptied(place: ReadingPlace, fromBlock: bigint): Promise<void> {
    const ids: bigint[] = [];
    const where = { chain_id: place.chainId, vault: place.vault.vault, in_use: false };
    await eachRow(store, { table: RECEIPT_TABLE.name, where }, ['receipt_id'], (row) => {
      const observed = row['observed_block'] as number | null;
      if (observed !== null && BigInt(observed) >= fromBlock) ids.push(BigInt(row['receipt_id'] as string));
    });
    for (let from = 0; from < ids.length; from += RECEIPTS_PER_CALL) {
      await recordBalances(options, place, ids.slice(from, from + RECEIPTS_PER_CALL));
    }
  }

  /** The last block that any receipt in use was read at. */
  async function newestReading(chainId: number): Promise<number> {
    let newest = 0;
    const query = { table: RECEIPT_TABLE.name, where: { chain_id: chainId, in_use: true } };
    await eachRow(store, query, ['vault', 'receipt_id'], (row) => {
      newest = Math.max(newest, (row['observed_block'] as number | null) ?? 0);
    });
    return newest;
  }

  /** Reads the split counts of vaults that were never looked at; true when there may be more of them. */
  async function readNewSplits(network: InventoryNetwork): Promise<boolean> {
    const watch = splits.get(network.network);
    const vaults = (await network.vaults()).map(({ vault }) => vault);
    const unread = (await watch?.unread(vaults)) ?? [];
    if (unread.length === 0) return false;
    const rpc = network.rpc.pinned();
    const head = await confirmedHead(rpc, network.confirmations);
    if (head === null) return false;
    await watch?.readNew(rpc, unread, head);
    return true;
  }

  async function lookAtVault(network: InventoryNetwork, place: ReadingPlace): Promise<void> {
    await splits.get(network.network)?.look(place, async () => void (await readAll(place)));
    await checkShares({ store, log, owedShares }, place);
  }

  /** Reads some of the vault's receipts that are due; true when there may be more. */
  async function readDue(place: ReadingPlace): Promise<boolean> {
    const rows = await store.find({
      table: RECEIPT_TABLE.name,
      where: {
        chain_id: place.chainId,
        vault: place.vault.vault,
        reading_due: true,
        due_from_block: { lte: Number(place.at.number) },
      },
      orderBy: [['receipt_id', 'asc']],
      limit: RECEIPTS_PER_CALL,
    });
    await recordBalances(
      options,
      place,
      rows.map((row) => BigInt(row['receipt_id'] as string)),
    );
    return rows.length === RECEIPTS_PER_CALL;
  }

  /** Reads every receipt of the vault that is or may be in use. */
  async function readAll(place: ReadingPlace): Promise<readonly ReceiptDifference[]> {
    const ids: bigint[] = [];
    const where = { chain_id: place.chainId, vault: place.vault.vault };
    const take = (row: { readonly [name: string]: unknown }) => ids.push(BigInt(row['receipt_id'] as string));
    const used = { table: RECEIPT_TABLE.name, where: { ...where, in_use: true } };
    const due = { table: RECEIPT_TABLE.name, where: { ...where, in_use: false, reading_due: true } };
    await eachRow(store, used, ['receipt_id'], take);
    await eachRow(store, due, ['receipt_id'], take);
    const differences: ReceiptDifference[] = [];
    for (let from = 0; from < ids.length; from += RECEIPTS_PER_CALL) {
      const some = ids.slice(from, from + RECEIPTS_PER_CALL);
      differences.push(...(await again(() => recordBalances(options, place, some))));
    }
    return differences;
  }

  async function compareAll(place: ReadingPlace): Promise<readonly Difference[]> {
    const differences = await readAll(place);
    for (const it of differences) tell(log, it);
    const shares = await checkShares({ store, log, owedShares }, place);
    return shares === null ? differences : [...differences, shares];
  }

  return {
    worker: {
      kind: 'inventory',
      step: async (row) => {
        const network = configured(row.network);
        try {
          return await step(network);
        } catch (error) {
          if (error instanceof ReadingUnsettled) return { kind: 'later', delayMs: DUE_PAUSE_MS };
          if (!(error instanceof RpcFailure) || error.kind !== 'unreachable') throw error;
          throw new DependencyDown(`chain:${network.network}`, error.message, { cause: error });
        }
      },
    },
    async reconcile(name) {
      const chosen = name === undefined ? [...networks.values()] : [configured(name)];
      const differences: Difference[] = [];
      for (const network of chosen) {
        const { places, behind } = await readingPlaces(network, store);
        for (const place of places) differences.push(...(await compareAll(place)));
        for (const { vault } of behind) {
          differences.push({
            kind: 'not_compared',
            network: network.network,
            chainId: network.chainId,
            vault,
          });
        }
      }
      return differences;
    },
    hint() {
      wake([...networks.keys()].map(inventoryWorkId));
    },
    close: unsubscribe,
  };
}

function chainsToRead({ events }: Committed): readonly number[] {
  return events
    .filter((it) => it.stream.startsWith(`${receiptKind.category}/`) && ASKS_FOR_READING.has(it.type))
    .map((it) => parseReceiptStreamId(it.stream.slice(receiptKind.category.length + 1)).chainId);
}

function resumedNetworks({ events }: Committed): readonly string[] {
  const prefix = `${networkKind.category}/`;
  return events
    .filter((it) => it.type === 'NetworkResumed' && it.stream.startsWith(prefix))
    .map((it) => it.stream.slice(prefix.length));
}

/**
 * Where each vault is read: at the block up to which its logs are taken in, so that a balance is never
 * ahead of what the books know of. Vaults far behind the head are `behind`.
 */
async function readingPlaces(
  network: InventoryNetwork,
  store: EventStore,
): Promise<{ readonly places: readonly ReadingPlace[]; readonly behind: readonly WatchedVault[] }> {
  const { chainId, confirmations } = network;
  const rpc: PinnedRpc = network.rpc.pinned();
  const head = await confirmedHead(rpc, confirmations);
  const cursors = await readCursors(store, chainId, 'head');
  const places: ReadingPlace[] = [];
  const behind: WatchedVault[] = [];
  for (const vault of await network.vaults()) {
    const { block, hash } = cursors(vault);
    if (hash === null || head === null || head.number - block > READABLE_WITHIN_BLOCKS) behind.push(vault);
    else {
      const at = { number: block, hash };
      places.push({ network: network.network, chainId, rpc, wallets: network.wallets(), vault, at });
    }
  }
  return { places, behind };
}

async function again<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      const moved =
        error instanceof VersionConflict ||
        error instanceof GuardConflict ||
        error instanceof ReadingUnsettled;
      if (!moved || attempts >= MAX_ATTEMPTS) throw error;
    }
  }
}

function tell(log: Log, difference: ReceiptDifference): void {
  log.warn({ ...difference }, 'a receipt holds something else than recorded; the books are corrected');
}
