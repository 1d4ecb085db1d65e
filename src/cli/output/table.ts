import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import { oneLine } from './one-line.ts';
import type { Output, Tone } from './output.ts';

export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string | null;
  readonly tone?: (row: Row) => Tone | null;
  readonly align?: 'right';
  /** Under its row it stands without its head: it explains itself. */
  readonly bare?: true;
}

const GAP = 2;
const NOTHING = '-';
const INDENT = '  ';
const SEPARATOR = ' · ';

/** The parts of a frame that cli-table3 draws; a table of ours has none, so that ids are copied without it. */
const FRAMELESS = Object.fromEntries(
  ['top', 'bottom', 'left', 'mid', 'right'].flatMap((side) =>
    ['', '-mid', '-left', '-right'].map((corner) => [`${side}${corner}`, '']),
  ),
);

/**
 * Lines of a table. Columns that do not fit the terminal stand under their row, so that nothing is cut and every id is
 * whole, and columns without any value are left out. Without a terminal each row is one line of all columns.
 */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { width, paint }: Pick<Output, 'width' | 'paint'>,
): readonly string[] {
  const [fitting, others] = split(columns, rows, width);
  const cellOf = (column: Column<Row>, row: Row): string | null => {
    const text = textOf(column, row);
    const tone = text === null ? null : (column.tone?.(row) ?? null);
    return text === null || tone === null ? text : paint(tone, text);
  };
  const [head = '', ...grid] = gridLines(
    [
      fitting.map((it) => paint('strong', it.head)),
      ...rows.map((row) => fitting.map((it) => cellOf(it, row) ?? NOTHING)),
    ],
    fitting.map((it) => it.align ?? 'left'),
  );
  const below = (row: Row): readonly string[] => {
    const parts = others.flatMap((it) => {
      const text = cellOf(it, row);
      if (text === null) return [];
      return [it.bare === true ? text : `${paint('quiet', it.head.toLowerCase())} ${text}`];
    });
    return wrapParts(parts, width ?? Infinity);
  };
  return [head, ...rows.flatMap((row, at) => [grid[at] ?? '', ...below(row)])];
}

function textOf<Row>(column: Column<Row>, row: Row): string | null {
  const text = column.cell(row);
  return text === null ? null : oneLine(text);
}

/** Names and values under each other, as `show` has them; what has no value is left out. */
export function fieldLines(fields: readonly Field[], { paint }: Pick<Output, 'paint'>): readonly string[] {
  return gridLines(
    fields.flatMap(([name, value, tone]) => {
      if (value === null) return [];
      const shown = oneLine(value);
      return [[`${INDENT}${paint('quiet', name)}`, tone === undefined ? shown : paint(tone, shown)]];
    }),
  );
}

type Field = readonly [name: string, value: string | null, tone?: Tone];

/** Cells in columns, without frame and without spaces at the ends. */
export function gridLines(
  rows: readonly (readonly string[])[],
  alignments: readonly ('left' | 'right')[] = [],
): readonly string[] {
  if (rows.length === 0) return [];
  const table = new Table({
    chars: { ...FRAMELESS, middle: '' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    colAligns: [...alignments],
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

/** From the left, each column that still fits. The first one always does: it is what a row is known by. */
function split<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number | null,
): readonly [fitting: readonly Column<Row>[], others: readonly Column<Row>[]] {
  const fitting: Column<Row>[] = [];
  const others: Column<Row>[] = [];
  let used = 0;
  for (const column of columns) {
    const cells = rows.map((row) => textOf(column, row));
    if (width !== null && fitting.length > 0 && cells.every((it) => it === null)) continue;
    const texts = cells.map((it) => it ?? NOTHING);
    const own = Math.max(column.head.length, ...texts.map((it) => stripVTControlCharacters(it).length));
    const needed = fitting.length === 0 ? own : GAP + own;
    if (fitting.length > 0 && width !== null && used + needed > width) others.push(column);
    else {
      fitting.push(column);
      used += needed;
    }
  }
  return [fitting, others];
}

/** Breaks between parts, and within a long one between its words; what has no space is never broken. */
function wrapParts(parts: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  const lengthOf = (text: string): number => stripVTControlCharacters(text).length;
  const add = (text: string, glue: string): void => {
    const longer = line === '' ? `${INDENT}${text}` : `${line}${glue}${text}`;
    if (line === '' || lengthOf(longer) <= width) {
      line = longer;
      return;
    }
    lines.push(line);
    line = `${INDENT}${text}`;
  };
  for (const part of parts) {
    if (lengthOf(part) + INDENT.length <= width) add(part, SEPARATOR);
    else for (const [at, word] of part.split(' ').entries()) add(word, at === 0 ? SEPARATOR : ' ');
  }
  return line === '' ? lines : [...lines, line];
}
