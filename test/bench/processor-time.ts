import { readFileSync } from 'node:fs';

/** Ms of one clock tick: Linux tells processor time in hundredths of a second. */
const TICK_MS = 10;

/** Processor time that a process has taken so far, in ms, all its threads together. */
export function processorMs(pid: number): number {
  // The second field is the program's name in brackets, and may hold spaces.
  const fields =
    readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .split(') ')
      .at(-1)
      ?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
