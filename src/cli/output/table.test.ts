import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Paint } from './output.ts';
import type { Column } from './table.ts';
import { fieldLines, tableLines } from './table.ts';

interface Fruit {
  readonly id: string;
  readonly name: string;
  readonly weight: string | null;
  readonly note: string | null;
}

const plain: Paint = (_tone, text) => text;
const columns: readonly Column<Fruit>[] = [
  { head: 'ID', cell: (it) => it.id },
  { head: 'NAME', cell: (it) => it.name },
  { head: 'WEIGHT', cell: (it) => it.weight, align: 'right' },
  { head: 'NOTE', cell: (it) => it.note },
];
const fruits: readonly Fruit[] = [
  { id: 'a-long-id-0001', name: 'apple', weight: '12.5', note: 'kept in the dark, and turned each day' },
  { id: 'a-long-id-0002', name: 'fig', weight: null, note: null },
  { id: 'a-long-id-0003', name: 'pear', weight: '107', note: 'ripe' },
];

describe('a table', () => {
  test('without a terminal is one line a row, with every column', () => {
    expect(tableLines(fruits, columns, { width: null, paint: plain })).toEqual([
      'ID              NAME   WEIGHT  NOTE',
      'a-long-id-0001  apple    12.5  kept in the dark, and turned each day',
      'a-long-id-0002  fig         -  -',
      'a-long-id-0003  pear      107  ripe',
    ]);
  });

  test('keeps every row on its line, whatever stands in a cell', () => {
    const hostile = fruits.map((it) => ({ ...it, name: `${it.name}\nsecond\u001b[2J` }));
    for (const width of [null, 24]) {
      const lines = tableLines(hostile, columns, { width, paint: plain });
      for (const { id, name } of fruits) {
        const text = lines.slice(lines.findIndex((it) => it.startsWith(id))).join(' ');
        expect(text).toMatch(new RegExp(`^${id}.*${name} +second \\[2J`));
      }
      expect(lines.join('')).not.toContain('\u001b');
    }
    expect(fieldLines([['reason', 'one\ntwo', 'bad']], { paint: plain })).toEqual(['  reason  one two']);
  });

  test('puts what does not fit under its row', () => {
    expect(tableLines(fruits, columns, { width: 32, paint: plain })).toEqual([
      'ID              NAME   WEIGHT',
      'a-long-id-0001  apple    12.5',
      '  note kept in the dark, and',
      '  turned each day',
      'a-long-id-0002  fig         -',
      'a-long-id-0003  pear      107',
      '  note ripe',
    ]);
  });

  test('joins what stands under a row, and leaves names out where a value explains itself', () => {
    const bare = columns.map((it) => (it.head === 'WEIGHT' ? { ...it, bare: true as const } : it));
    expect(tableLines(fruits.slice(2), bare, { width: 20, paint: plain })).toEqual([
      'ID              NAME',
      'a-long-id-0003  pear',
      '  107 · note ripe',
    ]);
  });

  test('leaves out, on a terminal, a column that nothing has', () => {
    const without = fruits.map((it) => ({ ...it, weight: null, note: null }));
    expect(tableLines(without.slice(0, 1), columns, { width: 80, paint: plain })).toEqual([
      'ID              NAME',
      'a-long-id-0001  apple',
    ]);
  });

  test('is as wide with colours as without', () => {
    const painted: readonly Column<Fruit>[] = columns.map((it) => ({ ...it, tone: () => 'bad' }));
    const paint: Paint = (tone, text) => (tone === 'bad' ? `\u001b[31m${text}\u001b[39m` : text);
    const colored = tableLines(fruits, painted, { width: 32, paint }).join('\n');
    expect(colored).toContain('\u001b[31mapple\u001b[39m');
    const bare = colored.replaceAll('\u001b[31m', '').replaceAll('\u001b[39m', '');
    expect(bare).toBe(tableLines(fruits, columns, { width: 32, paint: plain }).join('\n'));
  });

  test('never cuts a word, and is never wider than the terminal but for a single word', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,40}$/);
    const text = fc.array(word, { minLength: 1, maxLength: 6 }).map((it) => it.join(' '));
    const fruit = fc.record({ id: word, name: word, weight: fc.option(word), note: fc.option(text) });
    fc.assert(
      fc.property(
        fc.array(fruit, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 10, max: 120 }),
        (rows, width) => {
          const lines = tableLines(rows, columns, { width, paint: plain });
          const words = new Set(lines.flatMap((it) => it.split(/\s+/)));
          for (const row of rows)
            for (const cell of [row.id, row.name, row.weight, ...(row.note?.split(' ') ?? [])])
              expect(cell === null || words.has(cell)).toBe(true);
          expect(lines.filter((it) => it.length > width && it.trim().includes(' '))).toEqual([]);
        },
      ),
    );
  });
});

test('fields stand under each other, without those that have no value', () => {
  expect(
    fieldLines(
      [
        ['store', 'ok'],
        ['nothing', null],
        ['a longer name', 'x'],
      ],
      { paint: plain },
    ),
  ).toEqual(['  store          ok', '  a longer name  x']);
});
