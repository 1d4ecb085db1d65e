import type { Machine } from './machine.ts';
import type { Measured } from './run-scenario.ts';
import type { FigureSpec, Scenario } from './scenario.ts';

const INTRODUCTION = [
  '`npm run bench` measures what stands here and writes this page; `npm run bench -- --help` tells what else it',
  'can do. Each figure is taken on the whole service or on the part that it names, with real files, real sockets and',
  'a real local chain; what produces the load shares the machine. Where two ways of working are compared, they take',
  'turns in one run.',
].join('\n');

/** One run of the benchmarks. */
export interface Run {
  readonly machine: Machine;
  readonly commit: string;
  /** RFC 3339. */
  readonly date: string;
  readonly results: readonly Result[];
}

export interface Result {
  readonly scenario: Scenario;
  readonly measured: Measured;
}

/** Digits that a value deserves: three that count. */
export function formatValue(value: number): string {
  const size = Math.abs(value);
  const decimals = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: 0, maximumFractionDigits: decimals });
}

export function formatTarget({ target, unit }: FigureSpec): string {
  return 'atLeast' in target
    ? `≥ ${formatValue(target.atLeast)} ${unit}`
    : `≤ ${formatValue(target.atMost)} ${unit}`;
}

export function isMet({ target }: FigureSpec, value: number): boolean {
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}

/** For programs: `figures` maps every name to its number, in the unit that the name says. */
export function asJson({ machine, commit, date, results }: Run): string {
  const figures = Object.assign({}, ...results.map(({ measured }) => measured.figures)) as object;
  return `${JSON.stringify({ date, commit, machine, figures }, null, 2)}\n`;
}

/** For a terminal. */
export function asTable({ results }: Run): string {
  const rows = results.flatMap(({ scenario, measured }) =>
    scenario.figures.flatMap((spec) => {
      const value = measured.figures[spec.name];
      if (value === undefined) return [];
      const measuredText = `${formatValue(value)} ${spec.unit}`;
      return [[spec.name, measuredText, formatTarget(spec), isMet(spec, value) ? 'met' : 'missed']];
    }),
  );
  const all = [['figure', 'measured', 'target', ''], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** The page of the documentation. */
export function asMarkdown(run: Run): string {
  const { machine } = run;
  return `# Benchmarks

${INTRODUCTION}

| | |
|---|---|
| Processor | ${machine.cpu}, ${String(machine.cores)} cores |
| Memory | ${String(machine.memoryGb)} GB |
| Disk | ${machine.disk} |
| Node | ${machine.node} |
| SQLite | ${machine.sqlite} |
| Date | ${run.date} |
| Commit | ${run.commit} |

| Figure | Target | Measured | | What limits it now |
|---|---|---|---|---|
${run.results.flatMap(markdownRows).join('\n')}

## How each was taken

${run.results.map(markdownNotes).join('\n\n')}
`;
}

function markdownRows({ scenario, measured }: Result): readonly string[] {
  return scenario.figures.map((spec) => {
    const value = measured.figures[spec.name] ?? Number.NaN;
    const cells = [
      `\`${spec.name}\`: ${spec.what}`,
      formatTarget(spec),
      `${formatValue(value)} ${spec.unit}`,
      isMet(spec, value) ? 'met' : '**missed**',
      spec.limit,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
}

function markdownNotes({ scenario, measured }: Result): string {
  const seconds = (measured.tookMs / 1000).toFixed(0);
  return [`**${scenario.title}** (${seconds} s)`, '', ...measured.notes.map((note) => `- ${note}`)]
    .join('\n')
    .trimEnd();
}
