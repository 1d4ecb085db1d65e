import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEngineKit, createGate, END, needs, STEP, type EngineKit } from './engine-kit.ts';
import { DependencyDown } from './dependency-down.ts';
import type { Engine } from './engine.ts';
import type { StepResult, WorkRow } from './work.ts';

let kit: EngineKit;
let engine: Engine;
let gate: ReturnType<typeof createGate>;
let startedIds: string[];
let running = 0;
let mostRunning = 0;

beforeEach(async () => {
  kit = await createEngineKit();
  gate = createGate();
  startedIds = [];
  running = 0;
  mostRunning = 0;
});

afterEach(async () => {
  gate.open();
  await engine.stop();
  await kit.store.close();
});

async function finish({ id }: WorkRow): Promise<StepResult> {
  await kit.set(id, END);
  return { kind: 'advanced' };
}

async function slow(row: WorkRow): Promise<StepResult> {
  startedIds.push(row.id);
  running += 1;
  mostRunning = Math.max(mostRunning, running);
  await gate.opened;
  running -= 1;
  return finish(row);
}

async function setMany(count: number, prefix: string, kind: string, next = STEP): Promise<void> {
  for (let at = 0; at < count; at += 1) await kit.set(`${prefix}${String(at)}`, next, { kind });
}

describe('a slow operation', () => {
  test('delays no other, of its kind or of another', async () => {
    await kit.set('slow', STEP);
    await kit.set('quick', STEP);
    await kit.set('other', STEP, { kind: 'other' });
    engine = kit.engine([
      { kind: 'job', step: (row) => (row.id === 'slow' ? slow(row) : finish(row)) },
      { kind: 'other', step: finish },
    ]);
    engine.start();
    await kit.ports.settle();
    await kit.set('later', STEP);
    await kit.ports.settle();
    expect(startedIds).toEqual(['slow']);
    for (const id of ['quick', 'other', 'later']) expect(await kit.row(id)).toBeNull();
  });

  test('is never taken a second time while it runs', async () => {
    await kit.set('a', STEP);
    engine = kit.engine([{ kind: 'job', step: slow }]);
    engine.start();
    await kit.ports.advance(60_000);
    await kit.set('a', STEP);
    engine.wake('a');
    await kit.ports.advance(60_000);
    expect(startedIds).toEqual(['a']);
  });
});

describe('bounds', () => {
  test('of a kind: its other operations wait, those of other kinds do not', async () => {
    await setMany(10, 'slow', 'job');
    await kit.set('other', STEP, { kind: 'other' });
    engine = kit.engine([
      { kind: 'job', step: slow, concurrency: 3 },
      { kind: 'other', step: finish },
    ]);
    engine.start();
    await kit.ports.settle();
    expect(startedIds).toHaveLength(3);
    expect(await kit.row('other')).toBeNull();
    gate.open();
    await engine.idle();
    expect(startedIds).toHaveLength(10);
    expect(mostRunning).toBe(3);
  });

  test('of all steps together', async () => {
    for (const kind of ['a', 'b', 'c']) await setMany(5, kind, kind, needs(`of ${kind}`));
    engine = kit.engine(
      ['a', 'b', 'c'].map((kind) => ({ kind, step: slow })),
      { limits: { steps: 7, stepsPerDependency: 5 } },
    );
    engine.start();
    await kit.ports.settle();
    expect(startedIds).toHaveLength(7);
    gate.open();
    await engine.idle();
    expect(mostRunning).toBe(7);
    expect(startedIds).toHaveLength(15);
  });

  test('of a dependency: one slow partner cannot take all the slots', async () => {
    for (const kind of ['a', 'b', 'c']) await setMany(8, kind, kind, needs('alpaca'));
    await setMany(2, 'free', 'free', needs('chain:base'));
    engine = kit.engine(
      [...['a', 'b', 'c'].map((kind) => ({ kind, step: slow })), { kind: 'free', step: finish }],
      { limits: { steps: 8, stepsPerDependency: 4 } },
    );
    engine.start();
    await kit.ports.settle();
    expect(startedIds).toHaveLength(4);
    expect(await kit.store.count({ table: 'work', where: { kind: 'free' } })).toBe(0);
  });

  test('the oldest due operation goes first', async () => {
    for (const id of ['c', 'a', 'b']) {
      await kit.set(id, STEP);
      await kit.ports.advance(5);
    }
    const order: string[] = [];
    engine = kit.engine([
      {
        kind: 'job',
        concurrency: 1,
        step: (row) => {
          order.push(row.id);
          return finish(row);
        },
      },
    ]);
    engine.start();
    await engine.idle();
    expect(order).toEqual(['c', 'a', 'b']);
  });
});

describe('a backlog', () => {
  test('of a paused dependency hides no operation that needs another', async () => {
    await setMany(300, 'paused', 'paused', needs('alpaca'));
    await kit.ports.advance(10);
    await setMany(20, 'free', 'free', needs('chain:base'));
    await kit.set('same kind', STEP, { kind: 'paused' });
    let calls = 0;
    engine = kit.engine([
      {
        kind: 'paused',
        concurrency: 4,
        step: async (row) => {
          if (row.dependency === null) return finish(row);
          calls += 1;
          return Promise.reject(new DependencyDown('alpaca', 'down'));
        },
      },
      { kind: 'free', step: finish },
    ]);
    engine.start();
    await engine.idle();
    expect(await kit.store.count({ table: 'work', where: { kind: 'free' } })).toBe(0);
    expect(await kit.row('same kind')).toBeNull();
    expect(calls).toBe(4);
  });

  test('of one kind that is slow hides no operation of another', async () => {
    await setMany(300, 'slow', 'slow');
    await kit.ports.advance(10);
    await setMany(3, 'free', 'free');
    engine = kit.engine([
      { kind: 'slow', step: slow, concurrency: 2 },
      { kind: 'free', step: finish },
    ]);
    engine.start();
    await kit.ports.settle();
    expect(await kit.store.count({ table: 'work', where: { kind: 'free' } })).toBe(0);
    gate.open();
    await engine.idle();
    expect(await kit.store.count({ table: 'work' })).toBe(0);
    expect(mostRunning).toBe(2);
  });

  test('rows stranded in the future are all taken, past the first page too', async () => {
    await setMany(300, 'job', 'job');
    for (let at = 0; at < 300; at += 1)
      await kit.tamper(`job${String(at)}`, { due_ms: 9_000_000_000_000 + at });
    engine = kit.engine([{ kind: 'job', step: finish }]);
    engine.start();
    await engine.idle();
    expect(await kit.store.count({ table: 'work' })).toBe(0);
  });
});
