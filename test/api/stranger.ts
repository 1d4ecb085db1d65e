import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { JsonSchema, OpenApi, OperationObject } from './open-api.ts';
import { readOpenApi, routesOf } from './open-api.ts';

/** What a stranger gives a call: values for its parameters, and its body. */
interface Given {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
}

/** An answer, with what the document says of it. */
interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  /** Stable code of a problem; null for a success. */
  readonly code: string | null;
}

/**
 * A client that knows nothing of the service but its OpenAPI document: operation ids become calls, security schemes
 * become headers, and schemas check what goes out and what comes in.
 */
export interface Stranger {
  call(operationId: string, given?: Given): Promise<Answer>;
  /** A body made of the document's own examples, with these members in place of them. */
  exampleBody(operationId: string, members: Readonly<Record<string, unknown>>): Record<string, unknown>;
}

/** `credentials`: one for each security scheme that the stranger was given one for. */
export async function createStranger(
  url: string,
  credentials: Readonly<Record<string, string>>,
): Promise<Stranger> {
  const document = await readOpenApi(url);
  const ajv = new Ajv2020({ strict: false });
  formats.default(ajv);
  ajv.addSchema({ ...document }, 'openapi');
  const operations = new Map(routesOf(document).map((it) => [it.operation.operationId, it]));
  const known = (operationId: string) => {
    const found = operations.get(operationId);
    if (found === undefined) throw new Error(`the document has no operation ${operationId}`);
    return found;
  };
  const check = (schema: JsonSchema, value: unknown, what: string): void => {
    const validate = ajv.compile(resolved(schema) as Record<string, unknown>);
    if (!validate(value))
      throw new Error(`${what}: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(value)}`);
  };

  return {
    async call(operationId, { params = {}, body } = {}) {
      const { method, path, operation } = known(operationId);
      const media = operation.requestBody?.content['application/json'];
      if (media !== undefined) check(media.schema, body, `the body of ${operationId}`);
      const query = new URLSearchParams();
      let target = path;
      for (const [name, value] of Object.entries(params)) {
        const parameter = operation.parameters?.find((it) => it.name === name);
        if (parameter === undefined) throw new Error(`${operationId} has no parameter ${name}`);
        check(parameter.schema, value, `${name} of ${operationId}`);
        if (parameter.in === 'path') target = target.replace(`{${name}}`, encodeURIComponent(value));
        else query.set(name, String(value));
      }
      const response = await fetch(`${url}${target}${query.size === 0 ? '' : `?${query.toString()}`}`, {
        method,
        headers: {
          ...credentialsFor(document, operation, credentials),
          ...(media === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(media === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const told = operation.responses[String(response.status)];
      const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
      const answered = told?.content?.[type];
      if (answered === undefined)
        throw new Error(`${operationId}: ${String(response.status)} ${type} is not told of`);
      const value = (await response.json()) as Record<string, unknown>;
      check(answered.schema, value, `the answer of ${operationId}`);
      const isProblem = type === 'application/problem+json';
      return { status: response.status, body: value, code: isProblem ? String(value['code']) : null };
    },

    exampleBody(operationId, members) {
      const { operation } = known(operationId);
      const schema = operation.requestBody?.content['application/json']?.schema;
      if (schema === undefined || typeof schema === 'boolean')
        throw new Error(`${operationId} takes no body`);
      const properties = Object.entries(
        (schema['properties'] ?? {}) as Record<string, { examples?: unknown[] }>,
      );
      const needed = new Set((schema['required'] ?? []) as string[]);
      const examples = properties
        .filter(([name, it]) => needed.has(name) && it.examples !== undefined)
        .map(([name, it]) => [name, it.examples?.[0]] as const);
      return { ...Object.fromEntries(examples), ...members };
    },
  };
}

function credentialsFor(
  { components }: OpenApi,
  { security }: OperationObject,
  credentials: Readonly<Record<string, string>>,
): Record<string, string> {
  if (security.length === 0) return {};
  const scheme = security.flatMap((it) => Object.keys(it)).find((it) => credentials[it] !== undefined);
  const { in: place, name = '' } = components.securitySchemes[scheme ?? ''] ?? {};
  if (scheme === undefined || place !== 'header') throw new Error('no credential opens this operation');
  return { [name]: credentials[scheme] ?? '' };
}

/** References within the document, as seen from outside of it. */
function resolved(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(resolved);
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]: [string, unknown]) => [
      key,
      key === '$ref' && typeof value === 'string' ? `openapi${value}` : resolved(value),
    ]),
  );
}
