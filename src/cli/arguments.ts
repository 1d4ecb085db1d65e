import { InvalidArgumentError } from 'commander';
import { parseMoment } from './output/moments.ts';

/** Reads a whole number of an option; commander tells what is wrong with it. */
export function wholeNumber(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`${name} takes a whole number from ${String(least)} to ${String(most)}.`);
  };
}

/** Reads a moment of an option as RFC 3339 in UTC. */
export function moment(text: string): string {
  const read = parseMoment(text);
  if (read !== null) return read;
  throw new InvalidArgumentError(
    'It takes a moment such as 2026-11-25T18:48:19Z or "2026-11-25 18:48:19", in UTC unless it says otherwise.',
  );
}
