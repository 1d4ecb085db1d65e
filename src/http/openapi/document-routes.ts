import swaggerUi from '@fastify/swagger-ui';
import type { FastifyPluginAsync } from 'fastify';
import { z } from 'zod';

/** Nothing but ourselves, in every respect: the page may hold an operator's key while it is tried out. */
const CONTENT_SECURITY_POLICY = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': ["'self'", 'data:'],
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
};

/** The OpenAPI document of the service that serves it, and a page to read it and try it out. */
export function documentRoutes(): FastifyPluginAsync {
  return async (app) => {
    let text: string | null = null;
    app.get(
      '/openapi.json',
      {
        schema: {
          operationId: 'getOpenApi',
          tags: ['service'],
          summary: 'This document',
          description: 'OpenAPI 3.1, generated from the schemas that the service validates with.',
          response: { 200: z.looseObject({ openapi: z.string() }) },
        },
      },
      async (_request, reply) => {
        // It cannot change while the process runs.
        text ??= JSON.stringify(app.swagger());
        return reply.header('content-type', 'application/json; charset=utf-8').serializer(asItIs).send(text);
      },
    );
    await app.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: CONTENT_SECURITY_POLICY,
      theme: { title: 'Issuance: the API' },
      uiConfig: { docExpansion: 'list', displayRequestDuration: true },
    });
  };
}

function asItIs(payload: unknown): string {
  return payload as string;
}
