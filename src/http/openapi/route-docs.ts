import type { FastifySchema } from 'fastify';
import type { ProblemCode } from '../problems.ts';

/** Who may call a route. The server sets it where it registers the route. */
export type Caller = 'alpaca' | 'internal' | 'keyless' | 'open';

declare module 'fastify' {
  interface FastifyContextConfig {
    caller?: Caller;
  }
  interface FastifySchema {
    /** Problems that only some routes can answer; those that all of its kind can are added to the document. */
    readonly problems?: readonly ProblemCode[];
    /** Whether a body may be left out. */
    readonly bodyOptional?: boolean;
  }
}

/** Problems that any call can meet before its route is known. */
const OF_CALLS: readonly ProblemCode[] = [
  'malformed',
  'payload_too_large',
  'request_timeout',
  'headers_too_large',
  'internal',
];

const OF_CREDENTIALS: readonly ProblemCode[] = ['unauthenticated', 'address_forbidden', 'rate_limited'];

/** Problems that any route for this caller can answer, whatever it does. */
const BY_CALLER: Readonly<Record<Caller, readonly ProblemCode[]>> = {
  alpaca: [...OF_CREDENTIALS, 'storage_failed', 'stopping'],
  internal: [...OF_CREDENTIALS, 'storage_failed', 'stopping'],
  keyless: ['address_forbidden'],
  open: [],
};

/** Problems of what changes something: its body, and others that change the same. */
const OF_CHANGES: readonly ProblemCode[] = ['unsupported_media_type', 'busy'];

/** Every problem that a route can answer, in the order of the table of problems. */
export function problemsOf(
  { method, schema, caller }: { method: string; schema: FastifySchema; caller: Caller },
  all: readonly ProblemCode[],
): readonly ProblemCode[] {
  const given = new Set<ProblemCode>([
    ...OF_CALLS,
    ...BY_CALLER[caller],
    ...(schema.problems ?? []),
    ...(method === 'GET' ? [] : OF_CHANGES),
  ]);
  return all.filter((code) => given.has(code));
}

/** What stands for `security` of an operation. */
export function securityOf(caller: Caller): readonly Readonly<Record<string, readonly string[]>>[] {
  switch (caller) {
    case 'alpaca':
      return [{ alpacaKey: [] }, { alpacaSignature: [] }];
    case 'internal':
      return [{ operatorKey: [] }];
    case 'keyless':
    case 'open':
      return [];
    default:
      return caller satisfies never;
  }
}
