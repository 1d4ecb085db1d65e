import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseJson, qtyField, readFields } from './fields.ts';
import { journalOnWire, positionOnWire } from './lookups.ts';
import { type MintOrder } from './minting.ts';
import type { ReceivedCall, TokenizationRequest } from './model.ts';
import { Refusal, refusalAnswer } from './refusal.ts';
import { requestOnWire } from './requests.ts';
import { ruleFromJson } from './rule-json.ts';
import type { SimulatedAlpaca } from './simulated-alpaca-interface.ts';
import type { World } from './world.ts';

const emailBody = z.object({ email: z.string().min(1) });
const accountBody = emailBody.extend({ shares: z.record(z.string(), qtyField).optional() });
const sharesBody = emailBody.extend({ symbol: z.string().min(1), qty: qtyField });
const releaseBody = z.object({ reject: z.string().optional() });
const outageBody = z.object({ on: z.boolean() });

type Handler = (input: {
  readonly body: unknown;
  readonly params: Readonly<Record<string, string>>;
}) => unknown;

/**
 * Registers the routes under `/ap`, by which a person plays the AP and Alpaca's staff with curl. They need no
 * credentials: the server listens on 127.0.0.1 only. `GET /ap` lists them.
 */
export function serveControls(app: FastifyInstance, world: World, alpaca: SimulatedAlpaca): void {
  const routes = { ...participantRoutes(world, alpaca), ...staffRoutes(world, alpaca) };
  const index: Handler = () => ({ routes: Object.keys(routes) });
  for (const [route, handler] of [['GET /ap', index] as const, ...Object.entries(routes)]) {
    const [method = '', url = ''] = route.split(' ');
    app.route({ method, url, handler: (request, reply) => respond(handler, request, reply) });
  }
}

/** What an AP does and sees. */
function participantRoutes(world: World, alpaca: SimulatedAlpaca): Record<string, Handler> {
  const { ap, state } = alpaca;
  return {
    'GET /ap/accounts': () => state.participants.map((one) => accountView(world, one.email)),
    'POST /ap/accounts': ({ body }) => {
      const { email, shares = {} } = readFields(accountBody, body);
      ap.openAccount({ email, shares });
      return accountView(world, email);
    },
    'POST /ap/connect': ({ body }) => ap.connect(readFields(emailBody, body).email),
    'GET /ap/tokens': () => ap.tokens(),
    // The order is checked by the AP's own function.
    'POST /ap/mints': async ({ body }) => view(world, await ap.requestMint(body as MintOrder)),
    'GET /ap/requests': () => state.requests.map((request) => view(world, request)),
    'GET /ap/requests/:id': ({ params }) => view(world, requestOf(world, params)),
  };
}

/** What only Alpaca's staff can do and see. */
function staffRoutes(world: World, alpaca: SimulatedAlpaca): Record<string, Handler> {
  const { ap, state, script } = alpaca;
  return {
    'POST /ap/shares': ({ body }) => {
      const { email, symbol, qty } = readFields(sharesBody, body);
      ap.deposit(email, symbol, qty);
      return accountView(world, email);
    },
    'POST /ap/requests/:id/release': ({ params, body }) => {
      const { reject } = readFields(releaseBody, body ?? {});
      return view(world, ap.release(params['id'] ?? '', reject === undefined ? undefined : { reject }));
    },
    'POST /ap/requests/:id/confirm': ({ params, body }) =>
      ap.confirm(params['id'] ?? '', readFields(z.record(z.string(), z.unknown()), body ?? {})),
    'GET /ap/custody': () => state.custody.map(positionOnWire),
    'GET /ap/journals': () => state.journals.map(journalOnWire),
    'POST /ap/journals/:id/reverse': ({ params }) => journalOnWire(ap.reverseJournal(params['id'] ?? '')),
    'GET /ap/calls': () => alpaca.calls().map(withoutSecrets),
    'GET /ap/sent': () => alpaca.sent(),
    'GET /ap/complaints': () => state.complaints,
    'POST /ap/rules': ({ body }) => {
      script.add(ruleFromJson(body));
      return { added: true };
    },
    'DELETE /ap/rules': () => {
      script.clear();
      return { cleared: true };
    },
    'POST /ap/bearers/revoke': () => {
      alpaca.revokeBearers();
      return { revoked: true };
    },
    'POST /ap/outage': async ({ body }) => {
      const { on } = readFields(outageBody, body);
      await alpaca.outage(on);
      return { on };
    },
  };
}

async function respond(
  handler: Handler,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const text = typeof request.body === 'string' ? request.body : '';
  const body = parseJson(text);
  const params = { ...(request.params as Record<string, string>) };
  try {
    if (text !== '' && body === undefined) throw new Refusal('badRequest', 'the body is not JSON');
    return await reply.code(200).send(await handler({ body, params }));
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    return reply.code(cause.status).send(refusalAnswer(cause.kind, cause.message).body);
  }
}

function requestOf(world: World, params: Readonly<Record<string, string>>): TokenizationRequest {
  const request = world.requests.byId(params['id'] ?? '');
  if (request === undefined) throw new Refusal('notFound', `no tokenization request ${params['id'] ?? ''}`);
  return request;
}

/** The request as on the wire, and what only Alpaca sees. */
function view(world: World, request: TokenizationRequest): Record<string, unknown> {
  return {
    ...requestOnWire(request, world.settings.issuerName),
    reason: request.reason,
    journal: request.journal === null ? null : journalOnWire(request.journal),
    confirm: request.confirm,
  };
}

function accountView({ participants, book }: World, email: string): unknown {
  const participant = participants.byEmail(email);
  return { ...participant, positions: book.positions(participant.accountId).map(positionOnWire) };
}

/** Headers and forms carry the issuer's credentials; a JSON body stays. */
function withoutSecrets({ headers: _headers, rawBody: _rawBody, ...call }: ReceivedCall): unknown {
  return call;
}
