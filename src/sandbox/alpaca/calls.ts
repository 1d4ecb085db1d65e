import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createCallbackRedeem } from './callback-redeem.ts';
import { callbackMint } from './callback-mint.ts';
import type { Credentials } from './credentials.ts';
import { parseJson } from './fields.ts';
import type { Journaling } from './journaling.ts';
import { createLookups } from './lookups.ts';
import type { CallEndpoint, ReceivedCall } from './model.ts';
import { createRateLimit } from './rate-limit.ts';
import { type Answer, Refusal, refusalAnswer } from './refusal.ts';
import type { CallAction } from './script.ts';
import type { World } from './world.ts';

/** Older calls are forgotten, so that a sandbox can run for days. */
const MOST_CALLS_KEPT = 10_000;

type Handler = (call: ReceivedCall) => Answer;

/** What the issuer can call. */
export interface Calls {
  /** Every request of the issuer, oldest first. */
  readonly received: readonly ReceivedCall[];
  /** While true, everything is answered 503 without effect. */
  unavailable: boolean;
}

/** Registers Alpaca's routes on the server. */
export function serveCalls(
  app: FastifyInstance,
  world: World,
  parts: { readonly credentials: Credentials; readonly journaling: Journaling },
): Calls {
  const { credentials, journaling } = parts;
  const received: ReceivedCall[] = [];
  const calls: Calls = { received, unavailable: false };
  const rateLimit = createRateLimit(world.settings.rateLimitPerMinute, () => world.nowMs());
  const lookups = createLookups(world);

  const serve = (endpoint: CallEndpoint | 'unknown', handler: Handler) => {
    return async (request: FastifyRequest, reply: FastifyReply) => {
      const call = describe(world, endpoint, request);
      received.push(call);
      if (received.length > MOST_CALLS_KEPT) received.shift();
      world.changes.notify();
      const limit = rateLimit.take();
      const guarded: Handler = (one) => {
        if (calls.unavailable) return refusalAnswer('unavailable', 'service unavailable');
        if (!limit.allowed) return refusalAnswer('tooManyRequests', 'too many requests');
        return handler(one);
      };
      const action = world.script.takeCall(call);
      const headers = { 'x-request-id': call.requestId, ...limit.headers };
      await answer(world, call, { action, handler: guarded, reply, headers });
      return reply;
    };
  };
  const secured = (endpoint: CallEndpoint, handler: Handler) =>
    serve(endpoint, (call) => {
      credentials.check(call);
      requireOwnAccount(world, call);
      return handler(call);
    });

  const tokenization = '/v1/accounts/:account/tokenization';
  app.post(
    `${tokenization}/callback/mint`,
    secured('callback_mint', (call) => callbackMint(world, call)),
  );
  app.post(
    `${tokenization}/callback/redeem`,
    secured('callback_redeem', createCallbackRedeem(world, journaling)),
  );
  app.get(`${tokenization}/requests/:id`, secured('get_request', lookups.getRequest));
  // Two colons stand for one in the path.
  app.get(`${tokenization}/requests::by_issuer_request_id`, secured('find_request', lookups.findRequest));
  app.get(`${tokenization}/requests`, secured('list_requests', lookups.listRequests));
  app.get('/v1/trading/accounts/:account/positions', secured('positions', lookups.positions));
  app.get('/v1/trading/accounts/:account/positions/:symbol', secured('position', lookups.position));
  app.get('/v1/journals', secured('journals', lookups.journals));
  app.post('/v1/oauth2/token', serve('oauth_token', credentials.issueBearer));
  app.setNotFoundHandler(serve('unknown', () => refusalAnswer('notFound', 'endpoint not found')));
  return calls;
}

function describe(world: World, endpoint: CallEndpoint | 'unknown', request: FastifyRequest): ReceivedCall {
  const { raw } = request;
  const url = new URL(raw.url ?? '/', 'http://localhost');
  const rawBody = typeof request.body === 'string' ? request.body : '';
  const headers = Object.entries(raw.headers).map(([name, value]) => [name, String(value)]);
  return {
    endpoint,
    requestId: world.newId(),
    atMs: world.nowMs(),
    method: raw.method ?? '',
    path: url.pathname,
    params: { ...(request.params as Record<string, string>) },
    query: Object.fromEntries(url.searchParams),
    headers: Object.fromEntries(headers) as Record<string, string>,
    rawBody,
    body: rawBody === '' ? undefined : parseJson(rawBody),
    outcome: null,
  };
}

/** The account in the path must be the issuer's tokenization account, never an AP's. Journals name none. */
function requireOwnAccount(world: World, { params }: ReceivedCall): void {
  const account = params['account'];
  if (account === undefined || account === world.settings.accountId) return;
  if (world.participants.all().some(({ accountId }) => accountId === account)) {
    throw new Refusal('forbidden', 'the account in the path is not your tokenization account');
  }
  throw new Refusal('notFound', 'account not found');
}

async function answer(
  world: World,
  call: ReceivedCall,
  exchange: {
    readonly action: CallAction;
    readonly handler: Handler;
    readonly reply: FastifyReply;
    readonly headers: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const { action, handler, reply, headers } = exchange;
  if (action.delayMs !== undefined) await world.schedule.pause(action.delayMs);
  const truth = action.act === false ? undefined : attempt(handler, call);
  const replaced = typeof action.reply === 'function' ? action.reply(world.nowMs()) : action.reply;
  if (replaced === 'drop' || replaced === 'hang') {
    reply.hijack();
    call.outcome = replaced === 'drop' ? 'dropped' : 'hung';
    if (replaced === 'drop') reply.raw.destroy();
    world.changes.notify();
    return;
  }
  const final = replaced ?? alter(truth, action) ?? refusalAnswer('internal', 'a rule forbade to act');
  const text = typeof final.body === 'string' ? final.body : JSON.stringify(final.body);
  call.outcome = final.status;
  await reply
    .code(final.status)
    .headers({ 'content-type': 'application/json', ...headers, ...final.headers })
    .send(text);
  world.changes.notify();
}

function attempt(handler: Handler, call: ReceivedCall): Answer {
  try {
    return handler(call);
  } catch (cause) {
    if (cause instanceof Refusal) return refusalAnswer(cause.kind, cause.message);
    throw cause;
  }
}

/** Rules change what succeeded; a refusal stays what it is. */
function alter(truth: Answer | undefined, { alter: change }: CallAction): Answer | undefined {
  if (truth === undefined || change === undefined || truth.status >= 400) return truth;
  return { ...truth, body: change(truth.body) };
}
