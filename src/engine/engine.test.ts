import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { IssuanceError } from '../primitives/failures.ts';
import { LONGEST_DELAY_MS } from './backoff.ts';
import { createEngineKit, createGate, END, STEP, type EngineKit } from './engine-kit.ts';
import type { Engine } from './engine.ts';
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

describe('due rows', () => {
  test('an operation open before the start is taken up, and one committed later is at once', async () => {
    await kit.set('before', STEP);
    const running = await run(worker(finish));
    expect(await kit.row('before')).toBeNull();
    await kit.set('later', STEP);
    await running.idle();
    expect(await kit.row('later')).toBeNull();
  });

  test('an operation goes through its steps without any timer', async () => {
    const phases: string[] = [];
    await kit.set('a', STEP, { phase: 'one' });
    await run(
      worker(async (row) => {
        phases.push(row.phase);
        const next = { one: 'two', two: 'three' }[row.phase];
        await kit.set(row.id, next === undefined ? END : STEP, { phase: next ?? 'end' });
        return { kind: 'advanced' };
      }),
    );
    expect(phases).toEqual(['one', 'two', 'three']);
    expect(kit.reports.map((it) => it.outcome)).toEqual(['advanced', 'advanced', 'advanced']);
  });

  test('rows of a lane, and rows that wait for an event, are left alone', async () => {
    await kit.set('lane', { kind: 'lane', lane: '1/0xab' });
    await kit.set('wait', { kind: 'wait', for: 'journal' });
    await run(worker(finish));
    await kit.ports.advance(10_000);
    expect(kit.reports).toEqual([]);
  });

  test('a wait with a recheck is looked at again after it', async () => {
    await kit.set('wait', { kind: 'wait', for: 'journal', recheckMs: 60_000 });
    await run(worker(() => ({ kind: 'later', delayMs: 60_000 })));
    await kit.ports.advance(59_000);
    expect(kit.reports).toHaveLength(0);
    await kit.ports.advance(1001);
    expect(kit.reports).toHaveLength(1);
  });

  test('a row that became due without any commit is found by the poll', async () => {
    await kit.set('a', { kind: 'wait', for: 'time', recheckMs: 5000 });
    await run(worker(finish));
    await kit.ports.advance(5000);
    expect(await kit.row('a')).toBeNull();
  });

  test('only one timer is armed, however many rows wait', async () => {
    for (const id of ['a', 'b', 'c']) await kit.set(id, { kind: 'wait', for: 'time', recheckMs: 5000 });
    await run(worker(finish));
    expect(kit.ports.armedTimers()).toBe(1);
  });

  test('a kind without a worker is told of, and stops nothing', async () => {
    await kit.set('orphan', STEP, { kind: 'unheard' });
    await kit.set('a', STEP);
    await run(worker(finish));
    expect(await kit.row('a')).toBeNull();
    expect(kit.log.entries.find((it) => it.level === 'error')?.fields).toEqual({
      alarm: 'work_unknown',
      kind: 'unheard',
    });
  });
});

