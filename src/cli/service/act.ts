import type { Command } from 'commander';
import type { Service } from './service-command.ts';

/** What an operator says with every action that changes something. */
export interface ActionOptions {
  readonly reason: string;
  readonly dryRun?: true;
}

/** Gives a command `--reason`, which the log keeps, and where the route knows it `--dry-run`. */
export function actionOptions(command: Command, { dryRun }: { readonly dryRun: boolean }): Command {
  command.requiredOption('--reason <text>', 'why, in your own words; the log keeps it with your name');
  return dryRun ? command.option('--dry-run', 'say what would be done, and do nothing') : command;
}

/** Posts an operator's action and gives the answer. What the service refuses is told by `withService`. */
export function act(
  { api }: Pick<Service, 'api'>,
  path: string,
  { reason, dryRun }: ActionOptions,
  more: Readonly<Record<string, unknown>> = {},
  timeoutMs?: number,
): Promise<unknown> {
  const body = { ...more, reason, ...(dryRun === true ? { dry_run: true } : {}) };
  return api.call('POST', path, body, timeoutMs);
}

/** Prints one answer: as it came, or in words. */
export function printAnswer(
  { output, json }: Pick<Service, 'output' | 'json'>,
  answer: unknown,
  lines: readonly string[],
): void {
  if (json) output.json(answer);
  else output.lines(lines);
}
