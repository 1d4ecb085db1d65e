import type { Command } from 'commander';
import { Option } from 'commander';
import { moment, wholeNumber } from '../arguments.ts';
import { absoluteTime } from '../output/moments.ts';
import type { Service } from './service-command.ts';

/** A point of the past that a command asks about. */
export interface PointOptions {
  readonly at?: string;
  readonly atPosition?: number;
}

/** Gives a command `--at` and `--at-position`. `as`: how what it shows stood, in words. */
export function pointOptions(command: Command, as = 'as it was'): Command {
  return command
    .addOption(
      new Option('--at <moment>', `${as} then; UTC unless it says otherwise`)
        .argParser(moment)
        .conflicts('atPosition'),
    )
    .addOption(
      new Option('--at-position <number>', `${as} at this position of the log`).argParser(
        wholeNumber('--at-position', 1, Number.MAX_SAFE_INTEGER),
      ),
    );
}

/** What the service is asked with. */
export function pointQuery({ at, atPosition }: PointOptions): {
  readonly at: string | undefined;
  readonly position: string | undefined;
} {
  return { at, position: atPosition === undefined ? undefined : String(atPosition) };
}

/** Says, to people, of when what follows is. */
export function tellPoint(
  { output, json }: Pick<Service, 'output' | 'json'>,
  point: PointOptions,
  it = 'it was',
): void {
  const { at, atPosition } = point;
  if (json) return;
  if (at !== undefined) output.line(`As ${it} at ${absoluteTime(at, true)}:`);
  if (atPosition !== undefined) output.line(`As ${it} at position ${String(atPosition)} of the log:`);
}
