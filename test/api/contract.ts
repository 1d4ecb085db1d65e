import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { JsonSchema, OpenApi, Route } from './open-api.ts';
import { routesOf } from './open-api.ts';

/** An answer of the service, as it came over the wire. */
export interface Answered {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly status: number;
  readonly type: string;
  readonly requestId: string | null;
  readonly body: string;
}

/** Holds answers to the OpenAPI document. */
export interface Contract {
  readonly document: OpenApi;
  /** The route that a call is for; null when the document has none. */
  routeOf(method: string, path: string): Route | null;
  /** What is wrong with an answer; null when it is as documented. */
  faultOf(answered: Answered): string | null;
}

/**
 * Members that the document does not name are faults here, although clients are told to expect them: so nothing is
 * answered that is not documented.
 */
export function createContract(document: OpenApi): Contract {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema(closed(document) as Record<string, unknown>, 'openapi');
  const routes = routesOf(document).map((route) => ({ ...route, pattern: patternOf(route.path) }));
  const validators = new Map<string, ValidateFunction>();
  const validator = (pointer: string): ValidateFunction => {
    const known = validators.get(pointer);
    if (known !== undefined) return known;
    const made = ajv.compile({ $ref: `openapi#${pointer}` });
    validators.set(pointer, made);
    return made;
  };
  const routeOf = (method: string, path: string) =>
    routes
      .filter((it) => it.method === method && it.pattern.test(path))
      // A path without parameters goes before one with.
      .sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0] ?? null;

  return {
    document,
    routeOf,
    faultOf({ method, target, status, type, requestId, body }) {
      const path = target.split('?')[0] ?? '';
      const at = `${method} ${target.slice(0, 200)} was answered ${String(status)}`;
      if (requestId === null) return `${at} without x-request-id`;
      const route = routeOf(method, path);
      // What is not there is answered like every other problem.
      const response = route === null ? null : (route.operation.responses[String(status)] ?? null);
      if (route !== null && response === null) return `${at}, which is not documented: ${body.slice(0, 300)}`;
      const media = route === null ? 'application/problem+json' : (type.split(';')[0] ?? '');
      if (!type.startsWith(media)) return `${at} as ${type}`;
      if (response !== null && response.content?.[media] === undefined) return `${at} as ${type}`;
      const pointer =
        route === null
          ? '/components/schemas/Problem'
          : [
              `/paths/${escaped(route.path)}/${method.toLowerCase()}`,
              `/responses/${String(status)}/content/${escaped(media)}/schema`,
            ].join('');
      const validate = validator(pointer);
      const value = media === 'text/plain' ? body : parse(body);
      if (value === undefined) return `${at} with what is not JSON: ${body.slice(0, 300)}`;
      if (validate(value)) return null;
      return `${at}, not as documented: ${ajv.errorsText(validate.errors)}: ${body.slice(0, 600)}`;
    },
  };
}

function patternOf(path: string): RegExp {
  const source = path.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${source}$`);
}

function escaped(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON value is undefined.
    return undefined;
  }
}

/** The same with every object schema closed to members that it does not name. */
export function closed(node: unknown, inside: string | null = null): unknown {
  if (Array.isArray(node)) return node.map((it) => closed(it, inside));
  if (typeof node !== 'object' || node === null) return node;
  const parts = Object.entries(node as Exclude<JsonSchema, boolean>).map(([key, value]) => [
    key,
    // Examples and names of properties are no schemas.
    key === 'examples' || key === 'example' || key === 'enum' ? value : closed(value, key),
  ]);
  const made = Object.fromEntries(parts) as Record<string, unknown>;
  const isObject = made['type'] === 'object' || 'allOf' in made;
  const isOpen = 'additionalProperties' in made || inside === 'allOf' || inside === 'properties';
  return isObject && !isOpen ? { ...made, unevaluatedProperties: false } : made;
}
