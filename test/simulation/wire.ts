import type { Life } from './scheduler.ts';
import type { FaultKind } from './plan.ts';
import type { World } from './world.ts';

/** One exchange over a network: it leaves, the other side acts, the answer travels back. */
export interface Exchange<T> {
  /** For the trace; short. */
  readonly what: string;
  /** The same for the same request, whenever it is made. */
  readonly identity: string;
  readonly attempt: number;
  /** Who asked. An answer to the dead goes nowhere. */
  readonly life: Life;
  readonly timeoutMs: number;
  readonly lostRequest: FaultKind;
  readonly lostAnswer: FaultKind;
  /** Longest time one way, ms. */
  readonly latencyMs: number;
  /** The other side acts; rejects with what the asker is told. */
  readonly act: () => Promise<T> | T;
  readonly failure: (why: string, timedOut: boolean) => Error;
  /** Called at the two moments between which the other side acts; true when the asker died of it. */
  readonly atCrashPoint: (phase: 'before' | 'after') => boolean;
}

/** Performs an exchange in simulated time. Never settles for whoever died meanwhile. */
export function exchange<T>(world: World, it: Exchange<T>): Promise<T> {
  const { scheduler, plan } = world;
  const { what, identity, attempt, life } = it;
  return new Promise<T>((resolve, reject) => {
    if (!life.alive) return;
    const oneWay = (direction: string): number =>
      1 + Math.floor(it.latencyMs * plan.fraction(direction, identity, attempt) ** 3);
    const give = (label: string, settle: () => void): void => {
      scheduler.after(oneWay('back'), `${label} ${what}`, settle, life);
    };
    const lose = (why: string, at: number): void => {
      // Half of what is lost is noticed at once, as a connection that breaks; the rest when patience ends.
      const isCut = plan.fraction('cut', identity, attempt) < 0.5;
      const afterMs = isCut ? oneWay('back') : Math.max(0, at + it.timeoutMs - scheduler.nowMs());
      const settle = (): void => reject(it.failure(isCut ? `${why}: cut` : `${why}: timed out`, !isCut));
      scheduler.after(afterMs, `lost ${what}`, settle, life);
    };
    if (it.atCrashPoint('before')) return;
    const leftMs = scheduler.nowMs();
    if (plan.happens(it.lostRequest, identity, attempt)) {
      lose('the request was lost', leftMs);
      return;
    }
    scheduler.after(oneWay('there'), `-> ${what}`, () => {
      const isLost = plan.happens(it.lostAnswer, identity, attempt);
      const arrived = (label: string, settle: () => void): void => {
        if (it.atCrashPoint('after')) return;
        if (isLost) lose('the answer was lost', leftMs);
        else give(label, settle);
      };
      let acted: Promise<T> | T;
      try {
        acted = it.act();
      } catch (error) {
        arrived('<!', () => reject(error));
        return;
      }
      if (!(acted instanceof Promise)) {
        const value = acted;
        arrived('<-', () => resolve(value));
        return;
      }
      acted.then(
        (value) => arrived('<-', () => resolve(value)),
        (error: unknown) => arrived('<!', () => reject(error)),
      );
    });
  });
}
