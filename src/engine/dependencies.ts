import { backoffMs, cutDelayMs, FIRST_BACKOFF_MS, LONGEST_DELAY_MS } from './backoff.ts';
import type { WorkError, WorkRow } from './work.ts';

export interface DependencyState {
  /** `alpaca`, `chain:base`. */
  readonly name: string;
  readonly state: 'up' | 'down';
  /**
   * The last failure: why it counts as down, or while it is up, what operations meet that fail on their own. Null when
   * it served somebody since.
   */
  readonly reason: WorkError | null;
  /** When the outage was noticed, ms since the epoch. */
  readonly sinceMs: number | null;
  readonly nextProbeMs: number | null;
}

/**
 * What becomes of the operation that met a failing dependency: it waits with all the others, or backs off
 * alone.
 */
export type Verdict = 'paused' | 'alone';

/** Which dependencies are down, and which operation may find out whether they still are. */
export interface Dependencies {
  /** A step that needs this dependency was started; from here on it is listed. */
  started(name: string): void;
  isDown(name: string | null): boolean;
  /**
   * The operation to probe with, out of the due ones that need the dependency, oldest first. Null: not now.
   */
  pickProbe(name: string, due: readonly WorkRow[], nowMs: number): WorkRow | null;
  probing(name: string, id: string): void;
  /**
   * A step came to a result. It ends an outage of the dependency that it needed when it was the probe, and an
   * outage of any other that the same operation had met with.
   */
  served(name: string | null, id: string): void;
  failed(
    name: string,
    failure: {
      readonly id: string;
      readonly error: WorkError;
      readonly retryAfterMs: number | null;
      readonly nowMs: number;
    },
  ): Verdict;
  /** A step ended without telling anything of the dependency. */
  inconclusive(name: string, id: string, nowMs: number): void;
  /** Takes outages off the list that no operation has asked about for long. */
  forgetUnneeded(nowMs: number): void;
  /** The earliest moment of a probe after this one; null when there is none. */
  nextProbeMs(afterMs: number): number | null;
  states(): readonly DependencyState[];
}

interface Outage {
  readonly sinceMs: number;
  reason: WorkError;
  failures: number;
  lastFailureMs: number;
  nextProbeMs: number;
  /** The dependency itself named the time of the next probe. */
  askedToWait: boolean;
  probe: string | null;
  /** Operations that failed in this outage. */
  readonly witnesses: Set<string>;
}

interface Dependency {
  readonly name: string;
  /** Operations that failed in the last outage and did not succeed since, although another one did. */
  readonly suspects: Set<string>;
  /** What a suspect met with, since it last served anybody. */
  unserved: WorkError | null;
  outage: Outage | null;
}

/** Suspects that are remembered of one dependency; forgetting one costs one needless pause. */
const MOST_SUSPECTS = 1000;

/**
 * Creates the list of dependencies, all of them up.
 *
 * One failure pauses a dependency. A probe is one operation that is let through; when the last one failed,
 * another takes its turn. As soon as one is served the dependency is up, and whoever failed before is a
 * suspect: the next time it fails, it backs off alone, so that one poisoned operation pauses the others once.
 */
