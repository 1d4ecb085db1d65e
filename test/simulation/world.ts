import type { SimulatedAlpaca } from '../../src/sandbox/alpaca/simulated-alpaca-interface.ts';
import type { Chain } from './chain/chain.ts';
import type { NetworkPlace, Topology } from './places.ts';
import { EPOCH_MS } from './places.ts';
import type { Plan } from './plan.ts';
import type { Life, Scheduler } from './scheduler.ts';
import type { NetworkSpec, Spec } from './spec.ts';

/** A simulated network with how it behaves in this schedule. */
export interface SimulatedNetwork {
  readonly place: NetworkPlace;
  readonly spec: NetworkSpec;
  readonly chain: Chain;
  /** Told of every change of the head. */
  readonly listeners: Set<() => void>;
}

/** A line of the service's log that asks for a person. */
export interface Alarm {
  readonly atMs: number;
  readonly message: string;
  readonly text: string;
}

/** One place where a process can die: an exchange or a commit, before or after it. */
export interface CrashPoint {
  readonly what: string;
  readonly identity: string;
  readonly phase: 'before' | 'after';
}

/** Everything that the parts of one simulation share. */
export interface World {
  readonly spec: Spec;
  readonly topology: Topology;
  readonly scheduler: Scheduler;
  readonly plan: Plan;
  readonly networks: readonly SimulatedNetwork[];
  alpaca: SimulatedAlpaca;
  /** How far the service's wall clock is off. */
  skewMs: number;
  readonly alarms: Alarm[];
  /** What the simulation itself found wrong, such as an error that nobody caught. */
  readonly complaints: string[];
  /**
   * Mints of which a restored copy knew less than the database before it. What Alpaca has told once it does not tell
   * again, so they stay where the copy had them.
   */
  readonly forgotten: Set<string>;
  /** Operators who will try again. */
  persisting: number;
  /** Crash points passed so far, for schedules that crash at the n-th. */
  steps: number;
  /** Crash points at which somebody crashed, with the states of what was open. */
  readonly crashed: Map<string, number>;
  /** What the run passed, for whoever enumerates it; null to keep nothing. */
  readonly passed: CrashPoint[] | null;
}

export function wallMs(world: Pick<World, 'scheduler'>): number {
  return EPOCH_MS + world.scheduler.nowMs();
}

/** A life that never ends, for partners. */
export const FOREVER: Life = { alive: true };
