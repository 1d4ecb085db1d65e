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

const BYTES_OF_MB = 1_000_000;
const BYTES_OF_KIB = 1_024;

/** Resident memory of a process, in MB. */
export function residentMb(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`process ${String(pid)} shows no resident memory`);
  return (Number(kib) * BYTES_OF_KIB) / BYTES_OF_MB;
}
