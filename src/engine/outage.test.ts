import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FIRST_BACKOFF_MS, LONGEST_BACKOFF_MS, LONGEST_DELAY_MS } from './backoff.ts';
import { createEngineKit, createGate, END, needs, STEP, type EngineKit } from './engine-kit.ts';
import { DependencyDown } from './dependency-down.ts';
import type { Engine } from './engine.ts';
import type { StepResult, WorkRow } from './work.ts';

let kit: EngineKit;
let engine: Engine;
/** Ids in the order in which the partner was asked. */
let asked: string[];
/** Tells whether the partner serves this operation. */
let serves: (id: string) => boolean;
let retryAfterMs: number | null;

beforeEach(async () => {
  kit = await createEngineKit();
  asked = [];
  serves = () => true;
  retryAfterMs = null;
});

afterEach(async () => {
  await engine.stop();
  await kit.store.close();
});

async function step(row: WorkRow): Promise<StepResult> {
  asked.push(row.id);
  if (!serves(row.id)) {
    const options = { details: { status: 503 }, ...(retryAfterMs !== null && { retryAfterMs }) };
    throw new DependencyDown('alpaca', `503 to ${row.id}`, options);
  }
  await kit.set(row.id, END);
  return { kind: 'advanced' };
}

async function start(concurrency = 1): Promise<void> {
  engine = kit.engine([{ kind: 'job', step, concurrency }]);
  engine.start();
  await engine.idle();
}

const alpaca = () => engine.dependencies().find((it) => it.name === 'alpaca');

describe('a dependency that is down', () => {
  beforeEach(() => {
    serves = () => false;
  });

  test('is paused as a whole: the others are not tried, and nobody loses an attempt', async () => {
    for (const id of ['a', 'b', 'c']) await kit.set(id, needs('alpaca'));
    await start();
    expect(asked).toEqual(['a']);
    expect(alpaca()).toMatchObject({ state: 'down', reason: { message: '503 to a', status: 503 } });
    expect(await kit.row('a')).toMatchObject({ attempts: 0, lastError: { message: '503 to a' } });
    expect(await kit.row('b')).toMatchObject({ attempts: 0, lastError: null });
    await kit.ports.advance(600_000);
    for (const id of ['a', 'b', 'c']) expect((await kit.row(id))?.attempts).toBe(0);
  });

  test('is probed by one operation at a time, each in its turn', async () => {
    for (const id of ['a', 'b', 'c']) await kit.set(id, needs('alpaca'));
    await start(16);
    asked = [];
    await kit.ports.advance(30_000);
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.slice(0, 6)).toEqual([...asked.slice(0, 3), ...asked.slice(0, 3)]);
    expect(new Set(asked.slice(0, 3)).size).toBe(3);
  });

  test('is probed by an operation that was not refused yet before any that was', async () => {
    for (const id of ['a', 'b']) await kit.set(id, needs('alpaca'));
    await start();
    await kit.ports.advance(5000);
    await kit.set('new', needs('alpaca'));
    asked = [];
    await kit.ports.advance(LONGEST_BACKOFF_MS);
    expect(asked[0]).toBe('new');
  });

  test('is probed at growing intervals, up to the longest', async () => {
    await kit.set('a', needs('alpaca'));
    await start();
    const gaps: number[] = [];
    for (let at = 0; at < 12; at += 1) {
      const gapMs = (alpaca()?.nextProbeMs ?? 0) - kit.ports.clock.nowMs();
      gaps.push(gapMs);
      await kit.ports.advance(gapMs);
    }
    expect(asked).toHaveLength(13);
    expect(gaps[0]).toBeLessThanOrEqual(FIRST_BACKOFF_MS);
    for (const gapMs of gaps) expect(gapMs).toBeLessThanOrEqual(LONGEST_BACKOFF_MS);
    for (const gapMs of gaps.slice(8)) expect(gapMs).toBeGreaterThanOrEqual(LONGEST_BACKOFF_MS / 2);
  });

  test('is left alone as long as it asked for', async () => {
    retryAfterMs = 45_000;
    for (const id of ['a', 'b']) await kit.set(id, needs('alpaca'));
    await start();
    await kit.ports.advance(44_999);
    expect(asked).toHaveLength(1);
    await kit.ports.advance(1);
    expect(asked).toHaveLength(2);
  });

  test('stops nothing that needs another, or none', async () => {
    await kit.set('a', needs('alpaca'));
    await kit.set('free', STEP);
    await kit.set('chain', needs('chain:base'));
    serves = (id) => id !== 'a';
    await start();
    expect(await kit.row('free')).toBeNull();
    expect(await kit.row('chain')).toBeNull();
    expect(engine.dependencies().map((it) => [it.name, it.state])).toEqual([
      ['alpaca', 'down'],
      ['chain:base', 'up'],
    ]);
  });

  test('goes on with everybody as soon as one is served', async () => {
    for (let at = 0; at < 40; at += 1) await kit.set(`job${String(at)}`, needs('alpaca'));
    await start(16);
    await kit.ports.advance(3_600_000);
    serves = () => true;
    await kit.ports.advance(LONGEST_BACKOFF_MS);
    expect(await kit.store.count({ table: 'work' })).toBe(0);
    expect(alpaca()).toMatchObject({ state: 'up', reason: null, nextProbeMs: null });
    expect(kit.changes.map((it) => it.state)).toEqual(['down', 'up']);
  });

  test('is told of twice, however long it is down', async () => {
    for (const id of ['a', 'b', 'c']) await kit.set(id, needs('alpaca'));
    await start();
    await kit.ports.advance(1_800_000);
    serves = () => true;
    await kit.ports.advance(LONGEST_BACKOFF_MS);
    expect(kit.log.entries.filter((it) => it.level !== 'debug').map((it) => it.message)).toEqual([
      'dependency down',
      'dependency up',
    ]);
  });

  test('is off the list when no operation needs it any more', async () => {
    await kit.set('a', needs('alpaca'));
    await start();
    await kit.set('a', END);
    await kit.ports.advance(2 * LONGEST_DELAY_MS);
    expect(alpaca()?.state).toBe('up');
  });

  test('a probe that fails for a reason of its own proves nothing', async () => {
    await kit.set('a', needs('alpaca'));
    await kit.set('b', needs('alpaca'));
    let broken = false;
    engine = kit.engine([
      {
        kind: 'job',
        concurrency: 1,
        step: (row) => (broken ? Promise.reject(new TypeError('boom')) : step(row)),
      },
    ]);
    engine.start();
    await engine.idle();
    broken = true;
    await kit.ports.advance(400);
    expect(alpaca()?.state).toBe('down');
    broken = false;
    serves = () => true;
    await kit.ports.advance(2000);
    expect(alpaca()?.state).toBe('up');
    expect(await kit.store.count({ table: 'work' })).toBe(0);
  });
});

