import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VersionConflict } from '../event-store/errors.ts';
import { createEngineKit, createGate, END, STEP, type EngineKit } from './engine-kit.ts';
import type { Engine } from './engine.ts';
import { MOST_CONFLICTS } from './take-step.ts';
import type { StepResult, Worker, WorkRow } from './work.ts';

const YEAR_MS = 365 * 24 * 3_600_000;

let kit: EngineKit;
let engine: Engine | null = null;

beforeEach(async () => {
  kit = await createEngineKit();
});

afterEach(async () => {
  await engine?.stop();
  engine = null;
  await kit.store.close();
});

async function run(...workers: readonly Worker[]): Promise<Engine> {
  engine = kit.engine(workers);
  engine.start();
  await engine.idle();
  return engine;
}

function worker(
  step: (row: WorkRow) => Promise<StepResult> | StepResult,
  more: Partial<Worker> = {},
): Worker {
  return { kind: 'job', step: async (row) => step(row), ...more };
}

async function finish({ id }: WorkRow): Promise<StepResult> {
  await kit.set(id, END);
  return { kind: 'advanced' };
}

function failed(code: string): StepResult {
  return { kind: 'failed', error: { code, message: `text of ${code}`, atMs: kit.ports.clock.nowMs() } };
}

describe('commits of others', () => {
  test('a version conflict is tried anew at once, without counting an attempt', async () => {
    await kit.set('a', STEP, { phase: 'one' });
    const seen: string[] = [];
    await run(
      worker(async (row) => {
        seen.push(row.phase);
        if (seen.length > 1) return finish(row);
        await kit.set('a', STEP, { phase: 'two' });
        throw new VersionConflict('job/a', 1, 2);
      }),
    );
    expect(seen).toEqual(['one', 'two']);
    expect(kit.reports.map((it) => it.outcome)).toEqual(['conflict', 'advanced']);
  });

  test('a wake during a step outlives the commit with which that step lets the row wait', async () => {
    await kit.set('a', STEP, { phase: 'one' });
    const seen: string[] = [];
    const started = createGate();
    const goOn = createGate();
    const running = run(
      worker(async (row) => {
        seen.push(row.phase);
        if (seen.length > 1) return finish(row);
        // It has looked for what it needs, and not found it.
        started.open();
        await goOn.opened;
        await kit.set('a', { kind: 'wait', for: 'a wallet' }, { phase: 'waiting' });
        return { kind: 'advanced' };
      }),
    );
    await started.opened;
    engine?.wake('a');
    await kit.ports.settle();
    goOn.open();
    await running;
    expect(seen).toEqual(['one', 'waiting']);
  });

  test('conflicts without end back off', async () => {
    await kit.set('a', STEP);
    await run(worker(() => Promise.reject(new VersionConflict('job/a', 1, 2))));
    expect(kit.reports.filter((it) => it.outcome === 'conflict')).toHaveLength(MOST_CONFLICTS);
    expect(await kit.row('a')).toMatchObject({ attempts: 1, lastError: { code: 'version_conflict' } });
  });

  test.each(['failed', 'later', 'poll'] as const)(
    'a step that ends as %s does not overwrite the due time of a commit made meanwhile',
    async (kind) => {
      const gate = createGate();
      const results: Record<typeof kind, StepResult> = {
        failed: failed('odd'),
        later: { kind: 'later', delayMs: 100_000 },
        poll: { kind: 'poll', firstMs: 50_000, longestMs: 50_000 },
      };
      let steps = 0;
      await kit.set('a', STEP);
      engine = kit.engine([
        worker(async (row) => {
          steps += 1;
          if (steps > 1) return finish(row);
          await gate.opened;
          return results[kind];
        }),
      ]);
      engine.start();
      await kit.ports.settle();
      await kit.set('a', STEP);
      gate.open();
      await engine.idle();
      expect(steps).toBe(2);
      expect(await kit.row('a')).toBeNull();
    },
  );

  test('a commit that lands in the same group as the outcome is looked at again', async () => {
    const gate = createGate();
    let steps = 0;
    await kit.set('a', STEP);
    engine = kit.engine([
      worker(async (row) => {
        steps += 1;
        if (steps > 1) return finish(row);
        await gate.opened;
        return { kind: 'later', delayMs: 100_000 };
      }),
    ]);
    engine.start();
    await kit.ports.settle();
    let raced = false;
    kit.afterNextRead('one row', async () => {
      raced = true;
      await kit.set('a', STEP);
    });
    gate.open();
    await engine.idle();
    expect(raced).toBe(true);
    expect(steps).toBe(2);
    expect(await kit.row('a')).toBeNull();
  });

  test('a due time set by hand while the step runs stays', async () => {
    const gate = createGate();
    await kit.set('a', STEP);
    engine = kit.engine([worker(() => gate.opened.then(() => failed('odd')))]);
    engine.start();
    await kit.ports.settle();
    const dueMs = kit.ports.clock.nowMs() + 20_000;
    await kit.tamper('a', { due_ms: dueMs, attempts: 4 });
    gate.open();
    await engine.idle();
    expect(await kit.row('a')).toMatchObject({ dueMs, attempts: 4, lastError: null });
  });

  test('a step that ends while the due rows are being read is not taken from that reading', async () => {
    const gate = createGate();
    await kit.set('a', STEP);
    engine = kit.engine([worker(() => gate.opened.then(() => failed('odd')))]);
    engine.start();
    await kit.ports.settle();
    kit.afterNextRead('due rows', async () => {
      gate.open();
      await kit.ports.settle();
    });
    engine.wake();
    await engine.idle();
    expect(kit.reports).toHaveLength(1);
  });

  test('an operation that ends while its step fails is no fault', async () => {
    const gate = createGate();
    await kit.set('a', STEP);
    engine = kit.engine([worker(() => gate.opened.then(() => failed('odd')))]);
    engine.start();
    await kit.ports.settle();
    await kit.set('a', END);
    gate.open();
    await engine.idle();
    expect(kit.log.entries.filter((it) => it.level === 'error')).toEqual([]);
  });
});

