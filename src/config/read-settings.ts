import { hidden, looksSecret, showPath, withoutUrlCredentials } from './looks-secret.ts';
import type { Setting } from './setting.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What is wrong with one variable. */
export interface Fault {
  readonly name: string;
  readonly expected: string;
  /** What was found instead, with secrets masked. */
  readonly got: string;
}

/** Reads a file as text; throws when it cannot. */
export type ReadFile = (path: string) => string;

export type ValuesOf<T extends Readonly<Record<string, Setting<unknown>>>> = {
  readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never;
};

/** The text of a setting and where it came from. */
export interface Source {
  readonly text: string | null;
  readonly from: 'environment' | 'file' | 'default' | 'absent';
  readonly fault: Fault | null;
}

/** Name under which a secret may come as a file. */
export function fileName(setting: Setting<unknown>): string | null {
  return setting.secret === 'none' ? null : `${setting.name}_FILE`;
}

/**
 * Finds the text of a setting. An empty variable counts as absent, as `NAME=` in a file of settings means it.
 */
export function sourceOf(setting: Setting<unknown>, env: Environment, readFile: ReadFile): Source {
  const direct = given(env, setting.name);
  const nameOfFile = fileName(setting);
  const path = nameOfFile === null ? null : given(env, nameOfFile);
  if (path === null || nameOfFile === null) {
    if (direct !== null) return { text: direct, from: 'environment', fault: null };
    const from = setting.fallback === null ? 'absent' : 'default';
    return { text: setting.fallback, from, fault: null };
  }
  const fault = (expected: string, got: string): Source => ({
    text: null,
    from: 'file',
    fault: { name: nameOfFile, expected, got },
  });
  if (direct !== null) return fault(`either ${setting.name} or ${nameOfFile}`, 'both');
  try {
    const text = readFile(path).trim();
    return text === ''
      ? fault('a file that is not empty', showPath(path))
      : { text, from: 'file', fault: null };
  } catch {
    return fault('a file that can be read', showPath(path));
  }
}

/** Reads every setting of a table; the values hold only where no fault was found. */
export function readSettings<T extends Readonly<Record<string, Setting<unknown>>>>(
  table: T,
  env: Environment,
  readFile: ReadFile,
): { readonly values: ValuesOf<T>; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const entries = Object.entries(table).map(([key, setting]) => {
    const source = sourceOf(setting, env, readFile);
    const { name, expected } = setting;
    if (source.fault !== null) faults.push(source.fault);
    else if (source.text === null && setting.required) faults.push({ name, expected, got: 'nothing' });
    if (source.text === null) return [key, null];
    const result = setting.value.safeParse(source.text);
    if (!result.success) faults.push({ name, expected, got: quote(setting, source.text) });
    return [key, result.data ?? null];
  });
  return { values: Object.fromEntries(entries) as ValuesOf<T>, faults };
}

/** Text of a setting as it may be shown: whole, but for what is secret. */
export function mask(setting: Setting<unknown>, text: string): string {
  if (setting.secret === 'all') return `[secret of ${String(text.length)} characters]`;
  return setting.secret === 'url' ? text.split(',').map(maskUrl).join(',') : withoutUrlCredentials(text);
}

/** The same within a sentence: in quotes, and not longer than what anybody reads there. */
function quote(setting: Setting<unknown>, text: string): string {
  const shown = mask(setting, text);
  if (setting.secret === 'all') return shown;
  if (setting.secret === 'none' && looksSecret(text)) return `${hidden(text)} that may be a key`;
  return `'${setting.secret !== 'url' && shown.length > 80 ? `${shown.slice(0, 80)}…` : shown}'`;
}

/** Providers put their keys into paths and queries, and passwords stand before the host. */
function maskUrl(text: string): string {
  const url = URL.parse(text.trim());
  if (url === null) return '[secret]';
  if (url.host === '') return url.protocol === 'sqlite:' ? text.trim() : `${url.protocol}[secret]`;
  const bare = url.username === '' && url.password === '' && url.pathname.length <= 1 && url.search === '';
  return bare ? text.trim() : `${url.protocol}//${url.host}/[secret]`;
}

function given(env: Environment, name: string): string | null {
  const text = env[name]?.trim() ?? '';
  return text === '' ? null : text;
}
