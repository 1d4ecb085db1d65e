import { createPublicKey } from 'node:crypto';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { PrivateKeyAccount } from 'viem/accounts';
import { systemClock } from '../../ports/system.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import { createListener } from '../listener.ts';
import type { Answer } from './answer.ts';
import { CUT } from './answer.ts';
import { createTokenCheck } from './check-token.ts';
import type {
  Fits,
  SimulatedFireblocks,
  SimulatedFireblocksOptions,
} from './simulated-fireblocks-interface.ts';
import { serveTransactions } from './transaction-routes.ts';
import { serveVault } from './vault-routes.ts';
import { createWorkspace } from './workspace.ts';

/** Creates a simulated Fireblocks that holds this account's key; `start` makes it listen. */
export function createSimulatedFireblocks(
  account: PrivateKeyAccount,
  options: SimulatedFireblocksOptions,
): SimulatedFireblocks {
  const workspace = createWorkspace(account, options);
  const interruptions: { fits: Fits; answer: Answer | typeof CUT }[] = [];
  const requests: { method: string; path: string }[] = [];
  const check = createTokenCheck({
    apiKey: options.apiKey,
    publicKey: createPublicKey(options.apiPublicKey),
    nowMs: () => systemClock.nowMs(),
  });
  const app = fastify({ routerOptions: { maxParamLength: 512 } });
  keepBodiesAsTheyCame(app);
  /** What is answered before anybody looks at what is asked for; null lets the request through. */
  const answerEarly = (request: FastifyRequest): Answer | typeof CUT | null => {
    const { 'x-api-key': apiKey, authorization } = request.headers;
    const refused = check({
      uri: request.url,
      apiKey: typeof apiKey === 'string' ? apiKey : undefined,
      authorization,
      body: request.body instanceof Buffer ? request.body : Buffer.alloc(0),
    });
    if (refused !== null) return refused;
    const path = request.url.split('?', 1)[0] ?? '';
    requests.push({ method: request.method, path });
    const at = interruptions.findIndex((it) => it.fits(request.method, path));
    return at < 0 ? null : (interruptions.splice(at, 1)[0]?.answer ?? null);
  };
  app.addHook('preHandler', (request, reply, done) => {
    const answer = answerEarly(request);
    if (answer === null) done();
    else void give(reply, answer);
  });
  const listener = createListener((request, response) => {
    app.routing(request, response);
  }, 0);
  let url: string | null = null;
  const baseUrl = (): string => {
    if (url === null)
      throw new IssuanceError('fireblocks_not_listening', 'start the simulated Fireblocks first');
    return url;
  };
  app.setNotFoundHandler((_request, reply) => give(reply, { status: 404, body: { message: 'Not found' } }));
  serveTransactions(app, workspace, { give, baseUrl });
  serveVault(app, workspace, { give });

  return {
    get url() {
      return baseUrl();
    },
    async start() {
      await app.ready();
      url = `http://127.0.0.1:${String(await listener.open())}/v1`;
      return url;
    },
    stop: () => listener.close(),
    addAsset: workspace.addAsset,
    whitelist: workspace.whitelist,
    script: workspace.script,
    always: workspace.always,
    interrupt(fits, ...answers) {
      interruptions.push(...answers.map((answer) => ({ fits, answer })));
    },
    duplicatesAre: workspace.duplicatesAre,
    hideFromExternalLookups: workspace.hideFromExternalLookups,
    transactions: () => workspace.records,
    proceed: (id) => workspace.progress.proceed(workspace.known(id)),
    end(id, status, subStatus = '') {
      workspace.progress.end(workspace.known(id), status, subStatus);
    },
    send: (id) => workspace.broadcaster.broadcast(workspace.known(id)),
    requests: () => requests,
  };
}

/** Tokens carry the hash of the very bytes. */
function keepBodiesAsTheyCame(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
}

function give(reply: FastifyReply, answer: Answer | typeof CUT): FastifyReply {
  if (answer === CUT) {
    reply.hijack();
    reply.raw.destroy();
    return reply;
  }
  const { status, body, headers = {} } = answer;
  return reply
    .code(status)
    .headers({ 'content-type': 'application/json; charset=utf-8', ...headers })
    .send(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Answers a request, or cuts it off. */
export type Give = typeof give;
