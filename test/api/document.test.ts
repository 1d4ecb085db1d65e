import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { PROBLEMS } from '../../src/http/problems.ts';
import type { World } from '../e2e/world.ts';
import { startWorld } from '../e2e/world.ts';
import type { OpenApi, OperationObject, Route } from './open-api.ts';
import { readOpenApi, routesOf } from './open-api.ts';

const CURRENT = ['/tokenization/accounts/connect', '/tokenization/tokens', '/tokenization/mint'] as const;
const FIRST_GENERATION = ['/accounts/connect', '/tokenized-assets', '/inkind/issuance'] as const;

describe('the OpenAPI document', () => {
  let world: World;
  let document: OpenApi;
  let routes: readonly Route[];
  beforeAll(async () => {
    world = await startWorld();
    document = await readOpenApi(world.issuer().url);
    routes = routesOf(document);
  });
  afterAll(async () => {
    await world.stop();
  });

  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const result = await validator.validate({ ...structuredClone(document) });
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.info.version).toBe(packageJson.version);
  });

  test('says of every route what it is, who may call it, and what it answers', () => {
    const tags = new Set(document.tags.map((it) => it.name));
    const faults = routes.flatMap(({ method, path, operation }) => {
      const { summary = '', parameters = [], responses } = operation;
      const inPath = parameters.filter((it) => it.in === 'path').map((it) => it.name);
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const found = [
        summary.length > 5 ? null : 'has no summary',
        operation.tags.length > 0 && operation.tags.every((it) => tags.has(it)) ? null : 'has no tag',
        operation.security === undefined ? 'does not say who may call it' : null,
        inPath.join() === wanted.join() ? null : 'does not describe its path',
        '200' in responses || '201' in responses ? null : 'has no answer',
        ...Object.entries(responses).map(([status, it]) => faultOf(path, status, it)),
      ];
      return found.filter((it) => it !== null).map((it) => `${method} ${path} ${it}`);
    });
    expect(faults).toEqual([]);
    const ids = routes.map((it) => it.operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('gives examples that fit the very schemas they stand in', () => {
    const ajv = new Ajv2020({ strict: false });
    formats.default(ajv);
    const found = examplesIn(document);
    const faults = found.filter(({ schema, example }) => !ajv.validate({ ...schema }, example));
    expect(faults).toEqual([]);
    expect(found.length).toBeGreaterThan(40);
  });

  test('has both generations of Alpaca’s paths, the first one deprecated, with the same bodies and answers', () => {
    for (const [at, path] of CURRENT.entries()) {
      const [current] = Object.values(document.paths[path] ?? {});
      const [first] = Object.entries(document.paths[FIRST_GENERATION[at] ?? ''] ?? {})
        .filter(([, it]) => it.tags.includes('alpaca'))
        .map(([, it]) => it);
      expect(current?.deprecated).toBeUndefined();
      expect(first?.deprecated).toBe(true);
      expect(first?.requestBody).toEqual(current?.requestBody);
      expect(first?.responses).toEqual(current?.responses);
    }
  });

  test('names every problem of the table, and each under its status', () => {
    const named = new Map<string, Set<string>>();
    for (const { operation } of routes) {
      for (const [status, { description }] of Object.entries(operation.responses)) {
        for (const [, code = ''] of description.matchAll(/^`(\w+)`: /gm)) {
          named.set(code, (named.get(code) ?? new Set()).add(status));
        }
      }
    }
    const wanted = Object.entries(PROBLEMS).map(([code, { status }]) => [code, [String(status)]]);
    expect(Object.fromEntries([...named].map(([code, statuses]) => [code, [...statuses]]))).toEqual(
      Object.fromEntries(wanted),
    );
  });
});

function faultOf(
  path: string,
  status: string,
  response: OperationObject['responses'][string],
): string | null {
  if (/Default Response|undefined/.test(response.description)) return `${status} is not described`;
  const isReport = path === '/ready' && status === '503';
  const good = path === '/metrics' ? 'text/plain' : 'application/json';
  const type = Number(status) < 400 || isReport ? good : 'application/problem+json';
  return Object.keys(response.content ?? {}).join() === type ? null : `${status} is not ${type}`;
}

interface Exemplified {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly example: unknown;
}

/** Every example with the schema that it stands in; or the parameter’s, whose examples stand beside it. */
function examplesIn(node: unknown): readonly Exemplified[] {
  if (Array.isArray(node)) return node.flatMap(examplesIn);
  if (typeof node !== 'object' || node === null) return [];
  const { examples, example, schema, ...rest } = node as Readonly<Record<string, unknown>>;
  const given = [
    ...(Array.isArray(examples) ? (examples as unknown[]) : []),
    ...(example === undefined ? [] : [example]),
  ];
  const own = (schema ?? node) as Exemplified['schema'];
  return [
    ...given.map((it) => ({ schema: own, example: it })),
    ...Object.values({ ...rest, schema }).flatMap(examplesIn),
  ];
}