describe('the clock', () => {
  test('one that jumps back a year does not strand a due row', async () => {
    await kit.set('a', STEP);
    const results = [failed('odd')];
    const running = await run(worker((row) => results.shift() ?? finish(row)));
    kit.ports.setClock(kit.ports.clock.nowMs() - YEAR_MS);
    await kit.ports.advance(300);
    await running.idle();
    expect(await kit.row('a')).toBeNull();
    await kit.set('committed after the jump', STEP);
    await running.idle();
    expect(await kit.row('committed after the jump')).toBeNull();
  });

  test('one that jumps back by less than the longest delay holds up no commit', async () => {
    await kit.set('a', STEP);
    const running = await run(worker(finish));
    kit.ports.setClock(kit.ports.clock.nowMs() - 120_000);
    await kit.set('b', STEP);
    await running.idle();
    expect(await kit.row('b')).toBeNull();
  });

  test('a row left by a process whose clock was a year ahead counts as due', async () => {
    await kit.set('a', STEP);
    await kit.tamper('a', { due_ms: kit.ports.clock.nowMs() + YEAR_MS });
    await kit.set('b', { kind: 'wait', for: 'time', recheckMs: 200_000 });
    await run(worker(finish));
    expect(await kit.row('a')).toBeNull();
    expect(await kit.row('b')).not.toBeNull();
  });

  test('one that jumps forward a year and back leaves operations moving', async () => {
    await kit.set('a', STEP);
    const results = [failed('odd'), failed('odd'), failed('odd')];
    const running = await run(worker((row) => results.shift() ?? finish(row)));
    const startMs = kit.ports.clock.nowMs();
    kit.ports.setClock(startMs + YEAR_MS);
    await kit.ports.advance(1000);
    kit.ports.setClock(startMs);
    await kit.ports.advance(3000);
    await running.idle();
    expect(await kit.row('a')).toBeNull();
  });
});

describe('stop', () => {
  test('waits for the running step, records it, and starts none', async () => {
    const gate = createGate();
    await kit.set('a', STEP);
    const started = kit.engine([worker(() => gate.opened.then(() => failed('odd')))]);
    started.start();
    await kit.ports.settle();
    let stopped = false;
    const stopping = started.stop().then(() => (stopped = true));
    await kit.set('b', STEP);
    started.wake('b');
    await kit.ports.advance(5000);
    expect(stopped).toBe(false);
    gate.open();
    await stopping;
    expect(await kit.row('a')).toMatchObject({ attempts: 1, lastError: { code: 'odd' } });
    expect(await kit.row('b')).toMatchObject({ attempts: 0 });
    expect(kit.reports).toHaveLength(1);
    expect(kit.ports.armedTimers()).toBe(0);
  });

  test('a stop while the due rows are being read starts none of them', async () => {
    await kit.set('a', STEP);
    const started = kit.engine([worker(finish)]);
    const stopping: Promise<void>[] = [];
    started.start();
    await started.idle();
    await kit.set('b', STEP);
    kit.afterNextRead('due rows', async () => {
      stopping.push(started.stop());
    });
    await kit.ports.settle();
    await Promise.all(stopping);
    expect(await kit.row('b')).toMatchObject({ attempts: 0 });
    expect(kit.reports).toHaveLength(1);
  });

  test('before a start there is nothing to wait for', async () => {
    await expect(kit.engine([]).stop()).resolves.toBeUndefined();
  });

  test('a store that closes under a running engine is told of, not thrown', async () => {
    const gate = createGate();
    await kit.set('a', STEP);
    engine = kit.engine([worker(() => gate.opened.then(() => failed('odd')))]);
    engine.start();
    await kit.ports.settle();
    await kit.store.close();
    gate.open();
    await kit.ports.settle();
    await kit.ports.advance(5000);
    await engine.stop();
    expect(kit.log.entries.some((it) => it.message === 'the store failed the engine')).toBe(true);
  });
});
