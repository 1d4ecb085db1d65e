import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpClient } from '../ports/http-client.ts';
import { unreachable } from '../primitives/failures.ts';
import { createHeadLag, type HeadLag } from './head-lag.ts';
import { createProxyScript, type ProxiedRequest, type ProxyRule, type ProxyScript } from './proxy-script.ts';

const UPSTREAM_TIMEOUT_MS = 60_000;

export interface RpcProxy extends ProxyScript {
  readonly url: string;
  /** Cuts every connection from now on, as a node that is gone. */
  takeDown(): void;
  bringUp(): void;
  /** Answers as a consistent node whose head is this many blocks behind; 0 ends it. */
  lagHead(blocks: number): void;
  /** Ends every rule and lag, lets held requests go, and brings the endpoint up. */
  reset(): void;
  stop(): Promise<void>;
}

type Request = ProxiedRequest & { readonly id: unknown };
type Exchange = { readonly status: number; readonly body: string };
type Upstream = (request: Request) => Promise<Exchange>;

/** Starts a scriptable JSON-RPC endpoint on the loopback in front of another one, to act out its bad days. */
export async function startRpcProxy(options: {
  readonly upstream: string;
  /** 0, the default, takes a free port. */
  readonly port?: number;
}): Promise<RpcProxy> {
  const upstream = createUpstream(options.upstream);
  const { arrive, clear, ...script } = createProxyScript();
  const lag = createHeadLag(async (method, params) => {
    const { body } = await upstream({ id: 0, method, params });
    return (JSON.parse(body) as { readonly result?: unknown }).result;
  });
  let isDown = false;

  /** The answer, or null where the connection is to be cut. */
  const answer = async (request: Request): Promise<Exchange | null> => {
    if (isDown) return null;
    const rule = arrive(request);
    if (rule?.kind === 'hold') await rule.until;
    const made = madeUp(request, rule);
    if (made !== 'pass') return made === 'cut' ? null : made;
    const exchange = await passThrough(upstream, lag, request, rule);
    return rule?.kind === 'lose_answer' || isDown ? null : exchange;
  };

  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing, answer).catch(() => {
      // What fails here is for the client to see, as a broken connection: a real proxy shows no more.
      incoming.socket.destroy();
    });
  });
  await listen(server, options.port ?? 0);
  return {
    ...script,
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    takeDown() {
      isDown = true;
      server.closeAllConnections();
    },
    bringUp() {
      isDown = false;
    },
    lagHead(blocks) {
      lag.set(blocks);
    },
    reset() {
      isDown = false;
      lag.set(0);
      clear();
    },
    async stop() {
      clear();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      });
    },
  };
}

function createUpstream(url: string): Upstream {
  const http = createHttpClient();
  const headers = { 'content-type': 'application/json' };
  return ({ id, method, params }) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    return http({ method: 'POST', url, headers, body, timeoutMs: UPSTREAM_TIMEOUT_MS });
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

/** What a rule answers without the node, if it does. */
function madeUp({ id }: Request, rule: ProxyRule | null): Exchange | 'cut' | 'pass' {
  if (rule === null) return 'pass';
  switch (rule.kind) {
    case 'drop':
      return 'cut';
    case 'http':
      return { status: rule.status, body: rule.body ?? '' };
    case 'error': {
      const { code, message, data } = rule;
      return { status: 200, body: JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data } }) };
    }
    case 'result':
      return { status: 200, body: JSON.stringify({ jsonrpc: '2.0', id, result: rule.result }) };
    case 'lose_answer':
    case 'change':
    case 'hold':
      return 'pass';
    default:
      return unreachable(rule);
  }
}

async function passThrough(
  upstream: Upstream,
  lag: HeadLag,
  request: Request,
  rule: ProxyRule | null,
): Promise<Exchange> {
  const { id, method } = request;
  const { status, body } = await upstream({
    id,
    method,
    params: await lag.adjustParams(method, request.params),
  });
  const message = JSON.parse(body) as Record<string, unknown>;
  if (!('result' in message)) return { status, body };
  const lagged = await lag.adjustResult(method, message['result']);
  const result = rule?.kind === 'change' ? rule.change(lagged, request.params) : lagged;
  return { status, body: JSON.stringify({ ...message, result }) };
}

async function serve(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: (request: Request) => Promise<Exchange | null>,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const exchange = await answer(parseRequest(Buffer.concat(chunks).toString('utf8')));
  if (exchange === null) {
    incoming.socket.destroy();
    return;
  }
  outgoing.writeHead(exchange.status, { 'content-type': 'application/json' });
  outgoing.end(exchange.body);
}

/** Batches are not understood: no client of ours sends them. */
function parseRequest(body: string): Request {
  const { id, method, params } = JSON.parse(body) as Partial<Request>;
  if (typeof method !== 'string') throw new TypeError('not a single JSON-RPC request');
  return { id, method, params: params ?? [] };
}
