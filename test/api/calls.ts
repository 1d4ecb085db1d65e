import type { Arbitrary } from 'fast-check';
import { array, constant, constantFrom, oneof, record } from 'fast-check';
import { Agent, request } from 'node:http';
import type { Source } from './arbitraries.ts';
import { arbitraryOf, hostileBody, hostileText, jsonText } from './arbitraries.ts';
import type { Answered } from './contract.ts';
import type { Parameter, Route } from './open-api.ts';

/** A call as bytes: nothing on the way puts it right. */
export interface Call {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export interface Keys {
  readonly alpaca: string;
  readonly admin: string;
}

/** Calls of one route: right ones, nearly right ones, and hopeless ones. */
export function callsOf(parts: Omit<Source, 'onlyKnown'>, route: Route, keys: Keys): Arbitrary<Call> {
  const { method, path, operation } = route;
  const source = { ...parts, onlyKnown: false };
  const parameters = operation.parameters ?? [];
  const content = operation.requestBody?.content['application/json'];
  const fitting = content === undefined ? null : arbitraryOf(source, content.schema);
  const right = content === undefined ? null : arbitraryOf({ ...source, onlyKnown: true }, content.schema);
  const body: Arbitrary<string | null> =
    fitting === null || right === null
      ? oneof({ weight: 8, arbitrary: constant(null) }, { weight: 1, arbitrary: hostileText.map(jsonText) })
      : oneof(
          { weight: 3, arbitrary: right.map(jsonText) },
          { weight: 2, arbitrary: fitting.map(jsonText) },
          { weight: 5, arbitrary: hostileBody(fitting) },
          { weight: 1, arbitrary: constant(null) },
        );
  return record({
    inPath: record(
      Object.fromEntries(
        parameters.filter((it) => it.in === 'path').map((it) => [it.name, segmentOf(source, it)]),
      ),
    ),
    query: queryOf(
      source,
      parameters.filter((it) => it.in === 'query'),
    ),
    key: keyFor(operation.security, keys),
    type: oneof(
      { weight: 12, arbitrary: constant('application/json') },
      {
        weight: 1,
        arbitrary: constantFrom('text/plain', 'application/json; charset=utf-8', 'application/xml'),
      },
    ),
    body,
  }).map(({ inPath, query, key, type, body: sent }) => ({
    method,
    target: path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => inPath[name] ?? 'x') + query,
    headers: {
      ...(key === null ? {} : { 'x-api-key': key }),
      ...(sent === null ? {} : { 'content-type': type, 'content-length': String(Buffer.byteLength(sent)) }),
    },
    body: sent,
  }));
}

function segmentOf(source: Source, { name, schema }: Parameter): Arbitrary<string> {
  return oneof(
    { weight: 8, arbitrary: arbitraryOf(source, schema, name).map((it) => encoded(String(it))) },
    { weight: 3, arbitrary: hostileText.map((it) => encoded(it.slice(0, 300))) },
    {
      weight: 1,
      arbitrary: constantFrom('%', '%ff', '%zz', '%00', '..', '%2e%2e', '%2f', 'a%2Fb', '~', '*', ':id'),
    },
  );
}

function queryOf(source: Source, parameters: readonly Parameter[]): Arbitrary<string> {
  const pairs = parameters.map((it) =>
    oneof(
      {
        weight: 3,
        arbitrary: arbitraryOf(source, it.schema, it.name).map((value) => textOf(value)),
      },
      { weight: 1, arbitrary: hostileText.map((text) => text.slice(0, 500)) },
    ).map((value) => `${it.name}=${encoded(value)}`),
  );
  const odd = constantFrom(
    'a=b',
    '__proto__=1',
    'limit=1&limit=2',
    'limit[]=1',
    '%',
    '=',
    'cursor=%ff',
    'constructor=x',
  );
  const pair =
    pairs.length === 0
      ? odd
      : oneof({ weight: 6, arbitrary: oneof(...pairs) }, { weight: 1, arbitrary: odd });
  const required = pairs.filter((_pair, at) => parameters[at]?.required === true);
  const given = array(pair, { maxLength: 4 });
  return required.length === 0
    ? given.map(joined)
    : oneof(
        { weight: 1, arbitrary: given.map(joined) },
        {
          weight: 4,
          arbitrary: record({ first: oneof(...required), given }).map((it) =>
            joined([it.first, ...it.given]),
          ),
        },
      );
}

function joined(pairs: readonly string[]): string {
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.replaceAll(/@@raw:([^@]*)@@/g, '$1') : JSON.stringify(value);
}

/** Mostly the right key; sometimes the other role’s, or none. */
function keyFor(security: Route['operation']['security'], keys: Keys): Arbitrary<string | null> {
  const schemes = security.flatMap((it) => Object.keys(it));
  const right = schemes.includes('operatorKey') ? keys.admin : schemes.length > 0 ? keys.alpaca : null;
  const wrong = right === keys.admin ? keys.alpaca : keys.admin;
  return oneof(
    { weight: 40, arbitrary: constant(right) },
    { weight: 1, arbitrary: constantFrom<string | null>(null, wrong, 'short') },
  );
}

/** Percent-encodes whatever it is; half a surrogate pair becomes bytes that are no UTF-8. */
function encoded(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : '%ED%A0%80';
}

/** Sends calls over kept-alive connections. */
export function createCaller(origin: string): { send(call: Call): Promise<Answered>; close(): void } {
  const agent = new Agent({ keepAlive: true });
  const { hostname, port } = new URL(origin);
  return {
    send: ({ method, target, headers, body }) =>
      new Promise((resolve, reject) => {
        const sending = request({ hostname, port, method, path: target, headers, agent }, (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('end', () => {
            resolve({
              method,
              target,
              status: response.statusCode ?? 0,
              type: response.headers['content-type'] ?? '',
              requestId: (response.headers['x-request-id'] as string | undefined) ?? null,
              body: Buffer.concat(parts).toString(),
            });
          });
          response.on('error', reject);
        });
        sending.on('error', reject);
        sending.end(body ?? undefined);
      }),
    close() {
      agent.destroy();
    },
  };
}
