import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import Fastify from 'fastify';
import type { Random, Timers } from '../ports/ports.ts';
import { uuidV4 } from '../primitives/uuid.ts';
import type { Log } from '../telemetry/log.ts';
import { createAddressList, plainAddress } from './addresses.ts';
import { sendProblem, shownPath } from './answer-error.ts';
import type { ServerLimits } from './limits.ts';
import { problem } from './problems.ts';

/** Pause between two warnings of dropped connections: there are thousands when there are any. */
const WARN_EVERY_MS = 60_000;
/** Pause between two times that resting connections are closed for new ones: all of them are looked at. */
const MAKE_ROOM_EVERY_MS = 1_000;

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
      // Node would answer in a form of its own; `createHeadCheck` looks instead.
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
  listener.maxConnections = limits.connections;
  // An expectation that is not understood may be ignored (RFC 9110, section 10.1.1).
  listener.on('checkExpectation', (request, response) => {
    server.routing(request, response);
  });
  let warnedMs = Number.NEGATIVE_INFINITY;
  let roomMadeMs = Number.NEGATIVE_INFINITY;
  listener.on('drop', () => {
    const nowMs = timers.monotonicMs();
    if (nowMs - roomMadeMs >= MAKE_ROOM_EVERY_MS) {
      roomMadeMs = nowMs;
      // Those that only rest between two requests can come again; else whoever keeps them all would keep everybody out.
      listener.closeIdleConnections();
    }
    if (nowMs - warnedMs >= WARN_EVERY_MS) {
      warnedMs = nowMs;
      log.warn({ connections: limits.connections }, 'too many connections: new ones are dropped');
    }
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
