import type { Arbitrary } from 'fast-check';
import {
  array,
  bigInt,
  boolean,
  constant,
  constantFrom,
  date,
  dictionary,
  double,
  integer,
  jsonValue,
  maxSafeInteger,
  oneof,
  record,
  string,
  stringMatching,
  uuid,
} from 'fast-check';
import type { JsonSchema, OpenApi } from './open-api.ts';

/** Values that callers of the real service would know, by the name of the member or parameter. */
export type Known = Readonly<Record<string, readonly unknown[]>>;

/** Stands for a number whose text matters, or that `JSON.stringify` would not write; `jsonText` puts it in place. */
const RAW = '@@raw:';

const rawNumber = constantFrom(
  '1e400',
  '-1e400',
  '-0',
  '1e-7',
  '1E+2',
  '9007199254740993',
  '0.000000001',
  '12345678901234567890.123456789',
  '0.1234567891',
  '1e-400',
  '100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000',
).map((text) => `${RAW}${text}@@`);

/** The JSON text of a generated value. */
export function jsonText(value: unknown): string {
  return (JSON.stringify(value) ?? 'null').replaceAll(/"@@raw:([^@]*)@@"/g, '$1');
}

/** Text that somebody once did not expect. */
export const hostileText: Arbitrary<string> = oneof(
  constantFrom(
    '',
    ' ',
    '\u0000',
    '\ud800',
    '\udfff x',
    '__proto__',
    'constructor',
    'toString',
    '../../etc/passwd',
    "' or 1=1 --",
    '%00',
    '💥'.repeat(40),
    'a'.repeat(257),
    '9'.repeat(400),
    '{"a":1}',
    'null',
    'NaN',
    '-1',
    '1e3',
    '0x',
    `0x${'0'.repeat(40)}`,
    `0x${'f'.repeat(64)}`,
    '00000000-0000-0000-0000-000000000000',
    '9999-12-31T23:59:59.999Z',
    '2026-02-30T00:00:00Z',
    '2026-11-25T00:00:00+14:00',
  ),
  string({ unit: 'binary', maxLength: 40 }),
  integer({ min: 1_000, max: 40_000 }).map((length) => 'ä'.repeat(length)),
);

const hostileValue: Arbitrary<unknown> = oneof(
  hostileText,
  rawNumber,
  constantFrom<unknown>(null, true, false, [], {}, [[]], [null], { __proto__x: 1 }, 0, -1, 1.5),
  double({ noNaN: true, noDefaultInfinity: true }),
  maxSafeInteger(),
  jsonValue({ maxDepth: 4 }),
);

/** What values are made from. */
export interface Source {
  readonly document: OpenApi;
  readonly known: Known;
  /** Whether what is known by name is always taken, so that calls go deep. */
  readonly onlyKnown: boolean;
}

/** Values that fit a schema of the document. */
export function arbitraryOf(source: Source, schema: JsonSchema, name = ''): Arbitrary<unknown> {
  const pool = source.known[name] ?? [];
  if (pool.length > 0 && source.onlyKnown) return constantFrom(...pool);
  const fitting = fittingOf(source, schema);
  return pool.length === 0
    ? fitting
    : oneof({ weight: 3, arbitrary: constantFrom(...pool) }, { weight: 1, arbitrary: fitting });
}

function fittingOf(source: Source, schema: JsonSchema): Arbitrary<unknown> {
  if (typeof schema === 'boolean') return jsonValue({ maxDepth: 2 });
  const of = (it: unknown, name?: string) => arbitraryOf(source, it as JsonSchema, name);
  if (typeof schema['$ref'] === 'string') {
    return of(source.document.components.schemas[schema['$ref'].split('/').at(-1) ?? ''] ?? true);
  }
  const choices = (schema['oneOf'] ?? schema['anyOf']) as readonly unknown[] | undefined;
  // Beside properties, `anyOf` only says which of them are needed.
  if (choices !== undefined && schema['properties'] === undefined)
    return oneof(...choices.map((it) => of(it)));
  if (Array.isArray(schema['enum'])) return constantFrom(...(schema['enum'] as unknown[]));
  switch (schema['type']) {
    case 'string':
      return textOf(schema);
    case 'integer':
    case 'number':
      return numberOf(schema);
    case 'boolean':
      return boolean();
    case 'null':
      return constant(null);
    case 'array':
      return array(of(schema['items'] ?? true), { maxLength: 4 });
    case 'object':
      return objectOf(schema, of);
    default:
      return jsonValue({ maxDepth: 2 });
  }
}

