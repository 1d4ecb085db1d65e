import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { createLedger } from '../../src/event-store/create-ledger.ts';
import type { StoredEvent } from '../../src/event-store/event-store.ts';
import { change } from '../../src/event-store/ledger.ts';
import { BOX, BOX_SCHEMA, filled, sealed } from '../../src/event-store/toy-ledger.ts';
import type { SqliteStore, SqliteStoreOptions } from '../../src/event-store/sqlite/open-sqlite-store.ts';
import { openTestStore, temporaryPath } from '../../src/event-store/sqlite/sqlite-fixture.ts';

/** A database file with what lies beside it. */
const SUFFIXES = ['', '-wal', '-shm'] as const;
export type Suffix = (typeof SUFFIXES)[number];

/** Databases of boxes, as a test damages them. */
export interface DamagedFiles {
  /** Opens the store as the service does. */
  open(path: string, options?: Partial<SqliteStoreOptions>): Promise<SqliteStore>;
  /** Copies the files to a place of their own; gives the path of the database. */
  copyOf(path: string, suffixes?: readonly Suffix[]): string;
  /** Gives the first one's database and index the write-ahead log of the second one. */
  joined(path: string, logOf: string): string;
}

export function createDamagedFiles(): DamagedFiles {
  const folder = dirname(temporaryPath());
  let copies = 0;
  return {
    open: (path, options = {}) => openTestStore({ path, serve: true, tables: BOX_SCHEMA.tables, ...options }),
    copyOf(path, suffixes = SUFFIXES) {
      const place = join(folder, String((copies += 1)));
      mkdirSync(place);
      const copy = join(place, 'copy.db');
      for (const suffix of suffixes) {
        if (existsSync(`${path}${suffix}`)) copyFileSync(`${path}${suffix}`, `${copy}${suffix}`);
      }
      return copy;
    },
    joined(path, logOf) {
      copyFileSync(`${logOf}-wal`, `${path}-wal`);
      return path;
    },
  };
}

/** Commits so many boxes, one transaction each, and seals every second one in another. */
export async function fillBoxes(store: SqliteStore, label: string, count: number): Promise<void> {
  const ledger = createLedger(store, BOX_SCHEMA);
  for (let at = 0; at < count; at += 1) {
    const id = `${label}-${String(at)}`;
    const commit = async (...events: ReturnType<typeof filled | typeof sealed>[]): Promise<void> => {
      const loaded = await ledger.load(BOX, id);
      await ledger.commit({ changes: [change(BOX, loaded, events)], metadata: { actor: 'test' } });
    };
    await commit(filled(BigInt(at + 1) * 10n ** 18n, `${id} ${'of glass '.repeat(at % 7)}`));
    if (at % 2 === 1) await commit(sealed(`seal of ${id}`));
  }
}

export async function readLog(store: SqliteStore): Promise<readonly StoredEvent[]> {
  return store.readAll({ after: 0, limit: 10_000 });
}

export function sizeOf(path: string): number {
  return statSync(path).size;
}

/** Harm to one file. */
interface Damage {
  /** For the message of a test that fails. */
  readonly what: string;
  apply(path: string): void;
}

/** Cuts and flipped bits at places that are spread evenly from one byte to another. */
export function damages(where: {
  readonly from: number;
  readonly to: number;
  readonly places: number;
  readonly cuts?: boolean;
}): readonly Damage[] {
  return Array.from({ length: where.places }, (_, at) => {
    const byte = Math.floor(where.from + ((at + 0.5) * (where.to - where.from)) / where.places);
    const bit = (at * 5) % 8;
    const flip = {
      what: `bit ${String(bit)} of byte ${String(byte)} flipped`,
      apply(path: string) {
        const content = readFileSync(path);
        content[byte] = (content[byte] ?? 0) ^ (1 << bit);
        writeFileSync(path, content);
      },
    };
    const cut = {
      what: `cut at byte ${String(byte)}`,
      apply(path: string) {
        truncateSync(path, byte);
      },
    };
    return where.cuts === false ? [flip] : [cut, flip];
  }).flat();
}
