import { statSync } from 'node:fs';
import { DatabaseCopied } from '../errors.ts';
import type { Connection } from './connection.ts';
import { META, readMeta } from './meta.ts';

/** What tells a file from a copy of it. The host's name does not: it changes with every container. */
export interface FileIdentity {
  readonly inode: string;
  /** Nanoseconds since the epoch, as digits. Null where the system does not tell, or has not told yet. */
  readonly bornNs: string | null;
}

/**
 * The file's inode and birth time. A rename within one file system keeps both; a copy has others, and one that is
 * written over an existing file has that file's.
 */
export function identifyFile(path: string): FileIdentity {
  const { ino, birthtimeNs, ctimeNs } = statSync(path, { bigint: true });
  // Where the system knows of no birth time there is 0, or the time of the last change in its place. A file that was
  // really born a moment ago looks the same, and is told by its inode alone until the next start.
  const isTold = birthtimeNs > 0n && birthtimeNs !== ctimeNs;
  return { inode: String(ino), bornNs: isTold ? String(birthtimeNs) : null };
}

/** Which file served last, as the database itself says; null when none did, or since this is a backup. */
export function readServedFile(connection: Connection): FileIdentity | null {
  const text = readMeta(connection, META.servedFile);
  return text === null ? null : (JSON.parse(text) as FileIdentity);
}

/** @throws DatabaseCopied when another file served last. */
export function refuseCopy(connection: Connection, found: FileIdentity): void {
  const noted = readServedFile(connection);
  if (noted === null || isSame(noted, found)) return;
  throw new DatabaseCopied(connection.path, describe(noted), describe(found));
}

function isSame(noted: FileIdentity, found: FileIdentity): boolean {
  return noted.inode === found.inode && (noted.bornNs === null || noted.bornNs === found.bornNs);
}

function describe({ inode, bornNs }: FileIdentity): string {
  const born = bornNs === null ? null : new Date(Number(BigInt(bornNs) / 1_000_000n)).toISOString();
  return `inode ${inode}${born === null ? '' : `, made at ${born}`}`;
}
