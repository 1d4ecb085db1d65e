import type { Timers } from './ports.ts';

/**
 * Waits for a task, but not for ever: resolves with true when it ended, with false after `limitMs`; then the task goes
 * on unwatched. Rejects with what the task rejects with in time.
 */
export async function endsWithin(timers: Timers, limitMs: number, task: Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const cancel = timers.after(limitMs, () => {
    late.resolve(false);
  });
  try {
    return await Promise.race([task.then(() => true), late.promise]);
  } finally {
    cancel();
  }
}