export function createDependencies(options: {
  /** Uniform in [0, 1). */
  readonly fraction: () => number;
  readonly onChange: (state: DependencyState) => void;
}): Dependencies {
  const { fraction, onChange } = options;
  const known = new Map<string, Dependency>();

  const dependency = (name: string): Dependency => {
    let found = known.get(name);
    if (found === undefined)
      known.set(name, (found = { name, suspects: new Set(), unserved: null, outage: null }));
    return found;
  };

  const outageOf = (name: string): Outage | null => known.get(name)?.outage ?? null;

  const recover = (it: Dependency, outage: Outage, servedId: string): void => {
    for (const id of outage.witnesses) if (id !== servedId) it.suspects.add(id);
    for (const id of it.suspects) {
      if (it.suspects.size <= MOST_SUSPECTS) break;
      it.suspects.delete(id);
    }
    it.outage = null;
    onChange(stateOf(it));
  };

  return {
    started(name) {
      dependency(name);
    },
    isDown: (name) => name !== null && outageOf(name) !== null,
    pickProbe(name, due, nowMs) {
      const outage = outageOf(name);
      if (outage === null || outage.probe !== null) return null;
      const fresh = due.find((row) => !outage.witnesses.has(row.id));
      if (nowMs >= outage.nextProbeMs) return fresh ?? due[0] ?? null;
      return fresh !== undefined && wantsSecondOpinion(outage, nowMs) ? fresh : null;
    },
    probing(name, id) {
      const outage = outageOf(name);
      if (outage !== null) outage.probe = id;
    },
    served(name, id) {
      for (const it of known.values()) {
        it.suspects.delete(id);
        if (it.name === name) it.unserved = null;
        if (it.outage === null) continue;
        const proves = it.name === name ? it.outage.probe === id : it.outage.witnesses.has(id);
        if (proves) recover(it, it.outage, id);
      }
    },
    failed(name, failure) {
      const it = dependency(name);
      if (it.outage === null) {
        if (it.suspects.has(failure.id)) {
          it.unserved = failure.error;
          return 'alone';
        }
        it.outage = newOutage(failure.error, failure.nowMs);
        extend(it.outage, failure, fraction());
        onChange(stateOf(it));
        return 'paused';
      }
      extend(it.outage, failure, fraction());
      return 'paused';
    },
    inconclusive(name, id, nowMs) {
      const outage = outageOf(name);
      if (outage === null || outage.probe !== id) return;
      outage.probe = null;
      outage.nextProbeMs = nowMs + backoffMs(outage.failures, fraction());
    },
    forgetUnneeded(nowMs) {
      for (const it of known.values()) {
        const { outage } = it;
        if (outage === null || outage.probe !== null) continue;
        if (nowMs <= outage.nextProbeMs + LONGEST_DELAY_MS) continue;
        it.outage = null;
        onChange(stateOf(it));
      }
    },
    nextProbeMs(afterMs) {
      const times = [...known.values()]
        .filter(({ outage }) => outage?.probe === null)
        .map(({ outage }) => outage?.nextProbeMs ?? Infinity)
        .filter((timeMs) => timeMs > afterMs);
      return times.length === 0 ? null : Math.min(...times);
    },
    states: () => [...known.values()].map(stateOf),
  };
}

function newOutage(reason: WorkError, nowMs: number): Outage {
  return {
    sinceMs: nowMs,
    reason,
    failures: 0,
    lastFailureMs: nowMs,
    nextProbeMs: nowMs,
    askedToWait: false,
    probe: null,
    witnesses: new Set(),
  };
}

/**
 * Only the first failure and failed probes lengthen the pause: what was in flight when it began says nothing
 * new.
 */
function extend(
  outage: Outage,
  failure: {
    readonly id: string;
    readonly error: WorkError;
    readonly retryAfterMs: number | null;
    readonly nowMs: number;
  },
  fraction: number,
): void {
  const counts = outage.failures === 0 || outage.probe === failure.id;
  outage.witnesses.add(failure.id);
  outage.reason = failure.error;
  outage.lastFailureMs = failure.nowMs;
  if (counts) {
    outage.failures += 1;
    outage.probe = null;
    outage.askedToWait = failure.retryAfterMs !== null;
    outage.nextProbeMs = failure.nowMs + backoffMs(outage.failures, fraction);
  }
  if (failure.retryAfterMs === null) return;
  const askedMs = failure.nowMs + Math.max(FIRST_BACKOFF_MS, cutDelayMs(failure.retryAfterMs));
  outage.nextProbeMs = counts ? askedMs : Math.max(outage.nextProbeMs, askedMs);
  outage.askedToWait = true;
}

/** One operation failed, perhaps many times, and no other has been tried: the fault may well be its own. */
function wantsSecondOpinion(outage: Outage, nowMs: number): boolean {
  return (
    outage.witnesses.size === 1 && !outage.askedToWait && nowMs >= outage.lastFailureMs + FIRST_BACKOFF_MS
  );
}

function stateOf({ name, outage, unserved }: Dependency): DependencyState {
  if (outage === null) return { name, state: 'up', reason: unserved, sinceMs: null, nextProbeMs: null };
  const { reason, sinceMs, nextProbeMs } = outage;
  return { name, state: 'down', reason, sinceMs, nextProbeMs };
}
