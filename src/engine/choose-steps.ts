import type { Dependencies } from './dependencies.ts';
import type { Worker, WorkRow } from './work.ts';

/** Steps of one kind at once, unless its worker says otherwise. */
export const DEFAULT_CONCURRENCY = 16;

export interface Limits {
  /** Steps at once, of all kinds. */
  readonly steps: number;
  /**
   * Steps at once that need the same dependency (or none), so that a slow partner leaves room for the others.
   */
  readonly stepsPerDependency: number;
}

export interface ChosenStep {
  readonly row: WorkRow;
  readonly worker: Worker;
  /** It is let through to find out whether its dependency is up again. */
  readonly probe: boolean;
}

/**
 * Chooses which due rows to start now: probes of what is down, then the oldest first, as far as there is
 * room.
 */
export function chooseSteps(input: {
  /** Oldest first. */
  readonly due: readonly WorkRow[];
  readonly isRunning: (id: string) => boolean;
  readonly running: Iterable<WorkRow>;
  readonly workers: ReadonlyMap<string, Worker>;
  readonly dependencies: Dependencies;
  readonly limits: Limits;
  readonly nowMs: number;
}): readonly ChosenStep[] {
  const { dependencies, workers } = input;
  const room = createRoom(input.running, workers, input.limits);
  const waiting = input.due.filter((row) => workers.has(row.kind) && !input.isRunning(row.id));
  const chosen: ChosenStep[] = [];
  const start = (row: WorkRow, probe: boolean): void => {
    const worker = workers.get(row.kind);
    if (worker === undefined) return;
    room.take(row);
    chosen.push({ row, worker, probe });
  };

  const down = waiting.filter((row) => dependencies.isDown(row.dependency));
  for (const name of new Set(down.map((row) => row.dependency))) {
    if (name === null) continue;
    const candidates = down.filter((row) => row.dependency === name && room.has(row));
    const probe = dependencies.pickProbe(name, candidates, input.nowMs);
    if (probe !== null) start(probe, true);
  }
  for (const row of waiting) {
    if (!dependencies.isDown(row.dependency) && room.has(row)) start(row, false);
  }
  return chosen;
}

function createRoom(running: Iterable<WorkRow>, workers: ReadonlyMap<string, Worker>, limits: Limits) {
  let steps = 0;
  const ofKind = new Map<string, number>();
  const ofDependency = new Map<string | null, number>();
  const take = (row: WorkRow): void => {
    steps += 1;
    ofKind.set(row.kind, (ofKind.get(row.kind) ?? 0) + 1);
    ofDependency.set(row.dependency, (ofDependency.get(row.dependency) ?? 0) + 1);
  };
  for (const row of running) take(row);
  return {
    take,
    has: (row: WorkRow): boolean =>
      steps < limits.steps &&
      (ofKind.get(row.kind) ?? 0) < (workers.get(row.kind)?.concurrency ?? DEFAULT_CONCURRENCY) &&
      (ofDependency.get(row.dependency) ?? 0) < limits.stepsPerDependency,
  };
}
