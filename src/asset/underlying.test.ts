import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Hold, UnderlyingCommand, UnderlyingEvent, UnderlyingState } from './underlying.ts';
import { decideUnderlying, evolveUnderlying, freezeAt, holdStatus, MAX_STANDING } from './underlying.ts';
import { underlyingKind } from './underlying-kind.ts';

const NOW = 1_000;
const hold: Hold = {
  holdId: 'h-1',
  owner: 'corporate actions',
  reason: 'split',
  scope: 'new',
  fromMs: null,
  untilMs: null,
  placedMs: NOW,
  placedBy: 'ana',
};
const other: Hold = { ...hold, holdId: 'h-2', owner: 'compliance', scope: 'all' };
const placed = (it: Hold): UnderlyingEvent => ({ type: 'HoldPlaced', data: it });
const lifting = { liftedMs: NOW + 5, liftedBy: 'ben', reason: 'done' };
const lifted = (holdId: string): UnderlyingEvent => ({ type: 'HoldLifted', data: { holdId, ...lifting } });

function given(...events: readonly UnderlyingEvent[]) {
  const state = events.reduce(evolveUnderlying, underlyingKind.initialState);
  return { state, when: (command: UnderlyingCommand) => () => decideUnderlying(command, state) };
}

const place = (it: Hold): UnderlyingCommand => ({ type: 'place', hold: it });
const lift = (holdId: string): UnderlyingCommand => ({ type: 'lift', holdId, lifting });

describe('an underlying', () => {
  test('given nothing, when a hold is placed, then it says who, why, how much and when', () => {
    expect(given().when(place(hold))()).toEqual([placed(hold)]);
  });

  test('given a hold, when another is placed, then both stand', () => {
    const { state, when } = given(placed(hold));
    expect(when(place(other))()).toEqual([placed(other)]);
    expect(freezeAt(evolveUnderlying(state, placed(other)), NOW).active).toMatchObject([hold, other]);
  });

  test('given two holds, when one is lifted, then the other stands', () => {
    const { when, state } = given(placed(hold), placed(other));
    expect(when(lift('h-2'))()).toEqual([lifted('h-2')]);
    expect(freezeAt(evolveUnderlying(state, lifted('h-2')), NOW)).toMatchObject({ scope: 'new' });
  });

  test('given a lifted hold, when it is lifted again, then nothing happens', () => {
    expect(given(placed(hold), lifted('h-1')).when(lift('h-1'))()).toEqual([]);
  });

  test('given no such hold, when it is lifted, then that is refused', () => {
    expect(given(placed(hold)).when(lift('h-9'))).toThrow(/no hold h-9/);
  });

  test.each([
    ['that ends as it begins', { fromMs: 2_000, untilMs: 2_000 }, /not after from/],
    ['that ends before it begins', { fromMs: 3_000, untilMs: 2_000 }, /not after from/],
    ['that lies in the past', { fromMs: 10, untilMs: 20 }, /over already/],
    ['that ends now', { fromMs: null, untilMs: NOW }, /over already/],
  ])('given nothing, when a window is placed %s, then it is refused', (_what, window, why) => {
    expect(given().when(place({ ...hold, ...window }))).toThrow(why);
  });

  test.each([
    ['began in the past', { fromMs: 10, untilMs: NOW + 1 }],
    ['lies ahead', { fromMs: NOW + 1, untilMs: NOW + 2 }],
    ['never ends', { fromMs: NOW + 1, untilMs: null }],
  ])('given nothing, when a window is placed that %s, then it stands', (_what, window) => {
    expect(given().when(place({ ...hold, ...window }))()).toHaveLength(1);
  });

  test('given as many holds as may stand, when one more is placed, then it is refused until one is lifted', () => {
    const many = Array.from({ length: MAX_STANDING }, (_, at) => placed({ ...hold, holdId: `m-${at}` }));
    expect(given(...many).when(place(hold))).toThrow(/lift some/);
    expect(given(...many, lifted('m-0')).when(place(hold))()).toHaveLength(1);
  });
});

