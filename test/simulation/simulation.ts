import type { Config } from '../../src/config/config.ts';
import { createSimulatedAlpaca } from '../../src/sandbox/alpaca/simulated-alpaca.ts';
import type { SimulatedAlpaca } from '../../src/sandbox/alpaca/simulated-alpaca-interface.ts';
import type { HttpRequest, HttpResponse } from '../../src/ports/ports.ts';
import { createDice } from './chance.ts';
import { createChain } from './chain/chain.ts';
import { placesOf } from './chain/execute.ts';
import { callIssuer } from './inward.ts';
import {
  ACCOUNT_ID,
  configOf,
  CREDENTIALS,
  EPOCH_MS,
  genesisOf,
  ISSUER_URL,
  KEYS,
  PARTICIPANTS,
  replicaUrl,
  SHARES,
  signingKeys,
  TOPOLOGIES,
} from './places.ts';
import { createPlan } from './plan.ts';
import type { Process, ProcessEvents } from './process.ts';
import { startProcess } from './process.ts';
import { createScheduler } from './scheduler.ts';
import { socketUrl } from './sockets.ts';
import type { Spec } from './spec.ts';
import type { CrashPoint, World } from './world.ts';
import { wallMs } from './world.ts';

/** A world in which the service runs, with everything that a schedule does to it. */
export interface Simulation {
  readonly world: World;
  readonly config: Config;
  /** The process that serves, or null between a crash and the next start. */
  serving(): Process | null;
  /** What is on disk, as far as nobody serves. */
  image(): Uint8Array | null;
  /** Starts the service on an image of its database; on an older one in this file with `--restored`. */
  start(image: Uint8Array | null, restoredIn?: 'the same file' | 'another file'): void;
  /** Runs a second process on a copy for so long, with `--restored`; nobody calls it. */
  startTwin(image: Uint8Array, forMs: number): void;
  /** Starts a process on a copy that nothing marks as one. It must end by itself before it does anything. */
  tryCopy(image: Uint8Array): void;
  /** Ends the serving process as a power cut would, and starts another one on its disk after a while. */
  crash(why: string): void;
  /** Ends the serving process for good; null when none serves. */
  halt(): Uint8Array | null;
  /** A call of an operator; resolves with whatever came, rejects with `HttpFailure`. */
  operate(method: HttpRequest['method'], path: string, body?: unknown): Promise<HttpResponse>;
  readonly events: ProcessEvents;
}

export interface SimulationOptions {
  readonly spec: Spec;
  /** Alpaca's name of each participant at the issuer, where they are connected. */
  readonly externalIds?: readonly string[];
  readonly startMs?: number;
  readonly onTrace?: ((line: string) => void) | undefined;
  readonly keepPassed?: boolean;
}

export function createSimulation(options: SimulationOptions): Simulation {
  const { spec } = options;
  const topology = TOPOLOGIES[spec.topology];
  if (topology === undefined) throw new RangeError(`no topology ${String(spec.topology)}`);
  const scheduler = createScheduler({ startMs: options.startMs ?? 0, onTrace: options.onTrace });
  const nowMs = () => scheduler.nowMs();
  const only = spec.only === null ? null : new Set(spec.only);
  const world: World = {
    spec,
    topology,
    scheduler,
    plan: createPlan({ seed: spec.seed, rates: spec.rates, only, nowMs }),
    networks: topology.map((place, at) => ({
      place,
      spec: networkSpec(spec, at),
      listeners: new Set(),
      chain: createChain({
        chainId: place.chainId,
        network: place.network,
        places: placesOf(place.vaults),
        keys: signingKeys,
        genesis: genesisOf(place),
        finalDepth: networkSpec(spec, at).finalDepth,
        nowMs,
        epoch: BigInt(EPOCH_MS / 1000),
        salt: String(spec.seed),
      }),
    })),
    alpaca: null as unknown as SimulatedAlpaca,
    skewMs: 0,
    alarms: [],
    complaints: [],
    persisting: 0,
    steps: 0,
    forgotten: new Set(),
    crashed: new Map(),
    passed: options.keepPassed === true ? [] : null,
  };
  const simulation = createHost(world, withSettings(configOf(topology), spec));
  world.alpaca = createAlpaca(world, simulation, options.externalIds ?? []);
  return simulation;
}

