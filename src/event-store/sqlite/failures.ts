import { InvalidRow, UniqueViolation } from '../errors.ts';

/** Low byte of SQLite's result codes for a broken constraint: https://sqlite.org/rescode.html#constraint */
const SQLITE_CONSTRAINT = 19;

/** Result codes that mean "another connection holds the lock". */
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

/** No leave to write, or a disk that the system made read-only. */
const SQLITE_READONLY = 8;
/** Pages that contradict each other, or that are not there. */
const SQLITE_CORRUPT = 11;
/** The system could not read or write. */
const SQLITE_IOERR = 10;
/** No such folder, no leave, or a folder itself. */
const SQLITE_CANTOPEN = 14;
/** The file is something else than a database. */
const SQLITE_NOTADB = 26;

const UNIQUE = /^UNIQUE constraint failed: (.+)$/;

/** SQLite's extended result code, or null when the error is not SQLite's. */
function resultCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error)) return null;
  return typeof error.errcode === 'number' ? error.errcode : null;
}

/** Whether the database itself failed, as against the code that used it. */
export function isDatabaseFailure(error: unknown): boolean {
  return resultCode(error) !== null;
}

export function isBusy(error: unknown): boolean {
  const code = (resultCode(error) ?? 0) & 0xff;
  return code === SQLITE_BUSY || code === SQLITE_LOCKED;
}

export function isUnopenable(error: unknown): boolean {
  return ((resultCode(error) ?? 0) & 0xff) === SQLITE_CANTOPEN;
}

export function isReadOnly(error: unknown): boolean {
  return ((resultCode(error) ?? 0) & 0xff) === SQLITE_READONLY;
}

export function isDamage(error: unknown): boolean {
  return ((resultCode(error) ?? 0) & 0xff) === SQLITE_CORRUPT;
}

/** Whether what is on disk could not be read, now or for good: nothing may be decided on what it seems to say. */
export function isUnreadable(error: unknown): boolean {
  return isDamage(error) || isNoDatabase(error) || ((resultCode(error) ?? 0) & 0xff) === SQLITE_IOERR;
}

export function isNoDatabase(error: unknown): boolean {
  return ((resultCode(error) ?? 0) & 0xff) === SQLITE_NOTADB;
}

/** The refusal that a broken constraint means, or null when the error is something else. */
export function constraintRefusal(table: string, error: unknown): UniqueViolation | InvalidRow | null {
  const code = resultCode(error);
  if (code === null || (code & 0xff) !== SQLITE_CONSTRAINT || !(error instanceof Error)) return null;
  const unique = UNIQUE.exec(error.message);
  if (unique?.[1] === undefined) return new InvalidRow(table, error.message, error);
  const columns = unique[1].split(', ').map((it) => it.slice(it.indexOf('.') + 1));
  return new UniqueViolation(table, columns, error);
}
