import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import packageJson from '../../../package.json' with { type: 'json' };
import { PROBLEMS } from '../problems.ts';
import type { ProblemCode } from '../problems.ts';
import { INTRODUCTION, SECURITY_SCHEMES, TAGS } from './introduction.ts';
import { problemResponses } from './problem-responses.ts';
import { problemsOf, securityOf } from './route-docs.ts';
import { tidyDocument } from './tidy-document.ts';

const ALL_CODES = Object.keys(PROBLEMS) as ProblemCode[];

/**
 * Answers may gain members later, so that the document does not close them, and most requests ignore what they do not
 * know. Those that do not are strict objects.
 */
const zodToJsonConfig = {
  override: ({ zodSchema, jsonSchema }: OverrideContext): void => {
    const { def } = zodSchema._zod;
    const isStrict = def.type === 'object' && def.catchall !== undefined;
    if (jsonSchema.additionalProperties === false && !isStrict) delete jsonSchema.additionalProperties;
  },
};

interface OverrideContext {
  readonly zodSchema: z.core.$ZodTypes;
  readonly jsonSchema: { additionalProperties?: unknown };
}

/**
 * Makes the server write its OpenAPI document from the routes that are registered after this. `server.swagger()` gives
 * it once the server is ready.
 */
export function registerDocument(server: FastifyInstance): void {
  const fromZod = createJsonSchemaTransform({ zodToJsonConfig, skipList: [] });
  const withComponents = createJsonSchemaTransformObject({ zodToJsonConfig });
  void server.register(swagger, {
    openapi: {
      openapi: '3.1.1',
      info: { title: 'Issuance', version: packageJson.version, description: INTRODUCTION },
      servers: [{ url: '/', description: 'The service that serves this document' }],
      tags: [...TAGS],
      components: { securitySchemes: SECURITY_SCHEMES },
    },
    transform: (document) => {
      const { schema, route } = document;
      const caller = route.config?.caller;
      if (schema === undefined || schema.hide === true || caller === undefined) {
        return { schema: { hide: true }, url: document.url };
      }
      const { problems: _problems, bodyOptional, ...plain } = schema;
      const made = fromZod({ ...document, schema: plain });
      return {
        url: made.url,
        schema: {
          ...made.schema,
          security: securityOf(caller),
          ...(bodyOptional === true ? { 'x-body-optional': true } : {}),
          response: {
            ...described(made.schema.response),
            ...problemResponses(problemsOf({ method: String(route.method), schema, caller }, ALL_CODES)),
          },
        },
      };
    },
    transformObject: (document) => tidyDocument(withComponents(document)),
  });
}

interface Response {
  readonly description?: string;
  readonly content?: object;
}

/** The generator would call every answer without a description of its own "Default Response". */
function described(responses: unknown): object {
  const entries = Object.entries((responses ?? {}) as Readonly<Record<string, Response>>);
  return Object.fromEntries(
    entries.map(([status, response]) => {
      const description = response.description ?? WORDS[status] ?? 'Answered.';
      const content = response.content ?? { 'application/json': { schema: response } };
      return [status, { description, content }];
    }),
  );
}

const WORDS: Readonly<Record<string, string>> = { 200: 'Done.', 201: 'Created.', 503: 'Not ready.' };
