import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { createHttpClient } from '../../ports/http-client.ts';
import type { HttpResponse } from '../../ports/ports.ts';
import { invariant } from '../../primitives/failures.ts';
import type { SimulatedAlpacaOptions } from './options.ts';
import { createSimulatedAlpaca } from './simulated-alpaca.ts';
import type { SimulatedAlpaca } from './simulated-alpaca-interface.ts';

export const ACCOUNT = '11111111-1111-4111-8111-111111111111';
export const AP_ACCOUNT = '22222222-2222-4222-8222-222222222222';
export const EMAIL = 'desk@ap.example';
export const WALLET = `0x${'ab'.repeat(20)}`;
export const TX_HASH = `0x${'cd'.repeat(32)}`;
export const API_KEY = 'issuer-inbound-key';
export const TOKENIZATION = `/v1/accounts/${ACCOUNT}/tokenization`;

const BASIC = `Basic ${Buffer.from('key:secret').toString('base64')}`;

/** One request that reached the fake issuer. */
interface IssuerCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawBody: string;
  readonly body: Record<string, unknown>;
}

/**
 * How the fake issuer answers; undefined leaves it to the defaults, `drop` cuts the connection, `silent`
 * says nothing.
 */
type IssuerAnswer = { readonly status: number; readonly body: unknown } | 'drop' | 'silent' | undefined;

/** A small issuer that answers as the facts say, unless `answer` is replaced. */
async function startFakeIssuer() {
  const calls: IssuerCall[] = [];
  const control: { answer: (call: IssuerCall) => IssuerAnswer } = { answer: () => undefined };
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const rawBody = await text(request);
    const { method = '', url: path = '', headers } = request;
    const body = (rawBody === '' ? {} : JSON.parse(rawBody)) as Record<string, unknown>;
    const call = { method, path, headers, rawBody, body };
    calls.push(call);
    const answer = control.answer(call) ?? defaultAnswer(call);
    if (answer === 'drop') request.socket.destroy();
    else if (answer !== 'silent')
      response
        .writeHead(answer.status, { 'content-type': 'application/json' })
        .end(JSON.stringify(answer.body));
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  invariant(address !== null && typeof address === 'object', 'the fake issuer listens on a port');
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    calls,
    control,
    confirms: () => calls.filter(({ path }) => path.endsWith('/confirm')),
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function defaultAnswer({ path, body }: IssuerCall): Exclude<IssuerAnswer, undefined | string> {
  if (path.endsWith('/connect')) {
    return { status: 200, body: { client_external_account_id: 'ap-1', client_id: 'ap-1' } };
  }
  if (path.endsWith('/tokens') || path.endsWith('/tokenized-assets')) {
    const tokens = [{ underlying: 'AAPL', token: 'tAAPL', networks: ['base'] }];
    return { status: 200, body: { tokens } };
  }
  if (path.endsWith('/confirm')) return { status: 200, body: {} };
  const id = String(body['tokenization_request_id']);
  return { status: 200, body: { issuer_request_id: `issuer-${id}`, status: 'created' } };
}

/** Starts the simulated Alpaca with one connected AP that holds 100 AAPL, and a fake issuer. */
export async function startPair(options: Partial<SimulatedAlpacaOptions> = {}) {
  const issuer = await startFakeIssuer();
  const alpaca = createSimulatedAlpaca({
    accountId: ACCOUNT,
    credentials: {
      apiKey: 'key',
      apiSecret: 'secret',
      oauth: { clientId: 'oauth-id', clientSecret: 'oauth-secret' },
    },
    issuer: { url: issuer.url, apiKey: API_KEY },
    participants: [{ email: EMAIL, accountId: AP_ACCOUNT, externalId: 'ap-1', shares: { AAPL: '100' } }],
    custodyShares: { AAPL: '50' },
    journalDelayMs: 1,
    retryDelaysMs: [1],
    ...options,
  });
  await alpaca.start();
  return {
    alpaca,
    issuer,
    call: createCaller(alpaca),
    async stop() {
      await alpaca.stop();
      await issuer.stop();
    },
  };
}

/** Calls Alpaca as an issuer would, with Basic and both APCA headers unless others are given. */
function createCaller(alpaca: SimulatedAlpaca) {
  const http = createHttpClient();
  return async (
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    content: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<HttpResponse & { readonly json: unknown }> => {
    const { body, headers = credentials } = content;
    const response = await http({
      method,
      url: `${alpaca.url}${path}`,
      headers: { 'content-type': 'application/json', ...headers },
      timeoutMs: 10_000,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { ...response, json: readJson(response.body) };
  };
}

export const credentials = {
  authorization: BASIC,
  'apca-api-key-id': 'key',
  'apca-api-secret-key': 'secret',
};

function readJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

/** An order for shares of AAPL. */
export function order(qty = '1.5') {
  return {
    email: EMAIL,
    underlying_symbol: 'AAPL',
    token_symbol: 'tAAPL',
    network: 'base' as const,
    qty,
    wallet_address: WALLET,
  };
}

/** The body of a redeem call. */
export function redeem(changes: Readonly<Record<string, unknown>> = {}) {
  return {
    issuer_request_id: 'redemption-1',
    underlying_symbol: 'AAPL',
    token_symbol: 'tAAPL',
    qty: '2.25',
    network: 'base',
    wallet_address: WALLET,
    tx_hash: TX_HASH,
    client_external_account_id: 'ap-1',
    ...changes,
  };
}

/** A manual clock for what depends on the time of day. */
export function createManualClock(startMs = Date.parse('2026-11-20T12:00:00Z')) {
  let now = startMs;
  return {
    nowMs: () => now,
    advance(ms: number) {
      now += ms;
    },
  };
}