describe('a poisoned operation', () => {
  beforeEach(() => {
    serves = (id) => id !== 'poisoned';
  });

  test('does not keep its dependency down', async () => {
    await kit.set('poisoned', needs('alpaca'));
    await kit.ports.advance(1);
    for (let at = 0; at < 10; at += 1) await kit.set(`job${String(at)}`, needs('alpaca'));
    await start();
    await kit.ports.advance(2 * FIRST_BACKOFF_MS);
    expect(alpaca()?.state).toBe('up');
    expect(await kit.store.count({ table: 'work' })).toBe(1);
  });

  test('backs off alone from then on, and pauses the others no more', async () => {
    await kit.set('poisoned', needs('alpaca'));
    await kit.ports.advance(1);
    await kit.set('good', needs('alpaca'));
    await start();
    for (let at = 0; at < 100; at += 1) {
      await kit.ports.advance(1000);
      await kit.set(`job${String(at)}`, needs('alpaca'));
      await engine.idle();
      expect(await kit.row(`job${String(at)}`)).toBeNull();
    }
    expect(kit.changes.map((it) => it.state)).toEqual(['down', 'up']);
    const row = await kit.row('poisoned');
    expect(row?.attempts).toBeGreaterThan(5);
    expect(row?.lastError?.message).toBe('503 to poisoned');
    expect(asked.filter((id) => id === 'poisoned').length).toBeLessThan(15);
  });

  test('that is the only one left to fail is shown as the reason, until somebody is served', async () => {
    await kit.set('poisoned', needs('alpaca'));
    await kit.ports.advance(1);
    await kit.set('good', needs('alpaca'));
    await start();
    await kit.ports.advance(2 * LONGEST_BACKOFF_MS);
    expect(alpaca()).toMatchObject({ state: 'up', reason: { message: '503 to poisoned' } });
    await kit.set('next', needs('alpaca'));
    await engine.idle();
    expect(alpaca()).toMatchObject({ state: 'up', reason: null });
  });

  test('that was alone for long does not make a new one wait for the next probe', async () => {
    await kit.set('poisoned', needs('alpaca'));
    await start();
    await kit.ports.advance(600_000);
    await kit.ports.advance((alpaca()?.nextProbeMs ?? 0) - kit.ports.clock.nowMs());
    await kit.ports.advance(1000);
    expect(alpaca()?.state).toBe('down');
    await kit.set('new', needs('alpaca'));
    await engine.idle();
    expect(await kit.row('new')).toBeNull();
    expect(alpaca()?.state).toBe('up');
  });

  test('is like any other again once it is served', async () => {
    await kit.set('poisoned', needs('alpaca'));
    await kit.ports.advance(1);
    await kit.set('good', needs('alpaca'));
    await start();
    await kit.ports.advance(5000);
    serves = () => true;
    await kit.ports.advance(LONGEST_BACKOFF_MS);
    expect(await kit.row('poisoned')).toBeNull();
    serves = () => false;
    await kit.set('poisoned', needs('alpaca'));
    await engine.idle();
    expect(alpaca()?.state).toBe('down');
  });
});

describe('a dependency that the row does not name', () => {
  test('pauses those that do, and the row itself backs off until it is served', async () => {
    serves = () => false;
    await kit.set('a', needs('chain:base'));
    await start();
    expect(await kit.row('a')).toMatchObject({ attempts: 1, lastError: { message: '503 to a' } });
    await kit.set('b', needs('alpaca'));
    await engine.idle();
    expect(asked).toEqual(['a']);
    serves = () => true;
    await kit.ports.advance(60_000);
    expect(await kit.store.count({ table: 'work' })).toBe(0);
    expect(engine.dependencies().every((it) => it.state === 'up')).toBe(true);
  });
});

describe('steps in flight when the outage begins', () => {
  test('count as one failure, not as many', async () => {
    const gate = createGate();
    for (let at = 0; at < 10; at += 1) await kit.set(`job${String(at)}`, needs('alpaca'));
    engine = kit.engine([
      {
        kind: 'job',
        step: async () => {
          await gate.opened;
          throw new DependencyDown('alpaca', 'down');
        },
      },
    ]);
    engine.start();
    await kit.ports.settle();
    gate.open();
    await engine.idle();
    const pauseMs = (alpaca()?.nextProbeMs ?? 0) - kit.ports.clock.nowMs();
    expect(pauseMs).toBeLessThanOrEqual(FIRST_BACKOFF_MS);
    expect((await kit.store.find({ table: 'work' })).map((row) => row['attempts'])).toEqual(
      Array.from({ length: 10 }, () => 0),
    );
  });
});
