import type { Clock, Random, Timers } from './ports.ts';

/** Time that moves only when told to, for tests. */
export interface ManualPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /**
   * Moves clock and timers forward together, in steps: every timer fires at its own time, and what it set off
   * runs to its end (as far as it waits for nothing but promises and deferred tasks) before the next one
   * fires.
   */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock alone, as an operator or a time server would; timers do not notice. */
  setClock(nowMs: number): void;
  /** Lets everything run that waits for no timer. */
  settle(): Promise<void>;
  /** Number of timers that are armed. */
  armedTimers(): number;
}

/** Turns of the event loop without any deferred task after which nothing more is expected to run. */
const QUIET_TURNS = 3;

/** A loop that keeps deferring for this many turns will never be quiet. */
const MOST_TURNS = 100_000;

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly task: () => void;
}

/**
 * Creates ports whose clock starts at `startMs`. Deferred tasks run in order in real turns of the event loop,
 * since they are no matter of time. Randomness comes from `seed` and is the same on every run.
 */
export function createManualPorts(
  options: { readonly startMs?: number; readonly seed?: number } = {},
): ManualPorts {
  let wallMs = options.startMs ?? Date.UTC(2026, 0, 2, 9, 30);
  let monotonicMs = 0;
  let order = 0;
  let deferred = 0;
  const timers = new Set<Timer>();

  const nextTimer = (untilMs: number): Timer | undefined =>
    [...timers]
      .filter((it) => it.atMs <= untilMs)
      .sort((a, b) => a.atMs - b.atMs || a.order - b.order)
      .at(0);
  const move = (ms: number): void => {
    wallMs += ms;
    monotonicMs += ms;
  };

  const settle = async (): Promise<void> => {
    let quiet = 0;
    for (let turns = 0; quiet < QUIET_TURNS; turns += 1) {
      if (turns > MOST_TURNS) throw new Error('tasks keep deferring new ones: nothing will ever be quiet');
      await new Promise((resolve) => setImmediate(resolve));
      quiet = deferred === 0 ? quiet + 1 : 0;
    }
  };

  return {
    clock: { nowMs: () => wallMs },
    timers: {
      after(delayMs, task) {
        order += 1;
        const timer = { atMs: monotonicMs + Math.max(0, delayMs), order, task };
        timers.add(timer);
        return () => {
          timers.delete(timer);
        };
      },
      defer(task) {
        deferred += 1;
        setImmediate(() => {
          deferred -= 1;
          task();
        });
      },
      monotonicMs: () => monotonicMs,
    },
    random: createSeededRandom(options.seed ?? 1),
    async advance(ms) {
      const untilMs = monotonicMs + ms;
      await settle();
      for (let timer = nextTimer(untilMs); timer !== undefined; timer = nextTimer(untilMs)) {
        timers.delete(timer);
        move(timer.atMs - monotonicMs);
        timer.task();
        await settle();
      }
      move(untilMs - monotonicMs);
    },
    setClock(nowMs) {
      wallMs = nowMs;
    },
    settle,
    armedTimers: () => timers.size,
  };
}

/** Marsaglia's xorshift32: small, and enough to vary tests; never for secrets. */
function createSeededRandom(seed: number): Random {
  let state = seed >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  return {
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
    fraction: () => next() / 2 ** 32,
  };
}
