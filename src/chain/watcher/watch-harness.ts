import type { Address } from 'viem';
import type { StepResult, WorkRow } from '../../engine/work.ts';
import { readWorkRow, WORK_TABLE } from '../../engine/work.ts';
import { anyKind, createLedger } from '../../event-store/create-ledger.ts';
import type { TableDefinition } from '../../event-store/event-store.ts';
import { change, type DomainEvent, type Ledger, type StreamKind } from '../../event-store/ledger.ts';
import { openSqliteStore } from '../../event-store/sqlite/open-sqlite-store.ts';
import type { Timers } from '../../ports/ports.ts';
import { systemClock, systemTimers } from '../../ports/system.ts';
import { recordingLog } from '../../telemetry/log.ts';
import { createWatcher, type WatchSettings } from './create-watcher.ts';
import { CURSOR_TABLE, readCursors } from './cursors.ts';
import { DEAD_LETTER_TABLE } from './dead-letter.ts';
import type { FakeChain } from './fake-chain.ts';
import { NETWORK_TABLE, networkKind, type WatchTask, watchWorkId } from './network.ts';
import type { Activity, LogConsumer, WatchedVault } from './types.ts';

/** A watcher over a fake chain and a real store in memory, driven step by step; for tests. */

export const NETWORK = 'base';
export const WALLET: Address = '0x00000000000000000000000000000000000000b0';
export const USER: Address = '0x00000000000000000000000000000000000000c0';

/** The n-th vault, with its receipt contract. */
export function vaultNumber(n: number, startBlock = 0n): WatchedVault {
  const digits = n.toString(16).padStart(4, '0');
  return {
    vault: `0x${'a'.repeat(36)}${digits}`,
    receipt: `0x${'e'.repeat(36)}${digits}`,
    startBlock,
  };
}

type SeenEvent = { type: 'Seen'; data: { value: bigint; blockNumber: bigint } };

/** What the harness's consumer records: one stream for each transfer. */
const seenKind: StreamKind<{ seen: boolean }, SeenEvent> = {
  category: 'seen',
  initialState: { seen: false },
  evolve: () => ({ seen: true }),
  phase: () => 'seen',
  rows: () => [],
};

/** Records every transfer to a wallet of ours once. */
export function createSeenConsumer(ledger: Ledger): LogConsumer {
  return {
    name: 'seen',
    async consume({ logs }) {
      const changes = [];
      for (const log of logs) {
        if (log.kind !== 'transfer') continue;
        const loaded = await ledger.load(seenKind, log.log.transactionHash);
        const data = { value: log.value, blockNumber: log.log.blockNumber };
        if (!loaded.state.seen) changes.push(change(seenKind, loaded, [{ type: 'Seen', data }]));
      }
      return { changes };
    },
  };
}

export interface HarnessOptions {
  readonly chain: FakeChain;
  readonly vaults: WatchedVault[];
  readonly settings?: Partial<WatchSettings>;
  readonly wallets?: readonly Address[];
  readonly kinds?: readonly StreamKind<unknown, DomainEvent>[];
  readonly tables?: readonly TableDefinition[];
  readonly consumers?: (ledger: Ledger) => readonly LogConsumer[];
  readonly timers?: Pick<Timers, 'monotonicMs'>;
  readonly activity?: () => Activity;
  readonly isHinted?: () => boolean;
}

export async function createHarness(options: HarnessOptions) {
  const { chain, vaults } = options;
  const tables = [WORK_TABLE, NETWORK_TABLE, CURSOR_TABLE, DEAD_LETTER_TABLE, ...(options.tables ?? [])];
  const store = await openSqliteStore({
    path: ':memory:',
    tables,
    clock: systemClock,
    timers: systemTimers,
    onFatal: (error) => {
      throw error;
    },
  });
  const kinds = [anyKind(networkKind), anyKind(seenKind), ...(options.kinds ?? [])];
  const schema = { kinds, tables };
  const ledger = createLedger(store, schema);
  const log = recordingLog();
  const woken: string[] = [];
  const settings: WatchSettings = {
    network: NETWORK,
    chainId: 31_337,
    confirmations: 2,
    finality: 10,
    pollMs: 4000,
    hintedPollMs: 10_000,
    redemptionsFromBlock: 0n,
    ...options.settings,
  };
  const watcher = createWatcher({
    settings,
    rpc: chain.rpc,
    ledger,
    store,
    log,
    vaults: async () => vaults,
    wallets: () => options.wallets ?? [WALLET],
    consumers: options.consumers?.(ledger) ?? [createSeenConsumer(ledger)],
    timers: options.timers ?? systemTimers,
    // Reads at every step, unless a test is about when it does not.
    activity: options.activity ?? (() => 'waiting'),
    isHinted: options.isHinted ?? (() => false),
    wake: (ids) => woken.push(...ids),
  });
  await watcher.start();

  const workRow = async (task: WatchTask): Promise<WorkRow | null> => {
    const id = watchWorkId(NETWORK, task);
    const [row] = await store.find({ table: WORK_TABLE.name, where: { id }, limit: 1 });
    return row === undefined ? null : readWorkRow(row);
  };
  const step = async (task: WatchTask): Promise<StepResult> => {
    const row = await workRow(task);
    if (row === null) throw new Error(`no work for ${task}`);
    return watcher.step(row);
  };
  return {
    store,
    schema,
    ledger,
    log,
    watcher,
    woken,
    workRow,
    step,
    /** Steps a task until it wants to pause. */
    async settle(task: WatchTask): Promise<void> {
      for (let steps = 0; steps < 500; steps += 1) {
        const result = await step(task);
        if (result.kind === 'later' && result.delayMs > 0) return;
      }
      throw new Error(`${task} does not come to rest`);
    },
    /** Values of the transfers that were recorded, in order. */
    async seen(): Promise<readonly bigint[]> {
      const events = await store.readAll({ after: 0, limit: 1000, category: 'seen' });
      return events.map((it) => it.data['value'] as bigint);
    },
    async cursor(vault: WatchedVault, pass: 'head' | 'final' = 'head'): Promise<bigint> {
      return (await readCursors(store, settings.chainId, pass))(vault).block;
    },
    alarms: () => log.entries.filter((it) => it.level === 'error').map((it) => it.message),
  };
}
