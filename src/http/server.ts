import type {
  FastifyError,
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
} from 'fastify';
import Fastify from 'fastify';
import {
  hasZodFastifySchemaValidationErrors,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import { endsWithin } from '../ports/ends-within.ts';
import type { Random, Timers } from '../ports/ports.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { uuidV4 } from '../primitives/uuid.ts';
import type { Log } from '../telemetry/log.ts';
import type { AccessRule } from './access.ts';
import { createAccess, createAddressCheck } from './access.ts';
import { parseJsonBody } from './json-body.ts';
import type { Problem } from './problems.ts';
import { problem, problemOf } from './problems.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls, for the log: the name of the key that was used. */
    actor: string;
  }
}

/** Bodies above this are refused with 413. The largest body that a partner sends is below one KiB. */
const MAX_BODY_BYTES = 1024 * 1024;
/** A caller that has not sent its request within this time is cut off. */
const REQUEST_TIMEOUT_MS = 30_000;

/** A handler that runs for longer when the server closes, because a node hangs, is cut off, as a crash would. */
const DRAIN_TIMEOUT_MS = 10_000;

export interface ServerOptions {
  readonly log: Log;
  readonly timers: Timers;
  readonly random: Random;
  /** Adds hooks that see every request, before there is any route. */
  readonly instrument?: (server: FastifyInstance) => void;
  /** CIDR ranges of proxies whose `X-Forwarded-For` says who calls. */
  readonly trustedProxies: readonly string[];
  /** Who may call Alpaca's routes and the internal ones. */
  readonly alpaca: AccessRule;
  readonly internal: AccessRule;
  readonly routes: {
    /** Behind Alpaca's key. */
    readonly alpaca: readonly FastifyPluginAsync[];
    /** Behind an operator's key, from internal addresses. */
    readonly internal: readonly FastifyPluginAsync[];
    /** From internal addresses, without a key: what machines scrape and people read. */
    readonly keyless: readonly FastifyPluginAsync[];
    /** For balancers: neither key nor address is asked for. */
    readonly open: readonly FastifyPluginAsync[];
  };
}

/** The HTTP side of the service. Errors of every route become problems here, and nowhere else. */
export function createServer(options: ServerOptions): FastifyInstance {
  const server = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    trustProxy: options.trustedProxies.length === 0 ? false : [...options.trustedProxies],
    requestTimeout: REQUEST_TIMEOUT_MS,
    // When the server closes, whatever runs has ended (see `drainBeforeClose`): what is still connected only waits.
    forceCloseConnections: true,
    genReqId: () => uuidV4(options.random.bytes(16)),
    return503OnClosing: false,
    frameworkErrors: (_error, request, reply) =>
      void send(reply, problem('malformed', `the address ${shown(request)} cannot be read`)),
  });
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.decorateRequest('actor', '');
  options.instrument?.(server);
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'string' }, parseJsonBody);
  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  const isClosing = drainBeforeClose(server, options.timers);
  server.setErrorHandler((error, request, reply) => answerError(options.log, error, request, reply));
  server.setNotFoundHandler((request, reply) =>
    send(reply, problem('not_found', `there is no route ${request.method} ${shown(request)}`)),
  );

  const whileOpen = (authenticate: Authenticate): Authenticate => {
    return (request) => {
      if (isClosing()) throw new IssuanceError('stopping', 'the server is closing');
      return authenticate(request);
    };
  };
  register(server, options.routes.alpaca, whileOpen(createAccess(options.alpaca)));
  register(server, options.routes.internal, whileOpen(createAccess(options.internal)));
  const fromInside = createAddressCheck(options.internal);
  register(server, options.routes.keyless, (request) => {
    fromInside(request);
    return 'anyone inside';
  });
  // A balancer that asks during the stop is told of it by the route itself.
  register(server, options.routes.open, () => 'anyone');
  return server;
}

/** Makes a server reachable under an address; resolves with its URL. */
export type Listen = (
  server: FastifyInstance,
  address: { readonly host: string; readonly port: number },
) => Promise<string>;

/**
 * Listens, and resolves with the URL.
 *
 * @throws IssuanceError `cannot_listen` when the address is not ours or the port is in use.
 */
export async function listen(
  server: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new IssuanceError('cannot_listen', `cannot serve: ${why}; set HOST and PORT to what is free here`, {
      cause: error,
    });
  }
}

type Authenticate = (request: FastifyRequest) => string;

/**
 * Lets every handler that runs send its answer before connections are cut. Kept-alive connections, and those that never
 * sent a request, would otherwise hold the close up for more than a minute. Says whether the close has begun.
 */
function drainBeforeClose(server: FastifyInstance, timers: Timers): () => boolean {
  const running = new Set<FastifyReply['raw']>();
  let closing = false;
  let onDrained = (): void => {};
  // Not before: a request whose body never comes has asked for nothing yet.
  server.addHook('preHandler', async (_request, reply) => {
    const { raw } = reply;
    running.add(raw);
    const ended = (): void => {
      running.delete(raw);
      if (running.size === 0) onDrained();
    };
    raw.once('finish', ended);
    raw.once('close', ended);
  });
  server.addHook('preClose', async () => {
    closing = true;
    if (running.size === 0) return;
    const drained = new Promise<void>((resolve) => {
      onDrained = resolve;
    });
    await endsWithin(timers, DRAIN_TIMEOUT_MS, drained);
  });
  return () => closing;
}

/** The path that was asked for, without its query, which may hold what is not for a log. */
function shown(request: FastifyRequest): string {
  return (request.url.split('?')[0] ?? '').slice(0, 200);
}

function register(
  server: FastifyInstance,
  routes: readonly FastifyPluginAsync[],
  authenticate: Authenticate,
): void {
  void server.register(async (scope) => {
    // Before the body is read: a caller without credentials costs nothing.
    scope.addHook('onRequest', async (request) => {
      request.actor = authenticate(request);
    });
    for (const route of routes) await scope.register(route);
  });
}

async function answerError(
  log: Log,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const found = frameworkProblem(error) ?? problemOf(error);
  const fields = {
    request_id: request.id,
    method: request.method,
    route: request.routeOptions.url ?? null,
    status: found.status,
    code: found.code,
  };
  if (found.status >= 500) log.error({ ...fields, err: error }, 'request failed');
  else log.info({ ...fields, detail: found.detail }, 'request refused');
  await send(reply, found);
}

async function send(reply: FastifyReply, found: Problem): Promise<void> {
  await reply
    .code(found.status)
    .header('content-type', 'application/problem+json')
    .serializer(JSON.stringify)
    .send(found);
}

/** Problems that Fastify itself finds: a body it cannot read, or one that does not fit the route's schema. */
function frameworkProblem(error: unknown): Problem | null {
  if (hasZodFastifySchemaValidationErrors(error)) {
    const faults = error.validation.map((it) => `${it.instancePath || 'body'}: ${it.message ?? 'wrong'}`);
    return problem('malformed', faults.slice(0, 10).join('; '));
  }
  switch ((error as Partial<FastifyError> | null)?.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return problem('payload_too_large', `the body is larger than ${MAX_BODY_BYTES} bytes`);
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return problem('unsupported_media_type', 'send the body as application/json');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return problem('malformed', 'the body is not as long as its Content-Length says');
    case 'ECONNRESET':
      return problem('malformed', 'the caller went away before its body was there');
    default:
      return null;
  }
}
