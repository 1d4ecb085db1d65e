import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Fastify from 'fastify';
import type { Random, Timers } from '../ports/ports.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { uuidV4 } from '../primitives/uuid.ts';
import type { Log } from '../telemetry/log.ts';
import { createAddressList, plainAddress } from './addresses.ts';
import { sendProblem, shownPath } from './answer-error.ts';
import type { ServerLimits } from './limits.ts';
import { problem } from './problems.ts';

/** Pause between two warnings of dropped connections: there are thousands when there are any. */
const WARN_EVERY_MS = 60_000;

export interface HardenedFastifyParts {
  readonly log: Log;
  readonly timers: Timers;
  readonly random: Random;
  readonly trustedProxies: readonly string[];
}

/** Fastify without routes, which holds its limits whatever a caller sends, or does not send. */
export function createHardenedFastify(
  { log, timers, random, trustedProxies }: HardenedFastifyParts,
  limits: ServerLimits,
): FastifyInstance {
  const isProxy = createAddressList(trustedProxies);
  const server: FastifyInstance = Fastify({
    logger: false,
    bodyLimit: limits.bodyBytes,
    trustProxy: trustedProxies.length > 0 && ((address) => isProxy(plainAddress(address ?? ''))),
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionTimeout: limits.stalledMs,
    http: {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: limits.checkEveryMs,
      insecureHTTPParser: false,
      // Node would answer in a form of its own; `checkHead` looks instead.
      requireHostHeader: false,
    },
    // When the server closes, whatever runs has ended (see `drainBeforeClose`): what is still connected only waits.
    forceCloseConnections: true,
    genReqId: () => uuidV4(random.bytes(16)),
    return503OnClosing: false,
    frameworkErrors: (_error, request, reply) =>
      void sendProblem(
        request,
        reply,
        problem('malformed', `the address ${shownPath(request)} cannot be read`),
      ),
  });
  const { server: listener } = server;
  // By default those past a count would be left out, without a word, of a head that is short enough.
  listener.maxHeadersCount = 0;
  listener.maxConnections = limits.connections;
  // An expectation that is not understood may be ignored (RFC 9110, section 10.1.1).
  listener.on('checkExpectation', (request, response) => {
    server.routing(request, response);
  });
  let warnedMs = Number.NEGATIVE_INFINITY;
  listener.on('drop', () => {
    const nowMs = timers.monotonicMs();
    if (nowMs - warnedMs < WARN_EVERY_MS) return;
    warnedMs = nowMs;
    log.warn({ connections: limits.connections }, 'too many connections: new ones are dropped');
  });
  return server;
}

/** Answers what is no request of HTTP by this handler, and by nothing else. */
export function onClientError(
  { server: listener }: FastifyInstance,
  handle: (error: Error & { readonly code?: string }, socket: Socket) => void,
): void {
  listener.removeAllListeners('clientError');
  listener.on('clientError', handle);
}

/**
 * The first look at every request. HTTP/1.1 asks for exactly one `Host` (RFC 9112, section 3.2): two of them are how a
 * proxy and a server come to disagree.
 */
export function checkHead(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
  reply.header('x-request-id', request.id);
  // A cache in between knows nothing of X-API-KEY and of signatures, and would hand answers to anybody.
  reply.header('cache-control', 'no-store');
  reply.header('x-content-type-options', 'nosniff');
  const { rawHeaders, httpVersion } = request.raw;
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  const isRight = hosts === 1 || (hosts === 0 && httpVersion === '1.0');
  done(isRight ? undefined : new IssuanceError('malformed', 'the request must name exactly one Host'));
}
