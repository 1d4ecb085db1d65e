import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';

/** Formats of the two files: https://sqlite.org/fileformat2.html#walformat and https://sqlite.org/walformat.html */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;
const INDEX_HEADER_BYTES = 48;
const IS_LITTLE = endianness() === 'LE';

/**
 * Tells why the write-ahead log beside a database has lost commits that were acknowledged, or null when it has not.
 *
 * SQLite takes the log up to the first frame that is not as it was written, and forgets the rest without a word: right
 * for what a power cut left of the last transaction, and wrong for all before it, since each was flushed before the
 * next began. Two things show it. The index beside the log, which the system keeps when a process dies, says how far
 * the log was flushed; and after a frame that is not as it was written there are the ends of at least two transactions.
 *
 * Runs before the database is opened, and may run beside the process that serves it. Damage to the last transaction of
 * a log without its index looks like a power cut, and is taken for one.
 *
 * @param path the database file, with symbolic links resolved.
 */
export function findLostCommits(path: string): string | null {
  // Twice: a log that is begun anew while it is read shows old frames before new ones, and not a second time.
  return look(path) === null ? null : look(path);
}

function look(path: string): string | null {
  // First: a log that is read after its index has at least what the index tells of.
  const index = readIndex(`${path}-shm`);
  const log = readIfThere(`${path}-wal`);
  // Whoever puts another database in place takes its log away, and may forget the index, which SQLite forgets too.
  if (log === null) return null;
  if (log.byteLength <= HEADER_BYTES) return index === null || index.frames === 0 ? null : shortOf(index, 0);
  const layout = readHeader(log);
  if (layout === null) return 'the header of its write-ahead log is not as it was written';
  const { good, endsAfter } = readFrames(log, layout);
  if (index !== null && index.salts === layout.salts && index.frames > good) {
    return shortOf(index, good);
  }
  // What a power cut left of one transaction has one end at most.
  return endsAfter > 1 ? `frame ${String(good + 1)} of its write-ahead log is not as it was written` : null;
}

function shortOf({ frames }: { readonly frames: number }, good: number): string {
  return `its write-ahead log has ${String(good)} of ${String(frames)} frames that were flushed`;
}

/** How far the log was flushed, by its index; null where there is none that can be read. */
function readIndex(path: string): { readonly frames: number; readonly salts: bigint } | null {
  const bytes = readIfThere(path);
  if (bytes === null || bytes.byteLength < 2 * INDEX_HEADER_BYTES) return null;
  // Its header stands there twice. Two that differ were being written.
  for (let at = 0; at < INDEX_HEADER_BYTES; at += 1) {
    if (bytes.getUint8(at) !== bytes.getUint8(INDEX_HEADER_BYTES + at)) return null;
  }
  // In the byte order of the machine, but for the salts, which are as in the log.
  return { frames: bytes.getUint32(16, IS_LITTLE), salts: bytes.getBigUint64(32) };
}

interface Layout {
  readonly pageBytes: number;
  readonly salts: bigint;
  /** Byte order of the words that checksums are over. */
  readonly isLittle: boolean;
  readonly sum: Sum;
}

type Sum = readonly [number, number];

function readHeader(log: DataView): Layout | null {
  const magic = log.getUint32(0);
  if ((magic & ~1) >>> 0 !== MAGIC) return null;
  const isLittle = magic === MAGIC;
  const sum = addTo([0, 0], { log, from: 0, to: 24, isLittle });
  if (sum[0] !== log.getUint32(24) || sum[1] !== log.getUint32(28)) return null;
  return { pageBytes: log.getUint32(8), salts: log.getBigUint64(16), isLittle, sum };
}

/** Frames up to the last transaction that is whole, and how many ends of transactions come after the first bad one. */
function readFrames(
  log: DataView,
  { pageBytes, salts, isLittle, sum: first }: Layout,
): { readonly good: number; readonly endsAfter: number } {
  let sum: Sum | null = first;
  let good = 0;
  let endsAfter = 0;
  let from = HEADER_BYTES;
  for (let frame = 1; from + FRAME_HEADER_BYTES + pageBytes <= log.byteLength; frame += 1) {
    const page = from + FRAME_HEADER_BYTES;
    const isEnd = log.getUint32(from + 4) !== 0;
    const isOfThisLog = log.getBigUint64(from + 8) === salts;
    if (sum !== null) {
      const head = addTo(sum, { log, from, to: from + 8, isLittle });
      sum = addTo(head, { log, from: page, to: page + pageBytes, isLittle });
      const isWhole = sum[0] === log.getUint32(from + 16) && sum[1] === log.getUint32(from + 20);
      if (!isWhole || !isOfThisLog) sum = null;
      else if (isEnd) good = frame;
    }
    // Frames with other salts are left from before the log was begun anew.
    if (sum === null && isOfThisLog && isEnd) endsAfter += 1;
    from = page + pageBytes;
  }
  return { good, endsAfter };
}

function addTo(
  [first, second]: Sum,
  { log, from, to, isLittle }: { log: DataView; from: number; to: number; isLittle: boolean },
): Sum {
  let [one, two] = [first, second];
  for (let at = from; at < to; at += 8) {
    one = (one + log.getUint32(at, isLittle) + two) >>> 0;
    two = (two + log.getUint32(at + 4, isLittle) + one) >>> 0;
  }
  return [one, two];
}

function readIfThere(path: string): DataView | null {
  try {
    const { buffer, byteOffset, byteLength } = readFileSync(path);
    return new DataView(buffer, byteOffset, byteLength);
  } catch (error) {
    // It may go away at any moment: whoever closes the database last removes both.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
