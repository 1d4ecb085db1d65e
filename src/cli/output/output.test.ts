import { describe, expect, test } from 'vitest';
import { createOutput } from './output.ts';

function stream(options: { readonly isTTY?: boolean; readonly columns?: number }) {
  const written: string[] = [];
  return {
    ...options,
    written,
    write: (text: string) => written.push(text),
    on: () => undefined,
  };
}

describe('output', () => {
  test.each([
    ['a terminal', { isTTY: true }, {}, true],
    ['a pipe', {}, {}, false],
    ['a pipe in a build', {}, { CI: '1' }, false],
    ['a terminal with NO_COLOR', { isTTY: true }, { NO_COLOR: '1' }, false],
    ['a terminal with an empty NO_COLOR', { isTTY: true }, { NO_COLOR: '' }, true],
    ['a terminal that knows no colours', { isTTY: true }, { TERM: 'dumb' }, false],
  ])('%s', (_what, to, env, colored) => {
    expect(createOutput(stream(to), env).paint('bad', 'x')).toBe(colored ? '\u001b[31mx\u001b[39m' : 'x');
  });

  test('knows the width of a terminal, and none of a pipe', () => {
    expect(createOutput(stream({ isTTY: true, columns: 132 }), {}).width).toBe(132);
    expect(createOutput(stream({ isTTY: true }), {}).width).toBe(80);
    expect(createOutput(stream({ columns: 132 }), {}).width).toBeNull();
    expect(createOutput(stream({}), { COLUMNS: '100' }).width).toBe(100);
    expect(createOutput(stream({}), { COLUMNS: 'many' }).width).toBeNull();
  });

  test('prints JSON as one document', () => {
    const to = stream({});
    createOutput(to, {}).json({ items: ['1'] });
    expect(to.written.join('')).toBe('{\n  "items": [\n    "1"\n  ]\n}\n');
  });
});
