/** Any part of a JSON document. */
type Node = unknown;

interface Components {
  readonly schemas?: Readonly<Record<string, Node>>;
}

/**
 * Finishes the document: keeps only components that something refers to (the generator writes each twice, for
 * requests and for answers), and says of which operations the body may be left out.
 */
export function tidyDocument<Document extends object>(document: Document): Document {
  const { components, ...rest } = document as { readonly components?: Components };
  const schemas = components?.schemas ?? {};
  const used = new Set<string>();
  const pending = references(rest);
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (used.has(name)) continue;
    used.add(name);
    pending.push(...references(schemas[name]));
  }
  const kept = Object.entries(schemas)
    .filter(([name]) => used.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...(withOptionalBodies(rest) as Document),
    components: { ...components, schemas: Object.fromEntries(kept), headers: HEADERS },
  };
}

const SCHEMAS = '#/components/schemas/';

/** Names of the schemas that a part of the document refers to. */
function references(node: Node): string[] {
  if (Array.isArray(node)) return node.flatMap(references);
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]: [string, Node]) =>
    key === '$ref' && typeof value === 'string' && value.startsWith(SCHEMAS)
      ? [value.slice(SCHEMAS.length)]
      : references(value),
  );
}

const HEADERS = {
  RequestId: {
    description: 'Id of this answer, which the log has too.',
    schema: { type: 'string', format: 'uuid' },
  },
  RetryAfter: {
    description: 'Seconds after which wrong credentials may be tried again.',
    schema: { type: 'string', pattern: '^\\d+$' },
  },
};

/** Names the headers of every answer of an operation. */
function withHeaders(operation: Readonly<Record<string, Node>>): Readonly<Record<string, Node>> {
  const { operationId, responses } = operation;
  if (typeof operationId !== 'string' || typeof responses !== 'object' || responses === null)
    return operation;
  const id = { 'x-request-id': { $ref: '#/components/headers/RequestId' } };
  const pause = { 'retry-after': { $ref: '#/components/headers/RetryAfter' } };
  const named = Object.entries(responses).map(([status, it]: [string, object]) => [
    status,
    { ...it, headers: status === '429' ? { ...id, ...pause } : id },
  ]);
  return { ...operation, responses: Object.fromEntries(named) as Node };
}

/** The generator calls every body required. */
function withOptionalBodies(node: Node): Node {
  if (Array.isArray(node)) return node.map(withOptionalBodies);
  if (typeof node !== 'object' || node === null) return node;
  const { 'x-body-optional': optional, ...rest } = withHeaders(node as Readonly<Record<string, Node>>);
  if (optional === true) {
    return { ...rest, requestBody: { ...(rest['requestBody'] as object), required: false } };
  }
  return Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, withOptionalBodies(value)]));
}
