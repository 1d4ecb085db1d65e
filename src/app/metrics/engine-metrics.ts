import type { Engine } from '../../engine/engine.ts';
import type { DependencyState } from '../../engine/dependencies.ts';
import type { StepReport } from '../../engine/step-runner.ts';
import type { Worker } from '../../engine/work.ts';
import { WORK_TABLE } from '../../engine/work.ts';
import type { EventStore } from '../../event-store/event-store.ts';
import type { Clock } from '../../ports/ports.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { SECONDS_OF_A_CALL } from '../../telemetry/metrics.ts';
import { MOST_COUNTED } from './operation-metrics.ts';

interface EngineSources {
  readonly store: Pick<EventStore, 'find' | 'count'>;
  readonly engine: Pick<Engine, 'dependencies'>;
  readonly clock: Clock;
}

/** The engine, and what its steps need from outside. */
export function createEngineMetrics(metrics: Metrics) {
  const steps = metrics.counter({
    name: 'issuer_engine_steps_total',
    help: 'Steps that ended, by the kind of work and what came of them.',
    labels: ['kind', 'outcome'],
  });
  const duration = metrics.histogram({
    name: 'issuer_engine_step_duration_seconds',
    help: 'How long steps took.',
    labels: ['kind'],
    buckets: SECONDS_OF_A_CALL,
  });
  const running = metrics.gauge({
    name: 'issuer_engine_steps_running',
    help: 'Steps that run now.',
    labels: ['kind'],
  });
  const backlog = createBacklog(metrics);
  const dependencies = createDependencyMetrics(metrics);
  const counts = new Map<string, number>();

  /** The same worker, whose running steps are counted. */
  const count = (worker: Worker): Worker => {
    const { kind } = worker;
    const change = (by: number): void => {
      const now = (counts.get(kind) ?? 0) + by;
      counts.set(kind, now);
      running.set([kind], now);
    };
    change(0);
    return {
      ...worker,
      async step(row) {
        change(1);
        try {
          return await worker.step(row);
        } finally {
          change(-1);
        }
      },
    };
  };

  return {
    count,
    onStep: ({ kind, outcome, durationMs }: StepReport): void => {
      steps.add([kind, outcome]);
      duration.observe([kind], durationMs / 1000);
    },
    onDependency: dependencies.onChange,
    async collect({ store, engine, clock }: EngineSources): Promise<void> {
      const nowMs = clock.nowMs();
      dependencies.set(engine.dependencies(), nowMs);
      await backlog.collect(store, nowMs);
    },
  };
}

function createBacklog(metrics: Metrics) {
  const due = metrics.gauge({
    name: 'issuer_engine_due_rows',
    help: `Work that is due, running or not; at most ${String(MOST_COUNTED)} rows are counted.`,
  });
  const oldest = metrics.gauge({
    name: 'issuer_engine_oldest_due_age_seconds',
    help: 'How long the longest waiting due work is overdue; of a paused dependency too.',
  });
  return {
    async collect(store: EngineSources['store'], nowMs: number): Promise<void> {
      const query = { table: WORK_TABLE.name, where: { lane: null, due_ms: { lte: nowMs } } };
      due.set([], await store.count({ ...query, limit: MOST_COUNTED }));
      const [first] = await store.find({ ...query, orderBy: [['due_ms', 'asc']], limit: 1 });
      oldest.set([], first === undefined ? 0 : Math.max(0, nowMs - (first['due_ms'] as number)) / 1000);
    },
  };
}

function createDependencyMetrics(metrics: Metrics) {
  const labels = ['dependency'];
  const up = metrics.gauge({
    name: 'issuer_dependency_up',
    help: '1 while the dependency serves, 0 while what needs it is paused.',
    labels,
  });
  const downFor = metrics.gauge({
    name: 'issuer_dependency_down_seconds',
    help: 'How long the dependency has been down; 0 while it is up.',
    labels,
  });
  const outages = metrics.counter({
    name: 'issuer_dependency_outages_total',
    help: 'Times that the dependency went down.',
    labels,
  });
  return {
    onChange: ({ name, state }: DependencyState): void => {
      if (state === 'down') outages.add([name]);
    },
    set(states: readonly DependencyState[], nowMs: number): void {
      up.clear();
      downFor.clear();
      for (const { name, state, sinceMs } of states) {
        up.set([name], state === 'up' ? 1 : 0);
        downFor.set([name], sinceMs === null ? 0 : Math.max(0, nowMs - sinceMs) / 1000);
      }
    },
  };
}
