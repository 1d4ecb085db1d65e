import type { FastifySchema } from 'fastify';
import { z } from 'zod';

/**
 * The schema with a query that refuses parameters it does not name: an operator who misspells a filter must not take
 * the answer for the filtered one.
 */
export function withStrictQuery(schema: FastifySchema = {}): FastifySchema {
  const { querystring } = schema;
  if (querystring === undefined) return { ...schema, querystring: z.strictObject({}) };
  return querystring instanceof z.ZodObject ? { ...schema, querystring: querystring.strict() } : schema;
}
