import { IssuanceError } from '../primitives/failures.ts';
import type { Json } from './event-store.ts';

/**
 * JSON text that keeps bigint exactly: a bigint is the object `{"$bigint":"123"}`. A real object whose name could be
 * mistaken for that tag gets one more `$` in front, which reading takes away, so every value survives unchanged.
 */
const TAG = '$bigint';

/** Deeper values are refused: a cycle would otherwise never end. */
const MAX_DEPTH = 64;

/** @throws IssuanceError `not_json` for what JSON cannot hold: NaN, infinities, functions, undefined in a list. */
export function encodeJson(value: Json): string {
  return write(value, 0);
}

/** Reads what `encodeJson` wrote. */
export function decodeJson(text: string): Json {
  const value = JSON.parse(text) as Json;
  return text.includes(`${TAG}"`) ? revive(value) : value;
}

/** Writes the text at once: a copy with tags for `JSON.stringify` costs several times as much. */
function write(value: Json, depth: number): string {
  switch (typeof value) {
    case 'string':
      return writeText(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      if (!Number.isFinite(value)) throw notJson(`the number ${value}`);
      return JSON.stringify(value);
    case 'bigint':
      return `{"${TAG}":"${value}"}`;
    case 'object':
      if (value === null) return 'null';
      if (depth >= MAX_DEPTH) throw notJson(`a value nested deeper than ${MAX_DEPTH}`);
      return Array.isArray(value) ? writeList(value, depth) : writeObject(value, depth);
    default:
      throw notJson(`a value of type ${typeof value}`);
  }
}

function writeList(values: readonly Json[], depth: number): string {
  let text = '';
  // By index, so that a gap is seen as the undefined that it is.
  for (let at = 0; at < values.length; at += 1) {
    text += `${at === 0 ? '' : ','}${write(values[at] as Json, depth + 1)}`;
  }
  return `[${text}]`;
}

function writeObject(value: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw notJson(`an object of class ${value.constructor.name}`);
  }
  let text = '';
  for (const name of Object.keys(value)) {
    const part = (value as Readonly<Record<string, Json | undefined>>)[name];
    if (part === undefined) continue;
    text += `${text === '' ? '' : ','}${writeName(name)}:${write(part, depth + 1)}`;
  }
  return `{${text}}`;
}

function writeName(name: string): string {
  return writeText(isTag(name) ? `$${name}` : name);
}

/** Printable ASCII without quote and backslash: nothing in it needs an escape. */
const PLAIN = /^[ !#-[\]-~]*$/;

function writeText(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

function revive(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((it: Json) => revive(it));
  const entries = Object.entries(value) as [string, Json][];
  const [first] = entries;
  if (entries.length === 1 && first?.[0] === TAG) return BigInt(first[1] as string);
  // `fromEntries` defines properties, so a property named "__proto__" stays one.
  return Object.fromEntries(
    entries.map(([name, part]) => [isTag(name) ? name.slice(1) : name, revive(part)]),
  );
}

function isTag(name: string): boolean {
  return name.endsWith(TAG) && /^\$*$/.test(name.slice(0, -TAG.length));
}

function notJson(what: string): IssuanceError {
  return new IssuanceError(
    'not_json',
    `${what} cannot be stored: use strings, bigint, plain objects and lists`,
  );
}
