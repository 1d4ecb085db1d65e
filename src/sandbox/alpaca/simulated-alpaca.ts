import type { FastifyInstance } from 'fastify';
import fastify from 'fastify';
import type { HttpRequest, HttpResponse } from '../../ports/ports.ts';
import { HttpFailure, IssuanceError } from '../../primitives/failures.ts';
import { createParticipantControls } from './ap.ts';
import { serveCalls } from './calls.ts';
import { createConfirming } from './confirming.ts';
import { serveControls } from './control-routes.ts';
import { createCredentials } from './credentials.ts';
import { createIssuerLink } from './issuer-link.ts';
import { createJournaling } from './journaling.ts';
import { createListener } from '../listener.ts';
import type { TokenizationRequest } from './model.ts';
import { resolveSettings, type SimulatedAlpacaOptions } from './options.ts';
import type { AlpacaState, SimulatedAlpaca } from './simulated-alpaca-interface.ts';
import { createWorld, type World } from './world.ts';

/** Creates a simulated Alpaca with its APs; `start` makes it listen. */
export function createSimulatedAlpaca(options: SimulatedAlpacaOptions): SimulatedAlpaca {
  const settings = resolveSettings(options);
  const world = createWorld(settings);
  const link = createIssuerLink(world);
  const confirming = createConfirming(world, link);
  const journaling = createJournaling(world, confirming);
  const ap = createParticipantControls(world, { link, journaling, confirming });
  const credentials = createCredentials({
    accepted: settings.credentials,
    bearerLifetimeMs: settings.bearerLifetimeMs,
    nowMs: () => world.nowMs(),
    newSecret: () => world.newId(),
  });

  const app = fastify({ routerOptions: { maxParamLength: 256 } });
  // Bodies are kept as they came: calls are recorded byte for byte, and Alpaca's errors have their own form.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    done(null, body);
  });
  const calls = serveCalls(app, world, { credentials, journaling });
  const listener = createListener((request, response) => {
    app.routing(request, response);
  }, settings.port);
  let url: string | null = null;

  const alpaca: SimulatedAlpaca = {
    get url() {
      if (url === null) throw new IssuanceError('alpaca_not_listening', 'start the simulated Alpaca first');
      return url;
    },
    async start() {
      await app.ready();
      url = `http://127.0.0.1:${String(await listener.open())}`;
    },
    exchange: (request) => exchangeWith(app, request),
    async stop() {
      world.schedule.close();
      world.changes.close();
      await listener.close();
      await app.close();
    },
    script: world.script,
    ap,
    state: describeState(world),
    setIssuer(issuer) {
      settings.issuer = issuer;
    },
    calls: (endpoint) =>
      calls.received.filter((call) => endpoint === undefined || call.endpoint === endpoint),
    sent: (endpoint) => link.sent.filter((call) => endpoint === undefined || call.endpoint === endpoint),
    async outage(on, kind = 'unavailable') {
      calls.unavailable = on && kind === 'unavailable';
      if (on && kind === 'unreachable') await listener.close();
      else await listener.open();
    },
    revokeBearers: () => {
      credentials.revokeBearers();
    },
    waitFor: (look) => world.changes.waitFor(look),
    mintCompleted: (id) => completed(world, () => world.requests.byId(id)),
    redeemCompleted: (id) => completed(world, () => world.requests.byIssuerRequestId(id)),
  };
  serveControls(app, world, alpaca);
  return alpaca;
}

async function exchangeWith(app: FastifyInstance, request: HttpRequest): Promise<HttpResponse> {
  const { pathname, search } = new URL(request.url);
  const { method, headers, body } = request;
  try {
    const answer = await app.inject({
      method,
      url: `${pathname}${search}`,
      headers: { ...headers },
      ...(body === undefined ? {} : { payload: body }),
    });
    const named = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as const);
    return { status: answer.statusCode, headers: Object.fromEntries(named), body: answer.body };
  } catch (cause) {
    throw new HttpFailure(`${method} ${pathname}: the connection was cut`, { cause, timedOut: false });
  }
}

function describeState(world: World): AlpacaState {
  return {
    get requests() {
      return world.requests.all();
    },
    get participants() {
      return world.participants.all();
    },
    get journals() {
      return world.book.journals();
    },
    get custody() {
      return world.book.positions(world.settings.accountId);
    },
    complaints: world.complaints,
  };
}

function completed(world: World, find: () => TokenizationRequest | undefined): Promise<TokenizationRequest> {
  return world.changes.waitFor(() => {
    const request = find();
    if (request?.status === 'rejected') {
      const message = `request ${request.id} was rejected: ${request.reason ?? 'no reason'}`;
      throw new IssuanceError('alpaca_request_rejected', message);
    }
    return request?.status === 'completed' ? request : undefined;
  });
}
