import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** What is still to be answered over a connection. */
export interface OwedAnswers {
  /**
   * The last answer of this connection behind which nothing may be said: it is owed to a request that came in full, or
   * it is out, in part at least, although its request did not. Null when there is none.
   */
  last(socket: Socket): ServerResponse | null;
}

/**
 * Remembers the last requests of every connection. What comes behind a good request may be no request at all, and an
 * answer to that must not be taken for the answer to the good one.
 */
export function trackOwedAnswers(server: FastifyInstance): OwedAnswers {
  const newest = new WeakMap<
    Socket,
    { readonly response: ServerResponse; readonly before: ServerResponse | null }
  >();
  server.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    const before = newest.get(socket)?.response ?? null;
    // Answers go out in the order of their requests: when this one is out, so are those before it.
    newest.set(socket, {
      response: reply.raw,
      before: before === null || before.writableFinished ? null : before,
    });
    done();
  });
  return {
    last(socket) {
      const { response, before } = newest.get(socket) ?? { response: null, before: null };
      if (response !== null && (response.req.complete ? !response.writableFinished : response.headersSent)) {
        return response;
      }
      return before === null || before.writableFinished ? null : before;
    },
  };
}
