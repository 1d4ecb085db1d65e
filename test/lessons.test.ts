import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
/** Rows of each part, as many as there are lessons. */
const PARTS: Readonly<Record<string, number>> = {
  '1. Money': 19,
  '2. Liveness': 19,
  '3. Operators': 9,
  '4. Crash points': 28,
  '5. Misbehaviour of others': 55,
};

interface NamedTest {
  readonly path: string;
  readonly title: string;
}

/** The parts of the document, each with its rows, each with the tests that it names. */
function readParts(): ReadonlyMap<string, readonly (readonly NamedTest[])[]> {
  const text = readFileSync(join(ROOT, 'docs', 'lessons.md'), 'utf8');
  const parts = text.split(/^## /m).slice(1);
  return new Map(
    parts.map((part) => {
      const [heading = '', ...lines] = part.split('\n');
      const rows = lines.filter((it) => it.startsWith('| ') && !it.startsWith('| What happened'));
      return [heading, rows.map(testsOf)] as const;
    }),
  );
}

function testsOf(row: string): readonly NamedTest[] {
  const cell = row.replaceAll('\\|', '¦').split('|')[2] ?? '';
  return cell.split('<br>').map((it) => {
    const [, path = '', title = ''] = /^ *`([^`]+)` › (.+?) *$/.exec(it) ?? [];
    return { path, title: title.replaceAll('¦', '|') };
  });
}

describe('docs/lessons.md', () => {
  const parts = readParts();

  test('has every lesson', () => {
    const counts = Object.fromEntries([...parts].map(([heading, rows]) => [heading, rows.length]));
    expect(counts).toEqual(PARTS);
  });

  test('names for each lesson tests that there are', () => {
    const named = [...parts.values()].flat(2);
    const wrong = named.filter(({ path, title }) => {
      const isTest = /^(src|test)\/.+\.ts$/.test(path) && existsSync(join(ROOT, path));
      return !isTest || title === '' || !readFileSync(join(ROOT, path), 'utf8').includes(title);
    });
    expect(wrong).toEqual([]);
  });
});