describe('a hold', () => {
  const window = { ...hold, fromMs: 2_000, untilMs: 3_000, lifted: null };
  test.each([
    [1_999, 'future'],
    [2_000, 'active'],
    [2_999, 'active'],
    [3_000, 'past'],
  ])('at %s is %s', (atMs, status) => {
    expect(holdStatus(window, atMs)).toBe(status);
  });

  test('that was lifted is lifted, whatever its window', () => {
    expect(holdStatus({ ...window, lifted: lifting }, 2_500)).toBe('lifted');
  });
});

/** Small moments, so that windows often meet at their edges. */
const moment = fc.option(fc.integer({ min: 0, max: 20 }), { nil: null });
const anyHold = fc.record({ scope: fc.constantFrom('new', 'all'), fromMs: moment, untilMs: moment });
const anyStep = fc.oneof(
  anyHold.map((it) => ({ type: 'place', ...it }) as const),
  fc.nat({ max: 9 }).map((which) => ({ type: 'lift', which }) as const),
);
/** Moments as a clock that jumps shows them. */
const clock = fc.array(fc.integer({ min: -2, max: 22 }), { minLength: 1, maxLength: 20 });

/** Applies what is not refused, at moment 0; the model keeps one plain list of what stands. */
function run(steps: readonly (typeof anyStep extends fc.Arbitrary<infer T> ? T : never)[]) {
  let state: UnderlyingState = underlyingKind.initialState;
  const model = new Map<string, Pick<Hold, 'scope' | 'fromMs' | 'untilMs'>>();
  let count = 0;
  for (const step of steps) {
    const holdId = step.type === 'place' ? `h-${count++}` : `h-${step.which}`;
    try {
      const { type: _type, ...window } = { ...step };
      const command =
        step.type === 'place' ? place({ ...hold, ...window, holdId, placedMs: 0 }) : lift(holdId);
      state = decideUnderlying(command, state).reduce(evolveUnderlying, state);
    } catch {
      continue;
    }
    if (step.type === 'place') model.set(holdId, step);
    else model.delete(holdId);
  }
  return { state, model };
}

describe('for any holds, lifted or not, and any moves of the clock', () => {
  test('an underlying is as frozen as the plain list says', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 15, size: 'max' }), clock, (steps, moments) => {
        const { state, model } = run(steps);
        for (const t of moments) {
          const scopes = [...model.values()]
            .filter(({ fromMs, untilMs }) => (fromMs ?? -Infinity) <= t && t < (untilMs ?? Infinity))
            .map((it) => it.scope);
          const expected = scopes.includes('all') ? 'all' : scopes.includes('new') ? 'new' : 'none';
          expect(freezeAt(state, t).scope).toBe(expected);
          expect(freezeAt(state, t).active).toHaveLength(scopes.length);
        }
      }),
    );
  });

  test('the answer is the same all through its period, and the period ends where it says', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 15, size: 'max' }), clock, (steps, moments) => {
        const { state } = run(steps);
        for (const t of moments) {
          const period = freezeAt(state, t);
          expect(period.sinceMs === null || period.sinceMs <= t).toBe(true);
          expect(period.untilMs === null || t < period.untilMs).toBe(true);
          for (let at = period.sinceMs ?? -5; at < (period.untilMs ?? 25); at += 1) {
            expect(freezeAt(state, at)).toEqual(period);
          }
          const ended = period.untilMs === null ? null : freezeAt(state, period.untilMs);
          expect(ended).not.toEqual(period);
        }
      }),
    );
  });

  test('lifting one hold changes nothing about the others', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 15, size: 'max' }), fc.nat({ max: 9 }), (steps, which) => {
        const { state } = run(steps);
        const holdId = `h-${which}`;
        if (!state.holds.some((it) => it.holdId === holdId)) return;
        const after = decideUnderlying(lift(holdId), state).reduce(evolveUnderlying, state);
        const others = (it: UnderlyingState) => it.holds.filter((one) => one.holdId !== holdId);
        expect(others(after)).toEqual(others(state));
      }),
    );
  });
});
