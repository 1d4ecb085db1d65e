import { InvalidCommit } from '../errors.ts';
import type { StreamName } from '../event-store.ts';
import type { Connection } from './connection.ts';
import { decodeName, type Names } from './names.ts';

/** Where a stream stands. */
export interface StreamHead {
  /** Null: nothing was ever appended to it. */
  readonly id: number | null;
  readonly version: number;
}

/** Numbers of streams: the number of what follows the slash, and the code of the category, in one. */
export interface StreamIds {
  /** Where it stands, as far as this group has come. */
  head(stream: StreamName): StreamHead;
  /**
   * The same of a stream that gets its first events, with an id for it: one search instead of two. Belongs inside a
   * transaction; the id may stay, whether or not events follow. @throws InvalidCommit
   */
  headOfNew(stream: StreamName): StreamHead;
  /** Events were appended to a stream of this id. */
  moved(id: number, version: number): void;
  /** A group begins: since the last one, somebody else may have appended. */
  beginGroup(): void;
  /** Null when there can be no such stream. */
  find(stream: StreamName): number | null;
  /** Code of a category; null when no stream has it. */
  category(category: string): number | null;
  /** The stream's name, from its id and from the name that is stored under the id's number. */
  nameOf(id: number, stored: unknown): StreamName;
  /** Must be called after every rollback. */
  forget(): void;
}

/** Categories that a database may have; the id of a stream is its number times this, plus the code. */
export const MAX_CATEGORIES = 256;

const LAST_VERSION = 'SELECT version FROM events WHERE stream = ? ORDER BY version DESC LIMIT 1';

export function createStreamIds(connection: Connection, names: Names): StreamIds {
  /** Versions of streams that this group has asked about: many of its commits may require the same ones. */
  const versions = new Map<number, number>();
  const codes = new Map<string, number>();
  const categories = new Map<number, string>();
  const remember = (category: string, code: number): number => {
    codes.set(category, code);
    categories.set(code, category);
    return code;
  };

  const category = (name: string): number | null => {
    const cached = codes.get(name);
    if (cached !== undefined) return cached;
    const row = connection.prepare('SELECT code FROM categories WHERE name = ?').get(name);
    return row === undefined ? null : remember(name, row['code'] as number);
  };

  const internCategory = (name: string): number => {
    const found = category(name);
    if (found !== null) return found;
    const row = connection.prepare('SELECT count(*) AS code FROM categories').get();
    const code = row?.['code'] as number;
    if (code >= MAX_CATEGORIES) {
      throw new InvalidCommit(`there are ${MAX_CATEGORIES} categories already, so ${name} cannot be one`);
    }
    connection.prepare('INSERT INTO categories (code, name) VALUES (?, ?)').run(code, name);
    return remember(name, code);
  };

  const find = (stream: StreamName): number | null => {
    const slash = stream.indexOf('/');
    const code = category(stream.slice(0, slash));
    if (code === null) return null;
    const number = names.find(stream.slice(slash + 1));
    return number === null ? null : number * MAX_CATEGORIES + code;
  };

  const categoryOf = (code: number): string => {
    const cached = categories.get(code);
    if (cached !== undefined) return cached;
    const row = connection.prepare('SELECT name FROM categories WHERE code = ?').get(code);
    const name = row?.['name'] as string;
    remember(name, code);
    return name;
  };

  const headOf = (id: number): StreamHead => {
    let version = versions.get(id);
    if (version === undefined) {
      version = (connection.prepare(LAST_VERSION).get(id)?.['version'] as number | undefined) ?? 0;
      versions.set(id, version);
    }
    return { id, version };
  };

  return {
    find,
    category,
    head(stream) {
      const id = find(stream);
      return id === null ? { id, version: 0 } : headOf(id);
    },
    headOfNew(stream) {
      const slash = stream.indexOf('/');
      const code = internCategory(stream.slice(0, slash));
      const { number, isNew } = names.add(stream.slice(slash + 1));
      const id = number * MAX_CATEGORIES + code;
      if (isNew) versions.set(id, 0);
      return headOf(id);
    },
    moved(id, version) {
      versions.set(id, version);
    },
    beginGroup() {
      versions.clear();
    },
    nameOf: (id, stored) => `${categoryOf(id % MAX_CATEGORIES)}/${decodeName(stored)}`,
    forget() {
      versions.clear();
      codes.clear();
      categories.clear();
      names.forget();
    },
  };
}
