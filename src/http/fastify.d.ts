import 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls, for the log: the name of the key that was used. */
    actor: string;
  }
}