function networkSpec(spec: Spec, at: number) {
  const found = spec.networks[at];
  if (found === undefined) throw new RangeError(`the schedule says nothing of network ${String(at)}`);
  return found;
}

/** Long enough that a schedule goes by what is pushed. */
const HINTED_POLL_MS = 30_000;

function withSettings(config: Config, spec: Spec): Config {
  const networks = config.networks.map((network) => {
    const at = TOPOLOGIES[spec.topology]?.findIndex((it) => it.network === network.network) ?? 0;
    const { replicas, finality, confirmations, pollMs, inFlight, batchCount, repriceAfterMs, hasHints } =
      networkSpec(spec, at);
    const isHinted = hasHints === true;
    const rpcUrls = Array.from({ length: replicas }, (_, index) => replicaUrl(network.network, index));
    return {
      ...network,
      rpcUrls,
      wsUrl: isHinted ? socketUrl(network.network) : null,
      finality,
      confirmations,
      pollMs: isHinted ? HINTED_POLL_MS : pollMs,
      unhintedPollMs: pollMs,
      inFlight,
      batchCount,
      repriceAfterMs,
    };
  });
  return { ...config, networks };
}

/** By then a process on a copy must have ended by itself, ms. */
const COPY_ENDS_MS = 1_000;

/** Looks after the processes of the service. */
function createHost(world: World, config: Config): Simulation {
  const { scheduler, plan, spec } = world;
  let serving: Process | null = null;
  let disk: Uint8Array | null = null;
  let generation = 0;
  /** Inode of the file that serves. The first one of every simulation is the same, so that a template goes on in it. */
  let file = 1;
  let files = file;
  const copies = new Set<Process>();
  let isRestored = false;
  let starts = 0;

  const start: Simulation['start'] = (image, restoredIn) => {
    generation += 1;
    starts += 1;
    isRestored = restoredIn !== undefined;
    if (restoredIn === 'another file') file = files += 1;
    const name = `p${String(generation)}`;
    serving = startProcess(world, { name, config, image, file, restored: isRestored, events });
  };
  const startCopy = (image: Uint8Array, kind: string, restored: boolean): Process => {
    generation += 1;
    files += 1;
    const name = `${kind}${String(generation)}`;
    return startProcess(world, { name, config, image, file: files, restored, events });
  };
  const halt = (): Uint8Array | null => {
    if (serving === null) return null;
    disk = serving.kill();
    serving = null;
    return disk;
  };
  const crash = (why: string): void => {
    if (serving === null) return;
    scheduler.note(`crash of ${serving.name}: ${why}`);
    const downMs = 50 + Math.floor(plan.fraction('down', serving.name) ** 2 * 4_000);
    // Whoever said that it is an older copy says so again when it died before it was told.
    const isToldAgain = isRestored && serving.store === null;
    const image = halt();
    const started = starts;
    // Fixed, so that a schedule without crashes and one with them see the same disks.
    scheduler.after(downMs, 'restart', () => {
      // Not where an older copy took the place of this image, and crashed too.
      if (serving === null && starts === started) start(image, isToldAgain ? 'the same file' : undefined);
    });
  };
  const isCrash = (identity: string): boolean =>
    spec.rates.crash !== undefined && plan.happens('crash', identity, plan.attempt(`crash ${identity}`));
  const events: ProcessEvents = {
    onEnd(process, why) {
      if (copies.delete(process)) {
        if (!why.includes('DatabaseCopied')) world.complaints.push(`1: ${process.name}, a copy: ${why}`);
        process.kill();
        return;
      }
      if (why.startsWith('did not start') && spec.rates.commit_fails === undefined)
        world.complaints.push(`${process.name} ${why}`);
      if (process === serving) crash(why);
      else process.kill();
    },
    atCrashPoint(process, what, identity, phase) {
      if (!process.alive) return true;
      if (process !== serving) return false;
      world.steps += 1;
      const point: CrashPoint = { what, identity, phase };
      world.passed?.push(point);
      if (!spec.crashes.includes(world.steps) && !isCrash(`${identity}/${phase}`)) return false;
      countStates(process, `${what} ${phase}`, world.crashed);
      if (what === 'commit') {
        // Within a transaction: the process is dead from here on, its disk is taken when the turn has ended.
        process.alive = false;
        const dying = process;
        scheduler.after(0, 'power cut', () => {
          dying.alive = true;
          if (dying === serving) crash(`at ${what} ${phase}`);
        });
      } else crash(`at ${what} ${phase} ${identity}`);
      return true;
    },
  };
  return {
    world,
    config,
    serving: () => serving,
    image: () => disk,
    start,
    startTwin(image, forMs) {
      const twin = startCopy(image, 'twin', true);
      scheduler.after(forMs, `end of ${twin.name}`, () => {
        if (twin.alive) twin.kill();
      });
    },
    tryCopy(image) {
      const copy = startCopy(image, 'copy', false);
      copies.add(copy);
      scheduler.after(COPY_ENDS_MS, `end of ${copy.name}`, () => {
        if (!copies.delete(copy)) return;
        world.complaints.push(`1: ${copy.name} serves a copy that nothing marks as one`);
        copy.kill();
      });
    },
    crash,
    halt,
    operate(method, path, body) {
      const request: HttpRequest = {
        method,
        url: `${ISSUER_URL}${path}`,
        headers: {
          'x-api-key': KEYS.admin,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        timeoutMs: 30_000,
      };
      return callIssuer(world, () => serving, events, request);
    },
    events,
  };
}

/** Counts what was open, by kind and phase, at a moment of note. */
function countStates(process: Process, point: string, counts: Map<string, number>): void {
  const rows = process.disk
    .prepare(`SELECT DISTINCT kind, phase FROM work WHERE kind IN ('mint', 'redemption', 'transaction')`)
    .all();
  const states = rows.map((row) => `${String(row['kind'])} ${String(row['phase'])}`);
  for (const state of states.length === 0 ? ['nothing open'] : states) {
    const key = `${point} | ${state}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
}

function createAlpaca(world: World, simulation: Simulation, externalIds: readonly string[]): SimulatedAlpaca {
  const { scheduler, spec } = world;
  const dice = createDice(spec.seed, 'alpaca');
  const underlyings = new Set(world.topology.flatMap(({ vaults }) => vaults.map((it) => it.underlying)));
  const shares = Object.fromEntries([...underlyings].map((symbol) => [symbol, SHARES]));
  return createSimulatedAlpaca({
    accountId: ACCOUNT_ID,
    credentials: CREDENTIALS,
    issuer: { url: ISSUER_URL, apiKey: KEYS.alpaca },
    journalDelayMs: 700,
    retryDelaysMs: [1_000, 2_000, 5_000, 10_000, 30_000],
    rateLimitPerMinute: 1_000_000,
    participants: PARTICIPANTS.map(({ email, accountId, accountNumber }, at) => {
      const externalId = externalIds[at];
      return { email, accountId, accountNumber, shares, ...(externalId === undefined ? {} : { externalId }) };
    }),
    ports: {
      clock: { nowMs: () => wallMs(world) },
      timers: {
        after: (delayMs, task) => scheduler.after(delayMs, 'timer of Alpaca', task),
        defer: (task) => void scheduler.after(0, 'defer of Alpaca', task),
        monotonicMs: () => scheduler.nowMs(),
      },
      random: {
        bytes: (length) => Uint8Array.from({ length }, () => dice.whole(0, 255)),
        fraction: () => dice.fraction(),
      },
      http: (request) => callIssuer(world, () => simulation.serving(), simulation.events, request),
    },
  });
}
