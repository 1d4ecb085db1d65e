import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One `### issuer …` section of docs/cli.md. */
export interface DocumentedCommand {
  /** As in the heading: `issuer show <id>`. */
  readonly usage: string;
  readonly description: string;
  /** What its table lists, in order: arguments by their names, options by their long ones. */
  readonly rows: readonly { readonly name: string; readonly meaning: string }[];
  readonly examples: readonly DocumentedExample[];
}

/** A command line and all that it printed. */
export interface DocumentedExample {
  /** Without `$ `; may begin with `NAME=value`. */
  readonly command: string;
  readonly output: string;
}

/** Reads the sections of docs/cli.md that describe a command. */
export function documentedCommands(): readonly DocumentedCommand[] {
  const text = readFileSync(join(import.meta.dirname, '..', 'docs', 'cli.md'), 'utf8');
  return text
    .split(/^### /m)
    .slice(1)
    .map((section) => {
      const [heading = '', , description = ''] = section.split('\n');
      return {
        usage: heading.replaceAll('`', '').trim(),
        description,
        rows: [...section.matchAll(/^\| `(?:-\w, )?([\w-]+)[^`]*` \| (.*) \|$/gm)].map(
          ([, name = '', meaning = '']) => ({
            name,
            meaning,
          }),
        ),
        examples: examplesOf(section),
      };
    });
}

/** Every command line with its output in the `console` blocks of a text. */
export function examplesOf(text: string): readonly DocumentedExample[] {
  return [...text.matchAll(/^```console\n([^]*?)^```$/gm)].flatMap(([, block = '']) => examplesIn(block));
}

function examplesIn(block: string): readonly DocumentedExample[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...output] = part.split('\n');
      return { command: command.trim(), output: output.join('\n') };
    });
}
