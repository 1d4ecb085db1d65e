import { describe, expect, test } from 'vitest';
import { absoluteTime, momentText, parseMoment, relativeTime } from './moments.ts';

const AT = '2026-11-25T18:48:19.123Z';
const AT_MS = Date.parse(AT);

test.each([
  [0, 'now'],
  [999, 'now'],
  [1_000, '1 s ago'],
  [59_999, '59 s ago'],
  [60_000, '1 min ago'],
  [3_600_000, '1 h ago'],
  [47 * 3_600_000, '47 h ago'],
  [48 * 3_600_000, '2 d ago'],
  [-5_000, 'in 5 s'],
])('%i ms later it was %s', (laterMs, words) => {
  expect(relativeTime(AT, AT_MS + laterMs)).toBe(words);
});

test('a moment is told in UTC, and how long ago', () => {
  expect(momentText(AT, AT_MS + 180_000)).toBe('2026-11-25 18:48:19 UTC (3 min ago)');
  expect(absoluteTime('2026-11-25T20:48:19.123+02:00', true)).toBe('2026-11-25 18:48:19.123 UTC');
});

describe('a moment that a person types', () => {
  test.each([
    [AT, AT],
    [absoluteTime(AT, true), AT],
    ['2026-11-25 18:48', '2026-11-25T18:48:00.000Z'],
    ['2026-11-25T18:48:19', '2026-11-25T18:48:19.000Z'],
    ['2026-11-25 20:48:19.1+02:00', '2026-11-25T18:48:19.100Z'],
    ['2026-11-25 20:48:19 +02:00', '2026-11-25T18:48:19.000Z'],
    [' 2026-11-25 ', '2026-11-25T00:00:00.000Z'],
  ])('%j is %s', (text, iso) => {
    expect(parseMoment(text)).toBe(iso);
  });

  test.each([
    '',
    'yesterday',
    '18:48',
    '2026-02-30',
    '2026-13-01',
    '2026-11-25 25:00',
    '1764096499',
    '2026-11-25 18',
  ])('%j is none', (text) => {
    expect(parseMoment(text)).toBeNull();
  });
});
