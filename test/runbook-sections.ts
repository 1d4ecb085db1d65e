import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One section of docs/runbook.md that is about alarms. */
export interface RunbookSection {
  readonly title: string;
  readonly alarms: readonly string[];
  /** Lines to type, without `npx `. */
  readonly commands: readonly string[];
  readonly text: string;
}

/** Reads the sections that name alarms, in order. */
export function runbookSections(): readonly RunbookSection[] {
  return sections().filter((it) => it.alarms.length > 0);
}

/** Every command of the document, those outside of sections too. */
export function runbookCommands(): readonly string[] {
  return [...new Set(sections().flatMap((it) => it.commands))];
}

function sections(): readonly RunbookSection[] {
  const text = readFileSync(join(import.meta.dirname, '..', 'docs', 'runbook.md'), 'utf8');
  return text.split(/^##? /m).map((section) => ({
    title: section.split('\n')[0] ?? '',
    alarms: [...(/^Alarms: (.+)$/m.exec(section)?.[1] ?? '').matchAll(/`(\w+)`/g)].map(
      ([, name = '']) => name,
    ),
    commands: [...section.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block = '']) =>
      block
        .trim()
        .split('\n')
        .map((line) => line.replace(/^npx /, '')),
    ),
    text: section,
  }));
}
