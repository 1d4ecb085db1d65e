import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { Clock, Random, Timers } from '../ports/ports.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { Log } from '../telemetry/log.ts';
import type { Access, AccessRule } from './access.ts';
import { createAccess, createAddressCheck } from './access.ts';
import { answerError } from './answer-error.ts';
import { createAttempts } from './attempts.ts';
import { createHeadCheck, noRoute } from './check-head.ts';
import { createClientErrorHandler } from './client-errors.ts';
import { drainBeforeClose } from './drain.ts';
import { createFailureLines } from './failure-lines.ts';
import { createHardenedFastify, onClientError } from './hardened-fastify.ts';
import { parseJsonBody } from './json-body.ts';
import type { ServerLimits } from './limits.ts';
import { SERVER_LIMITS } from './limits.ts';
import { registerDocument } from './openapi/document.ts';
import type { Caller } from './openapi/route-docs.ts';
import { withStrictQuery } from './strict-query.ts';
import { trackOwedAnswers } from './owed-answers.ts';

type BodyParser = (
  request: FastifyRequest,
  bytes: Buffer,
  done: (error: Error | null, body?: unknown) => void,
) => void;

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls, for the log: the name of the key that was used. */
    actor: string;
    /** SHA-256 that the body must have, as it was signed; null where none was, or once it was compared. */
    bodyDigest: Uint8Array | null;
    /** A body that could not be parsed, on a route that keeps it, and why not; null on all others. */
    unread: { readonly text: string; readonly why: string } | null;
  }
  interface FastifyContextConfig {
    /** Its handler takes bodies in that cannot be parsed. */
    keepsBody?: boolean;
  }
  interface FastifyInstance {
    /** Parses a body of any media type as JSON, after it was compared with what was signed. */
    parseAnyBody: BodyParser;
  }
}

export interface ServerOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Adds hooks that see every request, before there is any route. */
  readonly instrument?: (server: FastifyInstance) => void;
  /** Where they differ from `SERVER_LIMITS`. */
  readonly limits?: Partial<ServerLimits>;
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
  const { log, clock, timers } = options;
  const limits = { ...SERVER_LIMITS, ...options.limits };
  const server = createHardenedFastify(options, limits);
  server.setValidatorCompiler<z.ZodType>((route) => {
    const validate = validatorCompiler(route);
    // Fastify gives a body that did not come as null, which no schema of an optional one takes.
    return route.httpPart === 'body' ? (data: unknown) => validate(data ?? undefined) : validate;
  });
  // Answers go out as the handlers give them, see docs/adr/0009-answers-are-held-to-their-schemas-by-tests.md.
  server.setSerializerCompiler(() => JSON.stringify);
  registerDocument(server);
  server.decorateRequest('actor', '');
  options.instrument?.(server);
  server.decorateRequest('bodyDigest', null);
  server.decorateRequest('unread', null);
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, jsonParser(null));
  const owed = trackOwedAnswers(server);
  server.addHook('onRequest', createHeadCheck(limits));
  onClientError(server, createClientErrorHandler({ log, random: options.random, owed }));
  const isClosing = drainBeforeClose(server, timers);
  const failures = createFailureLines(server, { log, timers });
  server.setErrorHandler((error, request, reply) =>
    answerError({ log, limits, failures }, error, request, reply),
  );
  server.setNotFoundHandler((request) => {
    throw noRoute(request);
  });

  const attempts = createAttempts(timers, (address) => {
    log.warn({ address }, 'too many failed credentials: more of them from this address are answered 429');
  });
  const whileOpen = (access: Access): Access => ({
    ...access,
    authenticate(request) {
      if (isClosing()) throw new IssuanceError('stopping', 'the server is closing');
      return access.authenticate(request);
    },
  });
  register(
    server,
    'alpaca',
    options.routes.alpaca,
    whileOpen(createAccess(options.alpaca, { attempts, clock })),
  );
  register(
    server,
    'internal',
    options.routes.internal,
    whileOpen(createAccess(options.internal, { attempts, clock })),
  );
  const fromInside = createAddressCheck(options.internal);
  register(server, 'keyless', options.routes.keyless, {
    checkBody: null,
    authenticate(request) {
      fromInside(request);
      return 'anyone inside';
    },
  });
  // A balancer that asks during the stop is told of it by the route itself.
  register(server, 'open', options.routes.open, { checkBody: null, authenticate: () => 'anyone' });
  return server;
}

export type CreateServer = (options: ServerOptions) => FastifyInstance;

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

function register(
  server: FastifyInstance,
  caller: Caller,
  routes: readonly FastifyPluginAsync[],
  access: Access,
): void {
  const { authenticate, checkBody } = access;
  void server.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, caller };
      if (caller === 'internal') route.schema = withStrictQuery(route.schema);
    });
    // Before the body is read: a caller without credentials costs nothing.
    scope.addHook('onRequest', (request, _reply, done) => {
      try {
        request.actor = authenticate(request);
        done();
      } catch (error) {
        done(error as Error);
      }
    });
    scope.decorate('parseAnyBody', jsonParser(checkBody));
    if (checkBody !== null) {
      scope.removeContentTypeParser('application/json');
      scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, scope.parseAnyBody);
      // What no parser saw, as the body of a GET, has no bytes for the handler either.
      scope.addHook('preValidation', async (request) => {
        if (request.bodyDigest !== null) checkBody(request, new Uint8Array());
      });
    }
    for (const route of routes) await scope.register(route);
  });
}

function jsonParser(checkBody: Access['checkBody']): BodyParser {
  return (request, bytes, done) => {
    try {
      checkBody?.(request, bytes);
      done(null, parseOrKeep(request, bytes));
    } catch (error) {
      done(error as Error);
    }
  };
}

function parseOrKeep(request: FastifyRequest, bytes: Buffer): unknown {
  try {
    return parseJsonBody(bytes);
  } catch (error) {
    const keeps = request.routeOptions.config.keepsBody === true;
    if (!keeps || !(error instanceof IssuanceError)) throw error;
    request.unread = { text: bytes.toString(), why: error.message };
    return undefined;
  }
}
