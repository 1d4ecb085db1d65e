import { runSchedule } from './run.ts';
import type { Spec } from './spec.ts';

/** Runs that shrinking may cost. */
const MOST_RUNS = 150;

/** What is left of a schedule that still fails, and how. */
export interface Shrunk {
  readonly spec: Spec;
  /** Indexes of the actions that are left, by which a command line names them. */
  readonly actions: readonly number[];
  readonly faults: readonly string[];
  readonly runs: number;
}

/**
 * Takes away faults and actions for as long as the schedule goes on breaking the same rule. Chance is by hash of what
 * is asked, so what is taken away does not change what is left.
 */
export async function shrink(spec: Spec): Promise<Shrunk> {
  let runs = 0;
  const faultsOf = async (candidate: Spec) => {
    runs += 1;
    return runSchedule(candidate);
  };
  const first = await faultsOf(spec);
  const rule = ruleOf(first.faults);
  let faults = first.faults;
  let only: readonly string[] = [...new Set(first.injected.map((it) => it.id))];
  let actions: readonly number[] = spec.actions.map((_, at) => at);
  const build = (): Spec => ({
    ...spec,
    only,
    actions: spec.actions.filter((_, at) => actions.includes(at)),
  });

  const stillFails = async (candidate: Spec): Promise<boolean> => {
    if (runs >= MOST_RUNS) return false;
    const result = await faultsOf(candidate);
    if (!result.faults.some((it) => ruleOf([it]) === rule)) return false;
    faults = result.faults;
    return true;
  };
  for (let isSmaller = true; isSmaller;) {
    const before = only.length + actions.length;
    only = await without(only, async (rest) => stillFails({ ...build(), only: rest }));
    actions = await without(actions, async (rest) =>
      stillFails({ ...build(), actions: spec.actions.filter((_, at) => rest.includes(at)) }),
    );
    isSmaller = only.length + actions.length < before;
  }
  return { spec: build(), actions, faults, runs };
}

/** Takes ever smaller parts away, for as long as what is left still fails. */
async function without<T>(
  all: readonly T[],
  fails: (rest: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let left = all;
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < left.length;) {
      const rest = [...left.slice(0, start), ...left.slice(start + size)];
      if (rest.length < left.length && (await fails(rest))) left = rest;
      else start += size;
    }
  }
  return left;
}

/** The number of the rule that was broken. */
function ruleOf(faults: readonly string[]): string {
  return faults[0]?.split(':')[0] ?? 'none';
}
