import { decodeLog, type MalformedLog, type OtherLog, type VaultLog } from '../../vault/logs.ts';
import type { RawLog } from '../raw-log.ts';
import type { DeadLetter } from './dead-letter.ts';

/** A log that says something about shares or receipts. */
export type DecodedLog = Exclude<VaultLog, MalformedLog | OtherLog>;

/** Reads logs one by one: one that cannot be read does not hold up the others. */
export function decodeLogs(logs: readonly RawLog[]): {
  readonly decoded: readonly DecodedLog[];
  readonly malformed: readonly DeadLetter[];
} {
  const decoded: DecodedLog[] = [];
  const malformed: DeadLetter[] = [];
  for (const log of logs) {
    const it = decodeLog(log);
    if (it.kind === 'malformed') malformed.push({ log, why: `${it.name}: ${it.why}` });
    else if (it.kind !== 'other') decoded.push(it);
  }
  return { decoded, malformed };
}
