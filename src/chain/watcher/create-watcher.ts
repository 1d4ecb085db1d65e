import type { Address } from 'viem';
import { DependencyDown } from '../../engine/dependency-down.ts';
import type { StepResult, WorkRow } from '../../engine/work.ts';
import { GuardConflict, RowMissing, UniqueViolation, VersionConflict } from '../../event-store/errors.ts';
import type { EventStore, Metadata } from '../../event-store/event-store.ts';
import { change, type Ledger } from '../../event-store/ledger.ts';
import { transact } from '../../event-store/transact.ts';
import type { Timers } from '../../ports/ports.ts';
import { IssuanceError, RpcFailure } from '../../primitives/failures.ts';
import type { Log } from '../../telemetry/log.ts';
import { confirmedHead, type FinalitySetting } from '../finality.ts';
import type { RpcClient } from '../rpc/types.ts';
import { createCursorCheck } from './canonical.ts';
import { createChunkSize } from './chunk-size.ts';
import { lowestBlock, readCursors, rewindWrites } from './cursors.ts';
import { decideNetwork, type LoadedNetwork, networkKind, type WatchTask, watchWorkId } from './network.ts';
import { createPace } from './pace.ts';
import { createPasses } from './passes.ts';
import type { Activity, LogConsumer, WatchedVault } from './types.ts';
import { UnsettledLogs } from './unsettled-logs.ts';

export interface WatchSettings {
  /** Wire name. */
  readonly network: string;
  readonly chainId: number;
  /** Blocks on top of what is taken in. */
  readonly confirmations: number;
  readonly finality: FinalitySetting;
  /** Longest pause between two looks at the chain, ms. */
  readonly pollMs: number;
  /** The same while hints of new blocks and logs come in. */
  readonly hintedPollMs: number;
  /** Transfers before it are history; null: the head when the network is opened. */
  readonly redemptionsFromBlock: bigint | null;
}

export interface WatcherOptions {
  readonly settings: WatchSettings;
  readonly rpc: RpcClient;
  readonly ledger: Ledger;
  readonly store: EventStore;
  readonly log: Log;
  /** Every vault of the network, retired ones too. Asked before each pass. */
  readonly vaults: () => Promise<readonly WatchedVault[]>;
  /** Our signers, retired ones too, in lower case. */
  readonly wallets: () => readonly Address[];
  readonly consumers: readonly LogConsumer[];
  readonly timers: Pick<Timers, 'monotonicMs'>;
  /** How much is open, by which looks follow quickly or not. */
  readonly activity: () => Activity;
  /** Whether hints of new blocks and logs come in at present. */
  readonly isHinted: () => boolean;
  /** Makes rows of work due now, as the engine's `wake` does. */
  readonly wake: (ids: readonly string[]) => void;
}

/** How a network's scan stands, for readiness and metrics. */
export interface WatchStatus {
  readonly network: string;
  readonly state: 'opening' | 'open' | 'stopped';
  /** Why it is stopped. */
  readonly why: string | null;
  /** Confirmed head at the last look of this process; null before the first. */
  readonly headBlock: bigint | null;
  /** Least advanced vault; null without vaults. */
  readonly scannedBlock: bigint | null;
  readonly finalBlock: bigint | null;
  /** Vaults that catch up on their own. */
  readonly lagging: number;
}

/** Watches the logs of one network's vaults; see `createWatcher`. */
export interface Watcher {
  readonly network: string;
  /**
   * Records the network, so that its work exists; needs no node. Idempotent.
   *
   * @throws IssuanceError `network_chain_changed`
   */
  start(): Promise<void>;
  /** Takes one step of one of its tasks; for `createWatchWorker`. */
  step(row: WorkRow): Promise<StepResult>;
  /** Says that now is a good moment to look: a new block, a new vault, something opened. */
  hint(): void;
  /**
   * Takes up a stopped network: logs are read again from where the second pass got to, or from the
   * beginning where even final blocks were replaced.
   *
   * @throws IssuanceError `network_not_stopped`
   */
  resume(metadata: Metadata): Promise<void>;
  /**
   * All logs up to this block were read when final, of all vaults or of one. Without vaults, the confirmed
   * head. Whoever asks waits for it to grow, so the second pass then makes haste.
   */
  scannedToFinal(vault?: Address): Promise<bigint>;
  status(): Promise<WatchStatus>;
}

const ENGINE: Metadata = { actor: 'engine' };
/** A batch whose commit conflicts is read again this often before the engine waits a little. */
const MAX_ATTEMPTS = 3;
/** Pause before a range that did not fit together is read again, ms. */
const UNSETTLED_PAUSE_MS = 250;
/** Readings of a range in a row that may come to nothing while a reorg passes. */
const MOST_UNSETTLED = 20;
/** A stopped network is looked at this seldom; `resume` makes its work due at once. */
const STOPPED_PAUSE_MS = 60_000;

/**
 * Creates the watcher of one network. Three tasks, each with a permanent work row: `head` takes in
 * confirmed blocks for all level vaults at once, `catch-up` reads one lagging vault a step, `final` reads
 * everything a second time.
 */
