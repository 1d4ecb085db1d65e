import type { Address, Hex } from 'viem';
import { keccak256, toHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { NETWORK_TABLE, networkKind } from '../chain/watcher/network.ts';
import { WORK_TABLE, readWorkRow } from '../engine/work.ts';
import type { WorkRow } from '../engine/work.ts';
import { anyKind, createLedger } from '../event-store/create-ledger.ts';
import { GuardConflict, VersionConflict } from '../event-store/errors.ts';
import type { Ledger } from '../event-store/ledger.ts';
import { openSqliteStore } from '../event-store/sqlite/open-sqlite-store.ts';
import type { SqliteStore } from '../event-store/sqlite/open-sqlite-store.ts';
import { uuidV5 } from '../primitives/uuid.ts';
import type { Custodian } from '../signer/custodian.ts';
import type { LaneFeature } from './lane-feature.ts';
import type { Lanes } from './lanes.ts';
import { createLanes, laneKinds, laneTables } from './lanes.ts';
import type { LaneNetwork, LaneSigner, LanesOptions } from './runtime.ts';
import type { TestChain } from './test-chain.ts';
import { createTestChain } from './test-chain.ts';
import { createToyFeature, TOY_EFFECT_TABLE, toyKind } from './test-feature.ts';
import type { ToyFeature } from './test-feature.ts';
import { transactionKind } from './transaction-kind.ts';
import { createTrials } from './trial.ts';
import type { TransactionState } from './transaction-state.ts';

export const CHAIN_ID = 8453;
const KEY = keccak256(toHex('a key for tests'));
const account = privateKeyToAccount(KEY);
export const SIGNER = account.address.toLowerCase() as Address;
export const VAULT: Address = '0x00000000000000000000000000000000000000aa';
export const OTHER_VAULT: Address = '0x00000000000000000000000000000000000000bb';
export const LANE = `${String(CHAIN_ID)}/${SIGNER}`;

/** Id of the n-th toy. */
export function toyId(n: number): string {
  return uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', `toy ${String(n)}`);
}

/** The test account's signatures, for transactions that the lanes did not make. */
export const signer: LaneSigner = {
  address: account.address,
  kind: 'local',
  async sign({ chainId, nonce, to, data, value, gas, maxFeePerGas, maxPriorityFeePerGas }) {
    const raw = await account.signTransaction({
      type: 'eip1559',
      chainId,
      nonce,
      to,
      data,
      value,
      gas,
      maxFeePerGas,
      maxPriorityFeePerGas,
    });
    return { raw, hash: keccak256(raw) };
  },
};

/** One line of the log. */
export interface Line {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface World {
  readonly chain: TestChain;
  readonly store: SqliteStore;
  readonly ledger: Ledger;
  readonly lanes: Lanes;
  readonly feature: ToyFeature;
  readonly lines: Line[];
  readonly wakes: string[];
  readonly timersDue: (() => void)[];
  scanned: bigint | null;
  /** To where the vault of the toys was scanned; as `scanned` while null. */
  vaultScanned: bigint | null;
  nowMs: number;
  blocked: Set<string>;
  /** Operations whose only call goes to this contract beside the vault, as it is. */
  readonly direct: Map<string, Address>;
  add(...numbers: readonly number[]): Promise<void>;
  /** Steps of these kinds, every row once, due or not. */
  step(kind?: 'lane' | 'transaction' | 'call'): Promise<void>;
  /** So many rounds: all steps, then a block, then a second. */
  rounds(count: number): Promise<void>;
  readonly toy: (n: number) => Promise<string>;
  transaction(nonce: number): Promise<TransactionState>;
  work(id: string): Promise<WorkRow | null>;
  alarms(): readonly string[];
}

export interface WorldOptions {
  readonly chain?: TestChain;
  readonly path?: string;
  readonly restored?: boolean;
  /** The lane's first transaction is a trial, as after any start; else it has passed it. */
  readonly onTrial?: boolean;
  readonly network?: Partial<Omit<LaneNetwork, 'signer'>> & { readonly signer?: LaneSigner | Custodian };
  /** What the lane serves, in this order; only toys where absent. */
  readonly features?: (toys: ToyFeature) => readonly LaneFeature[];
}

/** A store, a chain, a lane and toys, stepped by hand. */
export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const chain = options.chain ?? createTestChain({ chainId: CHAIN_ID });
  const tables = [...laneTables, NETWORK_TABLE, WORK_TABLE, TOY_EFFECT_TABLE];
  const timersDue: (() => void)[] = [];
  const timers: LanesOptions['timers'] = {
    after: (_, task) => {
      timersDue.push(task);
      return () => undefined;
    },
    defer: (task) => queueMicrotask(task),
    monotonicMs: () => world.nowMs,
  };
  const clock = { nowMs: () => world.nowMs };
  const blocked = new Set<string>();
  const direct = new Map<string, Address>();
  const state = {
    scanned: null as bigint | null,
    vaultScanned: null as bigint | null,
    nowMs: 1_800_000_000_000,
  };
  const fatal = (error: Error) => {
    throw error;
  };
  const world = state as World;
  const path = options.path ?? ':memory:';
  const store = await openSqliteStore({ path, tables, clock, timers, onFatal: fatal });
  const kinds = [...laneKinds, anyKind(networkKind), anyKind(toyKind)];
  const ledger = createLedger(store, { kinds, tables });
  const feature = createToyFeature(ledger, { blocked, direct });
  const lines: Line[] = [];
  const write = (level: Line['level']) => (fields: Line['fields'], message: string) => {
    lines.push({ level, fields, message });
  };
  const wakes: string[] = [];
  const trials = createTrials();
  if (options.onTrial !== true) trials.pass(LANE);
  const signing = signingOf(options.network?.signer ?? signer);
  const lanes = createLanes({
    ledger,
    store,
    features: options.features?.(feature) ?? [feature],
    networks: [
      {
        network: 'base',
        chainId: CHAIN_ID,
        rpc: chain.rpc,
        confirmations: 0,
        finality: 3,
        inFlight: 4,
        batchCount: 8,
        batchGas: 12_000_000n,
        maxFeeWei: 100_000_000_000n,
        repriceAfterMs: 30_000,
        pollMs: 4_000,
        ...options.network,
        ...signing,
      },
    ],
    clock,
    timers,
    random: { bytes: (length) => new Uint8Array(length), fraction: () => 0.5 },
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    trials,
    restored: options.restored ?? false,
    scannedTo: (_, vault) =>
      Promise.resolve(vault === undefined ? world.scanned : (world.vaultScanned ?? world.scanned)),
    isWatchedVault: (_, address) => Promise.resolve([VAULT, OTHER_VAULT].includes(address)),
    engineWake: (ids) => wakes.push(...ids),
  });
  await lanes.openAll();

  const stepKind = async (kind: string) => {
    const worker = lanes.workers.find((it) => it.kind === kind);
    const rows = await store.find({ table: WORK_TABLE.name, where: { kind }, limit: 1_000 });
    for (const row of rows.map(readWorkRow)) {
      if (row.waitingFor !== null) continue;
      try {
        await worker?.step(row);
      } catch (error) {
        if (!(error instanceof VersionConflict) && !(error instanceof GuardConflict)) throw error;
      }
    }
  };
  return Object.assign(world, {
    chain,
    store,
    ledger,
    lanes,
    feature,
    lines,
    wakes,
    timersDue,
    blocked,
    direct,
    async add(...numbers: readonly number[]) {
      for (const n of numbers) await feature.add(toyId(n), LANE, VAULT);
    },
    async step(kind?: 'lane' | 'transaction' | 'call') {
      for (const each of kind === undefined ? ['lane', 'transaction', 'call'] : [kind]) await stepKind(each);
    },
    async rounds(count: number) {
      for (let round = 0; round < count; round += 1) {
        await world.step();
        chain.mine();
        world.nowMs += 1_000;
      }
    },
    toy: async (n: number) => (await feature.state(toyId(n))).phase,
    transaction: async (nonce: number) =>
      (await ledger.load(transactionKind, `${LANE}/${String(nonce)}`)).state,
    async work(id: string) {
      const [row] = await store.find({ table: WORK_TABLE.name, where: { id }, limit: 1 });
      return row === undefined ? null : readWorkRow(row);
    },
    alarms: () => lines.filter(({ level }) => level === 'error').map(({ message }) => message),
  });
}

/** So that the type checker sees which of the two it is. */
function signingOf(who: LaneSigner | Custodian): { signer: LaneSigner } | { signer: Custodian } {
  return who.kind === 'fireblocks' ? { signer: who } : { signer: who };
}

/** Signs a transaction of our key that no lane knows. */
export async function signOutside(
  nonce: number,
  to: Address,
  data: Hex,
  fee = 3_000_000_000n,
): Promise<{ readonly raw: Hex; readonly hash: Hex }> {
  const fees = { maxFeePerGas: fee, maxPriorityFeePerGas: fee };
  const unsigned = { chainId: CHAIN_ID, nonce, to, data, value: 0n, gas: 100_000n, ...fees };
  return signer.sign(unsigned, { askedMs: 0 });
}
