import { execFileSync } from 'node:child_process';
import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { median } from './scenario.ts';

/** Where and of what the figures were taken. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly sqlite: string;
  readonly disk: string;
}

/** How often the disk is asked, and with how much: what a small commit costs. */
const SYNCS = 100;
const SYNC_BYTES = 4096;
/** Device numbers of Linux, as `stat` packs them. */
const MINOR_BITS = 0xff;

export function describeMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    sqlite: sqliteVersion(),
    disk: describeDisk(tmpdir()),
  };
}

/** The short hash of the commit, with a plus when the tree has changes; `unknown` outside a repository. */
export function describeCommit(): string {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-C', import.meta.dirname, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+');
  } catch {
    return 'unknown';
  }
}

function sqliteVersion(): string {
  const database = new DatabaseSync(':memory:');
  try {
    return String(database.prepare('select sqlite_version() as version').get()?.['version']);
  } finally {
    database.close();
  }
}

/** The kind that the kernel knows, and what counts more: how long a write takes until it is safe. */
function describeDisk(folder: string): string {
  return `${kindOfDisk(folder)}, a write of 4 KB is safe after ${medianSyncMs(folder).toFixed(2)} ms`;
}

function kindOfDisk(folder: string): string {
  const { dev } = statSync(folder);
  try {
    // A partition is a folder inside its disk's.
    const path = realpathSync(`/sys/dev/block/${String(dev >> 8)}:${String(dev & MINOR_BITS)}`);
    const disk = [path, join(path, '..')].find((it) => readable(join(it, 'queue', 'rotational')) !== null);
    if (disk === undefined) return 'a disk of unknown kind';
    const name = basename(disk);
    if (name.startsWith('vd') || name.startsWith('xvd')) return `virtual disk ${name}`;
    if (name.startsWith('nvme')) return `NVMe disk ${name}`;
    return `${readable(join(disk, 'queue', 'rotational')) === '0' ? 'solid-state' : 'rotating'} disk ${name}`;
  } catch {
    return 'a disk of unknown kind';
  }
}

function readable(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

function medianSyncMs(within: string): number {
  const folder = mkdtempSync(join(within, 'issuance-disk-'));
  const file = openSync(join(folder, 'sync'), 'w');
  try {
    const block = Buffer.alloc(SYNC_BYTES, 1);
    return median(
      Array.from({ length: SYNCS }, () => {
        const before = performance.now();
        writeSync(file, block);
        fsyncSync(file);
        return performance.now() - before;
      }),
    );
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true, force: true });
  }
}