describe('what a step brings', () => {
  test('later: due after the delay, and an old failure is forgotten', async () => {
    const results = [failed('odd'), { kind: 'later', delayMs: 7000 } as const];
    await kit.set('a', STEP);
    const running = await run(worker(() => results.shift() ?? { kind: 'later', delayMs: 7000 }));
    expect(await kit.row('a')).toMatchObject({ attempts: 1, lastError: { code: 'odd' } });
    await kit.ports.advance(300);
    await running.idle();
    const row = await kit.row('a');
    expect(row).toMatchObject({ attempts: 0, lastError: null });
    expect((row?.dueMs ?? 0) - kit.ports.clock.nowMs()).toBeGreaterThan(6500);
  });

  test('later: a delay is cut to the longest there is', async () => {
    await kit.set('a', STEP);
    await run(worker(() => ({ kind: 'later', delayMs: YEAR_MS })));
    expect((await kit.row('a'))?.dueMs).toBe(kit.ports.clock.nowMs() + LONGEST_DELAY_MS);
    await kit.ports.advance(60_000);
    expect(kit.reports).toHaveLength(1);
  });

  test('poll: delays double from the first to the longest, and no error is kept', async () => {
    await kit.set('a', STEP);
    const delays: number[] = [];
    await run(worker(() => ({ kind: 'poll', firstMs: 1000, longestMs: 8000 })));
    for (let at = 0; at < 6; at += 1) {
      const dueMs = (await kit.row('a'))?.dueMs ?? 0;
      delays.push(dueMs - kit.ports.clock.nowMs());
      await kit.ports.advance(dueMs - kit.ports.clock.nowMs());
    }
    [1000, 2000, 4000, 8000, 8000, 8000].forEach((wholeMs, at) => {
      expect(delays[at]).toBeGreaterThanOrEqual(wholeMs / 2);
      expect(delays[at]).toBeLessThanOrEqual(wholeMs);
    });
    expect(await kit.row('a')).toMatchObject({ attempts: 7, lastError: null });
  });

  test('failed: the row keeps the words of the partner, and backs off', async () => {
    await kit.set('a', STEP);
    await run(worker(() => failed('40310000')));
    const row = await kit.row('a');
    expect(row).toMatchObject({ attempts: 1, lastError: { code: '40310000', message: 'text of 40310000' } });
    const delayMs = (row?.dueMs ?? 0) - kit.ports.clock.nowMs();
    expect(delayMs).toBeGreaterThanOrEqual(125);
    expect(delayMs).toBeLessThanOrEqual(250);
    await kit.ports.advance(60_000);
    expect((await kit.row('a'))?.attempts).toBeGreaterThan(6);
  });

  test('the same failure is told once, not at every attempt', async () => {
    await kit.set('a', STEP);
    await run(worker(() => failed('odd')));
    await kit.ports.advance(120_000);
    expect(kit.log.entries.filter((it) => it.level !== 'debug')).toHaveLength(1);
  });

  test.each([
    ['throws', () => Promise.reject(new TypeError('boom'))],
    [
      'throws synchronously',
      () => {
        throw new TypeError('boom');
      },
    ],
  ])('a worker that %s fails its own row only', async (_, step) => {
    await kit.set('bad', STEP, { kind: 'bad' });
    await kit.set('good', STEP);
    const running = await run({ kind: 'bad', step }, worker(finish));
    expect(await kit.row('good')).toBeNull();
    expect(await kit.row('bad')).toMatchObject({
      attempts: 1,
      lastError: { code: 'unexpected', message: 'boom' },
    });
    await kit.set('next', STEP);
    await running.idle();
    expect(await kit.row('next')).toBeNull();
  });

  test('an error with details keeps the request id and status of the partner', async () => {
    await kit.set('a', STEP);
    const details = { requestId: 'req-1', status: 422 };
    await run(worker(() => Promise.reject(new IssuanceError('refused', 'no', { details }))));
    expect((await kit.row('a'))?.lastError).toMatchObject({ code: 'refused', ...details });
  });

  test('a step that claims a commit and made none backs off instead of spinning', async () => {
    await kit.set('a', STEP);
    await run(worker(() => ({ kind: 'advanced' })));
    expect(kit.reports).toHaveLength(1);
    expect(await kit.row('a')).toMatchObject({ attempts: 1, lastError: { code: 'step_without_commit' } });
  });

  test('a listener of steps that throws harms nothing', async () => {
    await kit.set('a', STEP);
    const onStep = (): void => {
      throw new Error('metrics broke');
    };
    engine = kit.engine([worker(finish)], { onStep });
    engine.start();
    await engine.idle();
    expect(await kit.row('a')).toBeNull();
  });
});

describe('wake', () => {
  test('makes a row due that backs off, and one that waits for an event', async () => {
    await kit.set('failing', STEP);
    await kit.set('waiting', { kind: 'wait', for: 'journal' });
    const running = await run(worker(() => failed('odd')));
    running.wake(['failing', 'waiting', 'unknown']);
    await running.idle();
    expect(kit.reports).toHaveLength(3);
  });

  test('does nothing any more once the engine is stopped, whose store may be closed', async () => {
    await kit.set('a', { kind: 'wait', for: 'journal' });
    const running = await run(worker(finish));
    await running.stop();
    running.wake('a');
    await running.idle();
    expect((await kit.row('a'))?.dueMs).toBeNull();
  });

  test('while the step runs, the row is taken again when it ends', async () => {
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
    engine.wake('a');
    await kit.ports.settle();
    gate.open();
    await engine.idle();
    expect(steps).toBe(2);
  });
});