function textOf(schema: Exclude<JsonSchema, boolean>): Arbitrary<unknown> {
  switch (schema['format']) {
    case 'uuid':
      return uuid();
    case 'date-time':
      return date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }).map((it) =>
        it.toISOString(),
      );
    case 'email':
      return stringMatching(/^[a-z]{1,8}@[a-z]{1,8}\.example$/);
    default:
  }
  if (typeof schema['pattern'] === 'string') return stringMatching(new RegExp(schema['pattern']));
  const minLength = (schema['minLength'] ?? 0) as number;
  const maxLength = Math.min((schema['maxLength'] ?? 20) as number, Math.max(minLength, 40));
  return string({ unit: 'grapheme', minLength, maxLength });
}

function numberOf(schema: Exclude<JsonSchema, boolean>): Arbitrary<unknown> {
  const min = (schema['minimum'] ?? schema['exclusiveMinimum'] ?? -1e9) as number;
  const max = (schema['maximum'] ?? 1e9) as number;
  if (schema['type'] === 'integer') return integer({ min, max: Math.min(max, 2 ** 31 - 1) });
  const units = bigInt(BigInt(Math.max(1, Math.ceil(min))), BigInt(Math.floor(max)) * 1_000n);
  // As digits: nothing that a JSON number can say gets lost on the way.
  return units.map((it) => `${RAW}${String(it / 1_000n)}.${String(it % 1_000n).padStart(3, '0')}@@`);
}

function objectOf(
  schema: Exclude<JsonSchema, boolean>,
  of: (it: unknown, name?: string) => Arbitrary<unknown>,
): Arbitrary<unknown> {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, unknown>);
  if (properties.length === 0)
    return dictionary(string({ maxLength: 8 }), jsonValue({ maxDepth: 1 }), { maxKeys: 3 });
  const required = (schema['required'] ?? []) as string[];
  const made = record(Object.fromEntries(properties.map(([name, it]) => [name, of(it, name)])), {
    requiredKeys: required,
  });
  const choices = (schema['anyOf'] ?? []) as { readonly required: readonly string[] }[];
  if (choices.length === 0) return made;
  const names = choices.flatMap((it) => it.required);
  // Exactly one of them: two could contradict each other.
  return oneof(
    ...choices.map((choice) =>
      made.chain((value) =>
        record(
          Object.fromEntries(
            choice.required.map((name) => [name, of((schema['properties'] as never)[name], name)]),
          ),
        ).map((chosen) => ({
          ...Object.fromEntries(Object.entries(value).filter(([key]) => !names.includes(key))),
          ...chosen,
        })),
      ),
    ),
  );
}

/** Bodies that are nearly right, or not at all, as text. */
export function hostileBody(fitting: Arbitrary<unknown>): Arbitrary<string> {
  const names = constantFrom('__proto__', 'constructor', 'prototype', 'qty', 'reason', 'toJSON', '');
  const changed = record({
    value: fitting,
    change: integer({ min: 0, max: 2 }),
    at: integer({ min: 0, max: 20 }),
  });
  const mutated = record({ of: changed, name: names, with: hostileValue }).map(
    ({ of, name, with: other }) => {
      const { value, change, at } = of;
      if (typeof value !== 'object' || value === null) return jsonText(other);
      const entries = Object.entries(value);
      const place = entries.length === 0 ? 0 : at % entries.length;
      if (change === 0) entries.splice(place, 1);
      if (change === 1) entries.splice(place, 1, [entries[place]?.[0] ?? name, other]);
      const members = entries.map(([key, it]) => `${JSON.stringify(key)}:${jsonText(it)}`);
      // As text, since an object literal would take `__proto__` for something else.
      if (change === 2) members.push(`${JSON.stringify(name)}:${jsonText(other)}`);
      return `{${members.join(',')}}`;
    },
  );
  return oneof(
    { weight: 6, arbitrary: mutated },
    { weight: 2, arbitrary: hostileValue.map(jsonText) },
    {
      weight: 1,
      arbitrary: constantFrom(
        '',
        '{',
        '[',
        '{"a":',
        'x',
        '\u0000',
        '{"qty":01}',
        '[[[[',
        '['.repeat(2_000),
        '{"a":1}}',
      ),
    },
  );
}
