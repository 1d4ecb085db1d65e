import type { Timers } from '../../ports/ports.ts';

/** Timers that end together with the simulation. */
export interface Schedule {
  /** Runs `task` after `delayMs`; what it throws goes to `onFailure`. */
  later(delayMs: number, task: () => void | Promise<void>): void;
  /** Runs `task` without anybody waiting for it; what it throws goes to `onFailure`. */
  background(task: () => Promise<void>): void;
  /** Resolves after `delayMs`; never, when the simulation ends before. */
  pause(delayMs: number): Promise<void>;
  /** Drops everything that is still to come. */
  close(): void;
}

export function createSchedule(timers: Timers, onFailure: (cause: unknown) => void): Schedule {
  const cancels = new Set<() => void>();
  let closed = false;

  const run = async (task: () => void | Promise<void>) => {
    try {
      await task();
    } catch (cause) {
      if (!closed) onFailure(cause);
    }
  };
  const arm = (delayMs: number, task: () => void) => {
    if (closed) return;
    const cancel = timers.after(delayMs, () => {
      cancels.delete(cancel);
      task();
    });
    cancels.add(cancel);
  };

  return {
    later(delayMs, task) {
      arm(delayMs, () => void run(task));
    },
    background(task) {
      void run(task);
    },
    pause: (delayMs) =>
      new Promise((resolve) => {
        arm(delayMs, resolve);
      }),
    close() {
      closed = true;
      for (const cancel of cancels) cancel();
      cancels.clear();
    },
  };
}
