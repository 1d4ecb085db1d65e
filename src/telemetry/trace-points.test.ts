import { describe, expect, test } from 'vitest';
import { parseTraceparent, tracePointOf } from './trace-points.ts';

describe('the trace of an id', () => {
  test("is an operation's UUID itself, in whatever case", () => {
    const point = { traceId: '0123456789ab5def8123456789abcdef', spanId: '8123456789abcdef' };
    expect(tracePointOf('01234567-89ab-5def-8123-456789abcdef')).toEqual(point);
    expect(tracePointOf('01234567-89AB-5DEF-8123-456789ABCDEF')).toEqual(point);
  });

  test('is derived from anything else, always alike, and never empty', () => {
    const one = tracePointOf('transaction/31337/0xabc/7');
    expect(one).toEqual(tracePointOf('transaction/31337/0xabc/7'));
    expect(one).not.toEqual(tracePointOf('transaction/31337/0xabc/8'));
    expect(one.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(one.spanId).toMatch(/^[89ab][0-9a-f]{15}$/);
  });
});

describe('traceparent', () => {
  const [traceId, spanId] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];

  test.each<[string, boolean]>([
    ['01', true],
    ['00', false],
    ['03', true],
  ])('flags %s', (flags, sampled) => {
    expect(parseTraceparent(`00-${traceId}-${spanId}-${flags}`)).toEqual({ traceId, spanId, sampled });
  });

  test.each([
    undefined,
    '',
    `01-${traceId}-${spanId}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId}-${spanId}-01-more`,
  ])('%s is none', (header) => {
    expect(parseTraceparent(header)).toBeNull();
  });
});
