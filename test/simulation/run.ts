import { noteForgotten } from './images.ts';
import { startOperator } from './operator.ts';
import { calmDown, scriptAlpaca, startBlocks } from './surroundings.ts';
import type { Simulation } from './simulation.ts';
import { createSimulation } from './simulation.ts';
import type { Spec } from './spec.ts';
import { TEMPLATE_ENDS_MS, templateOf } from './template.ts';
import type { Host } from './workload.ts';
import { act } from './workload.ts';
import type { Injected } from './plan.ts';
import { judge, isSettled } from './oracles/judge.ts';
import type { Summary } from './oracles/judge.ts';
import { stuckFaults } from './oracles/stuck.ts';
import type { CrashPoint } from './world.ts';

/** What became of one schedule. */
export interface Result {
  readonly seed: number;
  /** What must hold and does not; empty when all is well. */
  readonly faults: readonly string[];
  readonly injected: readonly Injected[];
  readonly traceHash: string;
  readonly events: number;
  /** How the operations ended, for comparing runs with and without crashes. */
  readonly summary: Summary;
  /** How often somebody crashed at which point in which state. */
  readonly crashed: ReadonlyMap<string, number>;
  readonly passed: readonly CrashPoint[];
  readonly endedMs: number;
  /** The database at the end, for whoever wants to look into it. */
  readonly image: Uint8Array | null;
}

/** Longest time after the last fault until everything must be at an end, or visibly wait for a person. */
const BOUND_MS = 40 * 60_000;
const LOOK_MS = 1_100;

/** Runs one schedule to its end and judges it. */
export async function runSchedule(
  spec: Spec,
  options: { readonly onTrace?: (line: string) => void; readonly keepPassed?: boolean } = {},
): Promise<Result> {
  const template = await templateOf(spec.topology);
  const simulation = createSimulation({
    spec,
    externalIds: template.clientIds,
    startMs: TEMPLATE_ENDS_MS,
    onTrace: options.onTrace,
    keepPassed: options.keepPassed ?? false,
  });
  const { world } = simulation;
  const { scheduler } = world;
  const after = (atMs: number, label: string, task: () => void): void => {
    scheduler.after(atMs - scheduler.nowMs(), label, task);
  };
  scriptAlpaca(world);
  startBlocks(world);
  startOperator(simulation);
  const host = createImages(simulation, spec, after);
  spec.actions.forEach((action, at) => {
    after(action.atMs, `action ${String(at)}: ${action.kind}`, () =>
      act(simulation, host, template.clientIds, action, at),
    );
  });
  scheduleClock(simulation, spec, after);
  simulation.start(template.image);

  await scheduler.run(spec.faultsEndMs);
  calmDown(simulation);
  const endMs = spec.faultsEndMs + BOUND_MS;
  for (let settled = 0; settled < 2 && scheduler.nowMs() < endMs;) {
    await scheduler.run(scheduler.nowMs() + LOOK_MS);
    settled = (await isSettled(simulation)) ? settled + 1 : 0;
  }
  const unseen = await stuckFaults(simulation);
  const judged = await judge(simulation);
  return {
    seed: spec.seed,
    faults: [...judged.faults, ...unseen],
    injected: world.plan.injected,
    traceHash: scheduler.traceHash(),
    events: scheduler.events(),
    summary: judged.summary,
    crashed: world.crashed,
    passed: world.passed ?? [],
    endedMs: scheduler.nowMs(),
    image: simulation.image(),
  };
}

type At = (atMs: number, label: string, task: () => void) => void;

/** Keeps the images that restores and twins will need, and starts them. */
function createImages(simulation: Simulation, spec: Spec, after: At): Host {
  const kept = new Map<number, Uint8Array>();
  const { world } = simulation;
  for (const action of spec.actions) {
    if (action.kind !== 'restore' && action.kind !== 'twin') continue;
    const takenMs = Math.max(TEMPLATE_ENDS_MS, action.atMs - action.ageMs);
    after(takenMs, 'a copy is taken', () => {
      const image = simulation.serving()?.disk.content() ?? simulation.image();
      if (image !== null) kept.set(takenMs, image);
    });
  }
  const imageOf = (ageMs: number): Uint8Array | undefined =>
    kept.get(Math.max(TEMPLATE_ENDS_MS, world.scheduler.nowMs() - ageMs));
  return {
    restore(ageMs, isOtherFile) {
      const image = imageOf(ageMs);
      if (image === undefined) return;
      const note = (): void => {
        const before = simulation.halt() ?? simulation.image();
        if (before !== null) void noteForgotten(world, before, image);
      };
      note();
      world.scheduler.after(1_000, 'start on an older copy', () => {
        // One that crashed before may have come back meanwhile, and what it was told is forgotten too.
        note();
        if (isOtherFile) simulation.tryCopy(image);
        simulation.start(image, isOtherFile ? 'another file' : 'the same file');
      });
    },
    twin(ageMs, forMs, isRestored) {
      const image = imageOf(ageMs);
      if (image === undefined) return;
      if (isRestored) simulation.startTwin(image, forMs);
      else simulation.tryCopy(image);
    },
  };
}

/** The wall clock jumps, both ways. */
function scheduleClock(simulation: Simulation, spec: Spec, after: At): void {
  const { world } = simulation;
  if ((spec.rates.clock_jump ?? 0) === 0) return;
  for (let atMs = TEMPLATE_ENDS_MS + 3_000; atMs < spec.faultsEndMs; atMs += 4_000) {
    after(atMs, 'the clock may jump', () => {
      const slice = String(atMs);
      if (!world.plan.happens('clock_jump', slice)) return;
      const jumpMs = Math.floor((world.plan.fraction('jump', slice) - 0.5) * 2 * 20 * 60_000);
      world.skewMs += jumpMs;
      world.scheduler.note(`the clock jumps by ${String(jumpMs)} ms`);
    });
  }
}