export function createWatcher(options: WatcherOptions): Watcher {
  const { settings, rpc, ledger, store, vaults, wake } = options;
  const { network, chainId, pollMs } = settings;
  const log = options.log.child({ network });
  const chunk = createChunkSize();
  const passes = createPasses({ ...options, log, chunk, check: createCursorCheck(rpc) });
  const pace = createPace({ ...options, ...settings });
  let unreachableInARow = 0;
  const unsettledInARow = new Map<WatchTask, number>();

  async function open(loaded: LoadedNetwork): Promise<StepResult> {
    const redemptionsFromBlock = settings.redemptionsFromBlock ?? (await rpc.blockNumber());
    const events = decideNetwork({ type: 'open', redemptionsFromBlock }, loaded.state);
    await ledger.commit({ changes: [change(networkKind, loaded, events)], metadata: ENGINE });
    log.info({ redemptionsFromBlock }, 'the network is open');
    return { kind: 'advanced' };
  }

  async function run(task: WatchTask): Promise<StepResult> {
    const loaded = await ledger.load(networkKind, network);
    if (loaded.state.kind === 'opening') return open(loaded);
    if (loaded.state.kind !== 'open') return { kind: 'later', delayMs: STOPPED_PAUSE_MS };
    if (task === 'head' && !pace.isReadingDue() && !(await passes.hasArrivals())) {
      unreachableInARow = 0;
      return { kind: 'later', delayMs: pace.lookMs() };
    }
    pace.begin(task);
    const found = await passes[task](loaded, loaded.state);
    unreachableInARow = 0;
    unsettledInARow.delete(task);
    if (found.replaced !== null) {
      const { why, rescan } = found.replaced;
      const events = decideNetwork({ type: 'stop', why, rescan }, loaded.state);
      await ledger.commit({ changes: [change(networkKind, loaded, events)], metadata: ENGINE });
      log.error(
        { alarm: 'network_stopped', why },
        'the network is stopped: a reorg replaced blocks that were taken in',
      );
      return { kind: 'advanced' };
    }
    if (task === 'head' && !found.more) pace.hasRead(passes.headBlock());
    return { kind: 'later', delayMs: pace.pauseMs(task, found) };
  }

  /** What went wrong in a step, as a result where looking again is the answer. */
  function failed(task: WatchTask, error: unknown): StepResult {
    if (error instanceof UnsettledLogs) {
      const times = (unsettledInARow.get(task) ?? 0) + 1;
      unsettledInARow.set(task, times);
      // No reorg takes that long: from here on it is a failure for all to see, with pauses that grow.
      if (times > MOST_UNSETTLED) throw error;
      log.debug({ err: error }, 'the chain is moving: the range is read again');
      return { kind: 'later', delayMs: Math.min(UNSETTLED_PAUSE_MS, pollMs) };
    }
    if (!(error instanceof RpcFailure) || error.kind !== 'unreachable') throw error;
    unreachableInARow += 1;
    // The client puts an endpoint that failed last, so the next step asks another one.
    if (unreachableInARow < rpc.endpointCount) return { kind: 'later', delayMs: 0 };
    throw new DependencyDown(`chain:${network}`, error.message, { cause: error });
  }

  return {
    network,
    async start() {
      const decide = (loaded: LoadedNetwork) => {
        const events = decideNetwork({ type: 'add', chainId }, loaded.state);
        return events.length === 0 ? null : { events };
      };
      await transact(ledger, networkKind, network, decide, ENGINE);
    },

    async step(row) {
      const task = taskOf(row);
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await run(task);
        } catch (error) {
          if (!isConflict(error)) return failed(task, error);
          if (attempt >= MAX_ATTEMPTS) throw error;
        }
      }
    },

    hint() {
      pace.hinted();
      wake([watchWorkId(network, 'head'), watchWorkId(network, 'catch-up')]);
    },

    async resume(metadata) {
      const decide = async (loaded: LoadedNetwork) => {
        const events = decideNetwork({ type: 'resume', actor: metadata.actor }, loaded.state);
        if (loaded.state.kind !== 'stopped') return null;
        return { events, extra: { writes: await rewindWrites(store, chainId, loaded.state.rescan) } };
      };
      await transact(ledger, networkKind, network, decide, metadata);
      log.info({ actor: metadata.actor }, 'the network is resumed');
    },

    async scannedToFinal(vault) {
      if (pace.finalWanted()) wake([watchWorkId(network, 'final')]);
      const all = await vaults();
      const watched = vault === undefined ? all : all.filter((it) => it.vault === vault);
      const lowest = lowestBlock(watched, await readCursors(store, chainId, 'final'));
      if (lowest !== null || vault !== undefined) return lowest ?? -1n;
      const head = await confirmedHead(rpc.pinned(), settings.confirmations);
      return head === null ? -1n : head.number;
    },

    async status() {
      const { state } = await ledger.load(networkKind, network);
      const watched = await vaults();
      const cursors = await readCursors(store, chainId, 'head');
      return {
        network,
        state: state.kind === 'none' ? 'opening' : state.kind,
        why: state.kind === 'stopped' ? state.why : null,
        headBlock: passes.headBlock(),
        scannedBlock: lowestBlock(watched, cursors),
        finalBlock: lowestBlock(watched, await readCursors(store, chainId, 'final')),
        lagging: passes.lagging(watched, cursors),
      };
    },
  };
}

function taskOf(row: WorkRow): WatchTask {
  switch (row.phase) {
    case 'head':
    case 'catch-up':
    case 'final':
      return row.phase;
    default:
      throw new IssuanceError('log_corrupt', `work ${row.id} has no such task as ${row.phase}`);
  }
}

/** Someone else moved what the batch was decided on: all of it is read and decided anew. */
function isConflict(error: unknown): boolean {
  return (
    error instanceof VersionConflict ||
    error instanceof UniqueViolation ||
    error instanceof GuardConflict ||
    error instanceof RowMissing
  );
}
