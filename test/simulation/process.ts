import type { FastifyInstance } from 'fastify';
import { bootService } from '../../src/app/boot.ts';
import type { Config } from '../../src/config/config.ts';
import type { SqliteStore } from '../../src/event-store/sqlite/open-sqlite-store.ts';
import { openSqliteStore } from '../../src/event-store/sqlite/open-sqlite-store.ts';
import type { Ports } from '../../src/ports/ports.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { createDice } from './chance.ts';
import { SimulatedDisk } from './disk.ts';
import { frontOf } from './front.ts';
import { callAlpaca, callNode } from './outward.ts';
import { EPOCH_MS, issuerKey } from './places.ts';
import type { Life } from './scheduler.ts';
import { createSimulatedSigner } from './signing.ts';
import { openSocket } from './sockets.ts';
import type { World } from './world.ts';

/** One process of the service: it dies as a whole, and leaves nothing but what its database had committed. */
export interface Process extends Life {
  readonly name: string;
  readonly disk: SimulatedDisk;
  /** Null until it listens. */
  server: FastifyInstance | null;
  /** Null until it is open. */
  store: SqliteStore | null;
  /** Runs when it dies; at once when it is dead. */
  onDeath(task: () => void): void;
  /** Ends it as a power cut would, and gives what is on its disk. */
  kill(): Uint8Array;
}

/** What happens to a process, for whoever looks after it. */
export interface ProcessEvents {
  /** It cannot go on (its store stopped, or it did not start). */
  readonly onEnd: (process: Process, why: string) => void;
  /** It passes a place where it may die; true when it just did. */
  readonly atCrashPoint: (
    process: Process,
    what: string,
    identity: string,
    phase: 'before' | 'after',
  ) => boolean;
}

/** The power went off before a commit was durable. */
class PowerCut extends Error {}

/** Starts a process of the service on an image of its database. */
export function startProcess(
  world: World,
  options: {
    readonly name: string;
    readonly config: Config;
    readonly image: Uint8Array | null;
    /** Inode of the file that the image stands for. */
    readonly file: number;
    readonly restored: boolean;
    readonly events: ProcessEvents;
  },
): Process {
  const { name, file, events } = options;
  const { plan } = world;
  let commits = 0;
  const deaths: (() => void)[] = [];
  const disk = new SimulatedDisk(options.image, {
    beforeCommit() {
      const identity = `${name}/commit ${String(commits)}`;
      if (events.atCrashPoint(process, 'commit', identity, 'before')) throw new PowerCut('power cut');
      if (plan.happens('commit_fails', identity)) throw new Error('database or disk is full');
    },
    afterCommit() {
      const identity = `${name}/commit ${String(commits)}`;
      commits += 1;
      // The transaction is on disk. Nothing that the process does from here on leaves it.
      events.atCrashPoint(process, 'commit', identity, 'after');
    },
  });
  const process: Process = {
    name,
    disk,
    alive: true,
    server: null,
    store: null,
    onDeath(task) {
      if (process.alive) deaths.push(task);
      else task();
    },
    kill() {
      process.alive = false;
      for (const task of deaths.splice(0)) task();
      process.store?.abandon();
      if (disk.isOpen) disk.close();
      return disk.content();
    },
  };
  const end = (why: string): void => {
    if (process.alive) events.onEnd(process, why);
  };
  const boot = async (): Promise<void> => {
    await bootService({
      config: options.config,
      ports: portsOf(world, process, events),
      log: createAlarmLog(world, process),
      migrate: true,
      restored: options.restored,
      onFatal: (error) => end(error.message),
      instead: {
        signer: createSimulatedSigner(world, process, issuerKey),
        openStore: async (options) => {
          const identity = { inode: String(file), bornNs: null };
          const store = await openSqliteStore({ ...options, connect: () => disk, identify: () => identity });
          process.store = store;
          return store;
        },
        createServer: frontOf(process, world.scheduler),
        listen: async (server) => {
          if (process.alive) process.server = server;
          return 'http://issuer.sim';
        },
      },
    });
  };
  const leave = world.scheduler.enter();
  process.onDeath(leave);
  boot().then(leave, (error: unknown) => {
    leave();
    end(`did not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  });
  return process;
}

function portsOf(world: World, process: Process, events: ProcessEvents): Ports {
  const { scheduler } = world;
  const dice = createDice(world.spec.seed, `random ${process.name}`);
  const bornMs = scheduler.nowMs() - 1;
  const guarded = (label: string, task: () => void): (() => void) => {
    return () => {
      try {
        task();
      } catch (error) {
        world.complaints.push(
          `${label} threw: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
        );
      }
    };
  };
  return {
    clock: { nowMs: () => EPOCH_MS + scheduler.nowMs() + world.skewMs },
    timers: {
      after: (delayMs, task) =>
        process.alive
          ? scheduler.after(delayMs, `timer ${process.name}`, guarded('a timer', task), process)
          : () => {},
      defer(task) {
        if (process.alive)
          scheduler.after(0, `defer ${process.name}`, guarded('a deferred task', task), process);
      },
      monotonicMs: () => scheduler.nowMs() - bornMs,
    },
    random: {
      bytes: (length) => Uint8Array.from({ length }, () => dice.whole(0, 255)),
      fraction: () => dice.fraction(),
    },
    rpc: (request) => callNode(world, process, events, request),
    http: (request) => callAlpaca(world, process, events, request),
    sockets: (url, heard) => openSocket(world, process, url, heard),
  };
}

/** Keeps what asks for a person; everything else is the trace's business. */
function createAlarmLog(world: World, process: Process): Log {
  const create = (inherited: object): Log => ({
    debug() {},
    info() {},
    warn(fields, message) {
      if (process.alive)
        world.scheduler.note(`${process.name} warns: ${message} ${textOf({ ...inherited, ...fields })}`);
    },
    error(fields, message) {
      if (!process.alive) return;
      const text = textOf({ ...inherited, ...fields });
      world.scheduler.note(`${process.name} alarms: ${message} ${text}`);
      world.alarms.push({ atMs: world.scheduler.nowMs(), message, text });
    },
    child: (fields) => create({ ...inherited, ...fields }),
  });
  return create({});
}

function textOf(fields: object): string {
  return JSON.stringify(fields, (_, value: unknown) => {
    if (typeof value === 'bigint') return String(value);
    if (value instanceof Error)
      return `${value.message}${value.cause instanceof Error ? ` < ${value.cause.message}` : ''}`;
    return value;
  });
}
