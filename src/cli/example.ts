import type { Command } from 'commander';

/** Ends a command's `--help` with an example of its use. */
export function withExample(command: Command, ...lines: readonly string[]): Command {
  const title = lines.length === 1 ? 'Example' : 'Examples';
  return command.addHelpText('after', ['', `${title}:`, ...lines.map((it) => `  $ ${it}`)].join('\n'));
}
