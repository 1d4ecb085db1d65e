import { RpcFailure } from '../primitives/failures.ts';
import type { HttpClient, HttpResponse, RpcTransport } from './ports.ts';

const HEADERS = { 'content-type': 'application/json', accept: 'application/json' };

/**
 * Creates a JSON-RPC 2.0 transport over HTTP.
 *
 * A well-formed error object is `answered`, whatever the HTTP status, except with 429: that came from whoever
 * guards the node, so nothing is known. Everything else that is not a result of our request is `unreachable`.
 */
export function createRpcTransport(http: HttpClient): RpcTransport {
  let lastId = 0;
  return async ({ url, method, params, timeoutMs }) => {
    lastId += 1;
    const id = lastId;
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    let response: HttpResponse;
    try {
      response = await http({ method: 'POST', url, headers: HEADERS, body, timeoutMs });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new RpcFailure(`${method}: ${reason}`, { kind: 'unreachable', method, cause });
    }
    return readResult(method, id, response);
  };
}

function readResult(method: string, id: number, response: HttpResponse): unknown {
  const answer = parseObject(response.body);
  const { status: httpStatus } = response;
  const unusable = (why: string) =>
    new RpcFailure(`${method}: HTTP ${String(httpStatus)}, ${why}`, {
      kind: 'unreachable',
      method,
      httpStatus,
    });
  if (answer === null) throw unusable('the body is not a JSON-RPC answer');
  // Guards in front of a node, and nodes that could not read us, answer errors without an id.
  const isOurs = answer['id'] === id || answer['id'] === null || answer['id'] === undefined;
  const { error } = answer;
  if (isOurs && isObject(error)) throw failureOf(method, error, httpStatus);
  if (httpStatus < 200 || httpStatus > 299) throw unusable('no JSON-RPC error object');
  if (answer['id'] !== id) throw unusable('the answer belongs to another request');
  if (answer['result'] === undefined) throw unusable('neither result nor error');
  return answer['result'];
}

function failureOf(method: string, error: Record<string, unknown>, httpStatus: number): RpcFailure {
  const { code, message, data } = error;
  const text = typeof message === 'string' && message !== '' ? message : 'error without a message';
  return new RpcFailure(`${method}: ${text}`, {
    kind: httpStatus === 429 ? 'unreachable' : 'answered',
    method,
    ...(typeof code === 'number' ? { rpcCode: code } : {}),
    data,
    httpStatus,
  });
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    // Not JSON is one of the expected answers of a proxy; the caller reports it with the HTTP status.
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
