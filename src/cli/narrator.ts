import { gridLines } from './output/table.ts';

/** Says what happens, with the time since the start in front, for a person at a terminal. */
export interface Narrator {
  say(line: string): void;
  /** A heading with an empty line before it. */
  chapter(title: string): void;
  /** Rows of equal length as aligned columns. */
  table(rows: readonly (readonly string[])[]): void;
  plain(line: string): void;
}

export function createNarrator(write: (line: string) => void): Narrator {
  const startMs = performance.now();
  const stamp = (): string => `${((performance.now() - startMs) / 1000).toFixed(1).padStart(5)} s`;
  return {
    say: (line) => {
      write(`${stamp()}  ${line}`);
    },
    chapter(title) {
      write('');
      write(title);
    },
    table(rows) {
      for (const line of gridLines(rows)) write(`  ${line}`);
    },
    plain: write,
  };
}
