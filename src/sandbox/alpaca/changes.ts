import { IssuanceError } from '../../primitives/failures.ts';

/** Lets tests await what happens inside the simulation, without polling. */
export interface Changes {
  /** Says that something changed: every waiting predicate is asked again. */
  notify(): void;
  /**
   * A background task failed, for instance a function of a rule: everyone who waits, now or later, fails
   * with it.
   */
  fail(cause: unknown): void;
  /**
   * Resolves with the first value of `look` that is neither undefined, null nor false; it is asked at once.
   */
  waitFor<T>(look: () => T): Promise<Exclude<T, undefined | null | false>>;
  /** Fails everyone who still waits. */
  close(): void;
}

interface Waiter {
  /** Returns whether it is done. */
  ask(): boolean;
  reject(cause: unknown): void;
}

export function createChanges(): Changes {
  const waiters = new Set<Waiter>();
  let failure: { readonly cause: unknown } | null = null;

  const end = (cause: unknown) => {
    failure ??= { cause };
    for (const waiter of waiters) waiter.reject(cause);
    waiters.clear();
  };

  return {
    notify() {
      for (const waiter of waiters) {
        if (waiter.ask()) waiters.delete(waiter);
      }
    },
    fail: end,
    close() {
      end(new IssuanceError('alpaca_stopped', 'the simulated Alpaca was stopped'));
    },
    waitFor<T>(look: () => T) {
      type Found = Exclude<T, undefined | null | false>;
      return new Promise<Found>((resolve, reject) => {
        const ask = () => {
          try {
            const value = look();
            if (value === undefined || value === null || value === false) return false;
            resolve(value as Found);
          } catch (cause) {
            reject(cause);
          }
          return true;
        };
        if (ask()) return;
        if (failure !== null) reject(failure.cause);
        else waiters.add({ ask, reject });
      });
    },
  };
}
